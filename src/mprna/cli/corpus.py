"""`mprna corpus`: build and verify corpora for training."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.cli.corpus_stats import add_stats, run_stats

if TYPE_CHECKING:
    from collections.abc import Callable

    from mprna.corpus.build import Progress
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
    return {"build": _build, "known": _known, "stats": run_stats, "verify": _verify}[args.action](args)


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


def _build(args: argparse.Namespace) -> int:
    from mprna.corpus.build import build_corpus
    from mprna.corpus.clean import species_names
    from mprna.corpus.options import CorpusOptions
    from mprna.corpus.references import References

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
    lines += [f"dropped {name}\t{tally.pieces}\t{tally.nt}" for name, tally in sorted(manifest.drops.items())]
    return "\n".join(lines)
