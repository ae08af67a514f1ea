"""`mprna corpus`: build and verify corpora for training."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

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
    verify = actions.add_parser(
        "verify",
        help="check every byte of a finished corpus against its manifest",
        description="Check every byte of a finished corpus against its manifest.",
        epilog="example: mprna corpus verify corpus/",
    )
    verify.add_argument("directory", type=Path, metavar="DIR", help="folder of a finished corpus")


def run(args: argparse.Namespace) -> int:
    """Do what the parsed arguments say; 0 on success."""
    return {"build": _build, "known": _known, "verify": _verify}[args.action](args)


def _add_build(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "build",
        help="FASTA to annotated Parquet shards",
        description="Clean, slice, deduplicate and annotate FASTA or FASTQ files; write Parquet shards. "
        "Run the same command again to continue a build that was interrupted.",
        epilog="example: mprna corpus build transcripts/ --out corpus/ --slice-length 256 --max-slices 9000",
    )
    parser.add_argument(
        "inputs", nargs="+", type=Path, metavar="INPUT", help="FASTA or FASTQ file, or folder of them"
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
    species = parser.add_argument_group("species")
    species.add_argument(
        "--species-from",
        choices=("header", "source"),
        default="header",
        help="second field of '>id|species|type', or the file's name up to the first dot [%(default)s]",
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

    options = CorpusOptions(
        slice_length=args.slice_length,
        min_length=args.min_length,
        max_ambiguous_rate=args.max_n,
        max_slices=args.max_slices,
        max_records=args.max_records,
        annotate_share=args.annotate,
        species_from=args.species_from,
        only_species=tuple(sorted(species_names(args.only_species))),
        exclude_species=tuple(sorted(species_names(args.exclude_species))),
        slices_per_shard=args.slices_per_shard,
        seed=args.seed,
    )
    report = None if args.quiet else _progress_line()
    manifest = build_corpus(args.inputs, args.out, options, jobs=args.jobs, report=report)
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
    lines += [f"dropped {name}\t{tally.pieces}\t{tally.nt}" for name, tally in sorted(manifest.drops.items())]
    return "\n".join(lines)
