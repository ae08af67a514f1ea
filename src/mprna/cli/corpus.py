"""`mprna corpus`: build and verify corpora for training."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mprna.cli.corpus_stats import add_stats, run_stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from mprna.corpus.build import Progress
    from mprna.corpus.fidelity import Calibration
    from mprna.corpus.shards import Manifest


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `corpus` and its own subcommands."""
    parser = subparsers.add_parser(
        "corpus", help="build a corpus of annotated slices, or of known structures", description=__doc__
    )
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions)
    _add_known(actions)
    _add_calibrate(actions)
    add_stats(actions)
    verify = actions.add_parser(
        "verify",
        help="check every byte of a finished corpus against its manifest",
        description="Check every byte of a finished corpus against its manifest.",
        epilog="example: mprna corpus verify corpus/",
    )
    verify.add_argument("directory", type=Path, metavar="DIR", help="folder of a finished corpus")


def run(args: argparse.Namespace) -> int:
    """Do what the parsed arguments say; 0 on success."""
    actions = {
        "build": _build,
        "known": _known,
        "calibrate": _calibrate,
        "stats": run_stats,
        "verify": _verify,
    }
    return actions[args.action](args)


def _add_build(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "build",
        help="FASTA to annotated Parquet shards",
        description="Clean, slice, deduplicate and annotate FASTA or FASTQ files; write Parquet shards. "
        "Run the same command again to continue a build that was interrupted.",
        epilog="example: mprna corpus build transcripts/ --out corpus/ --slice-length 256 --max-slices 9000",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="FASTA or FASTQ file (also .gz .bz2 .xz .zst), folder of them, quoted pattern such as "
        "'data/**/*.fa.gz', or - for standard input; to continue a build of -, give the same bytes again",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the corpus")
    slices = parser.add_argument_group("slices")
    slices.add_argument("--slice-length", type=int, default=1024, metavar="NT", help="[%(default)s]")
    slices.add_argument(
        "--min-length",
        type=int,
        default=50,
        metavar="NT",
        help="drop shorter records and tails [%(default)s]",
    )
    slices.add_argument(
        "--max-n",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="drop slices with a larger share of N [%(default)s]",
    )
    slices.add_argument(
        "--max-slices", type=int, metavar="N", help="keep a uniform sample of N distinct slices"
    )
    slices.add_argument("--max-records", type=int, metavar="N", help="read only the first N records")
    _add_filters(parser)
    species = parser.add_argument_group("species")
    rule = species.add_mutually_exclusive_group()
    rule.add_argument(
        "--species-from",
        choices=("header", "source"),
        default="header",
        help="second field of '>id|species|type', or the file's name up to the first dot [%(default)s]",
    )
    rule.add_argument(
        "--species-pattern",
        metavar="REGEX",
        help="searched for in the header; its group (?P<species>...) is the species",
    )
    rule.add_argument(
        "--species-table",
        type=Path,
        metavar="FILE",
        help="lines id<TAB>species; ids that it lacks are counted",
    )
    species.add_argument("--only-species", action="append", default=[], metavar="NAME", help="repeatable")
    species.add_argument("--exclude-species", action="append", default=[], metavar="NAME", help="repeatable")
    labels = parser.add_argument_group("annotation")
    labels.add_argument(
        "--annotate",
        type=float,
        default=1.0,
        metavar="SHARE",
        help="share of the slices that get a ViennaRNA structure, 0 to 1 [%(default)s]",
    )
    _add_energy_model(labels)
    labels.add_argument(
        "--max-span", type=int, metavar="NT", help="most nucleotides from one end of a pair to the other"
    )
    labels.add_argument(
        "--min-fidelity",
        type=float,
        metavar="F1",
        help="leave out structures with a lower expected pair F1, 0 to 1; the slice stays [keep all]",
    )
    labels.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="written by calibrate; without it the package's own, for turner2004 at 37 degrees",
    )
    parser.add_argument(
        "--slices-per-shard",
        type=int,
        default=1024,
        metavar="N",
        help="at most about this many [%(default)s]",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the samples [%(default)s]")
    parser.add_argument(
        "-j", "--jobs", type=int, default=1, metavar="N", help="worker processes [%(default)s]"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """What is left out beyond exact duplicates."""
    group = parser.add_argument_group("what to leave out")
    group.add_argument(
        "--exclude",
        nargs="+",
        action="extend",
        default=[],
        type=Path,
        metavar="FILE",
        help="sequences (any format that fold reads) whose like must not be in the corpus, as test sets; "
        "what was left out is listed in DIR/excluded.tsv",
    )
    group.add_argument(
        "--exclude-share",
        type=float,
        default=0.2,
        metavar="SHARE",
        help="drop slices of which a larger share of the 14-mers is in them, on either strand [%(default)s]",
    )
    group.add_argument(
        "--near-duplicates",
        type=float,
        metavar="SHARE",
        help="of slices whose sets of 14-mers have a larger Jaccard index than this keep one; "
        "needs the extra [dedup], and memory for all slices",
    )
    group.add_argument(
        "--drop-low-complexity",
        action="store_true",
        help="drop slices with a DUST score above 7 of 100, which are flagged otherwise",
    )


def _add_known(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "known",
        help="RNAs with known structures to a corpus, for fine-tuning",
        description="Write RNAs with known structures as a corpus, for `mprna pretrain --init`. JSON "
        "Lines may name their values sequence and structure, or seq and label.",
        epilog="example: mprna corpus known structures.jsonl.gz --out known/ --max-length 300",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="file with structures, in any format that fold writes",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the corpus")
    parser.add_argument("--min-length", type=int, default=20, metavar="NT", help="[%(default)s]")
    parser.add_argument("--max-length", type=int, default=512, metavar="NT", help="[%(default)s]")


def _add_energy_model(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--temperature", type=float, default=37.0, metavar="C", help="in degrees Celsius [%(default)s]"
    )
    parser.add_argument(
        "--parameters",
        default="turner2004",
        metavar="NAME",
        help="ViennaRNA's energies: turner2004, turner1999, andronescu2007, langdon2018 [%(default)s]",
    )


def _add_calibrate(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "calibrate",
        help="how far structures are to be trusted, learned from known ones",
        description="Fold RNAs of known structure, fit what predicts the pair F1 of a fold and the "
        "probability that a nucleotide's state is right, and print thresholds for build --min-fidelity. "
        "Never give it a test set.",
        epilog="example: mprna corpus calibrate --truth known.jsonl.gz --out calibration.json",
    )
    parser.add_argument(
        "--truth",
        required=True,
        nargs="+",
        type=Path,
        metavar="FILE",
        help="RNAs with known structures, in any format that fold writes",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="the calibration, JSON")
    parser.add_argument("--figure", type=Path, metavar="FILE", help="the reliability curves, SVG")
    _add_energy_model(parser)
    parser.add_argument(
        "--second",
        default="langdon2018",
        metavar="NAME",
        help="energies whose MFE structure is compared with [%(default)s]",
    )
    parser.add_argument("--min-length", type=int, default=20, metavar="NT", help="[%(default)s]")
    parser.add_argument("--max-length", type=int, default=400, metavar="NT", help="[%(default)s]")
    parser.add_argument(
        "--max-rnas", type=int, default=4000, metavar="N", help="size of a uniform sample [%(default)s]"
    )
    parser.add_argument(
        "--shuffled",
        type=int,
        default=1000,
        metavar="N",
        help="RNAs that are also shuffled, as a control [%(default)s]",
    )
    parser.add_argument("--seed", type=int, default=0, help="of sample, shuffles and bootstrap [%(default)s]")


def _calibration_of(path: Path | None) -> Calibration:
    from mprna.corpus.fidelity import read_calibration, shipped_calibration

    return shipped_calibration() if path is None else read_calibration(path)


def _calibrate(args: argparse.Namespace) -> int:
    from mprna.corpus.calibrate import CalibrationOptions, calibrate, cross_validate
    from mprna.corpus.calibration_report import report
    from mprna.corpus.reliability import draw_reliability
    from mprna.folding.vienna import EnergyModel
    from mprna.io.output import open_output

    options = CalibrationOptions(
        energy_model=EnergyModel(temperature=args.temperature, parameters=args.parameters),
        second_parameters=args.second,
        min_length=args.min_length,
        max_length=args.max_length,
        max_rnas=args.max_rnas,
        num_shuffled=args.shuffled,
        seed=args.seed,
    )
    calibration, observations, shuffled = calibrate(args.truth, options)
    validation = cross_validate(observations, options)
    results = report(observations, validation, calibration, shuffled, seed=args.seed)
    with open_output(args.out) as file:
        file.write(json.dumps({**calibration.to_json(), "report": results}, indent=1) + "\n")
    if args.figure is not None:
        with open_output(args.figure) as file:
            file.write(draw_reliability(results))
    print(threshold_table(results))
    return 0


def threshold_table(results: dict[str, Any]) -> str:
    """What `--min-fidelity` keeps, tab-separated, with the ends of 95 % intervals."""
    lines = ["min_fidelity\tkept\texpected_f1\tobserved_f1\tshuffled_kept"]
    for row in results["thresholds"]:
        values = [f"{row['min_fidelity']:g}", _interval(row["kept"]), row["expected_f1"]]
        values += [_interval(row["observed_f1"]), row["shuffled_kept"]]
        lines.append("\t".join("-" if value is None else str(value) for value in values))
    return "\n".join(lines)


def _interval(ends: list[float] | None) -> str | None:
    return None if ends is None else f"{ends[0]:.3f} ({ends[1]:.3f}-{ends[2]:.3f})"


def _build(args: argparse.Namespace) -> int:
    from mprna.corpus.build import build_corpus
    from mprna.corpus.clean import species_names
    from mprna.corpus.options import CorpusOptions
    from mprna.corpus.references import References
    from mprna.folding.vienna import EnergyModel

    options = CorpusOptions(
        slice_length=args.slice_length,
        min_length=args.min_length,
        max_ambiguous_rate=args.max_n,
        max_slices=args.max_slices,
        max_records=args.max_records,
        annotate_share=args.annotate,
        species_from=args.species_from,
        species_pattern=args.species_pattern,
        only_species=tuple(sorted(species_names(args.only_species))),
        exclude_species=tuple(sorted(species_names(args.exclude_species))),
        exclude_share=args.exclude_share,
        drop_low_complexity=args.drop_low_complexity,
        near_duplicate_share=args.near_duplicates,
        slices_per_shard=args.slices_per_shard,
        energy_model=EnergyModel(
            temperature=args.temperature, parameters=args.parameters, max_span=args.max_span
        ),
        calibration=_calibration_of(args.calibration),
        min_fidelity=args.min_fidelity,
        seed=args.seed,
    )
    report = None if args.quiet else _progress_line()
    references = References(exclude=tuple(args.exclude), species_table=args.species_table)
    manifest = build_corpus(
        args.inputs, args.out, options, references=references, jobs=args.jobs, report=report
    )
    print(_summary(manifest))
    return 0


def _known(args: argparse.Namespace) -> int:
    from mprna.corpus.known import build_known

    manifest = build_known(args.inputs, args.out, min_length=args.min_length, max_length=args.max_length)
    print(_summary(manifest))
    return 0


def _verify(args: argparse.Namespace) -> int:
    from mprna.corpus.verify import verify_corpus

    print(_summary(verify_corpus(args.directory)))
    return 0


def _progress_line() -> Callable[[Progress], None]:
    """A reporter that rewrites one line on stderr."""
    start = time.monotonic()

    def report(progress: Progress) -> None:
        elapsed = time.monotonic() - start
        remaining = elapsed * (progress.num_shards - progress.shards) / progress.shards
        print(
            f"\rshard {progress.shards}/{progress.num_shards}  {progress.slices:,} slices  "
            f"{progress.annotated:,} annotated  {elapsed:,.0f} s, {remaining:,.0f} s to go  ",
            end="\n" if progress.shards == progress.num_shards else "",
            file=sys.stderr,
            flush=True,
        )

    return report


def _summary(manifest: Manifest) -> str:
    """Totals of a corpus as a table of three tab-separated columns."""
    lines = [
        "what\tpieces\tnt",
        f"kept\t{manifest.rows}\t{manifest.nt}",
        f"annotated\t{manifest.annotated}\t-",
    ]
    if manifest.fold_failed:
        lines.append(f"not foldable\t{manifest.fold_failed}\t-")
    unknown = sum(source.unknown_species for source in manifest.sources)
    if unknown:
        lines.append(f"of unknown species\t{unknown}\t-")
    if manifest.low_fidelity:
        lines.append(f"low fidelity\t{manifest.low_fidelity}\t-")
    lines += [f"dropped {name}\t{tally.pieces}\t{tally.nt}" for name, tally in sorted(manifest.drops.items())]
    return "\n".join(lines)
