"""`mprna repair`: substitutions found, and letters put right."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_model,
    add_output,
    add_quiet,
    chosen_format,
    example,
    num_jobs,
    positive_int,
    read_inputs,
)
from mprna.cli.tally import Tally
from mprna.errors import UsageError
from mprna.predict.limits import DEFAULT_MAX_LENGTH
from mprna.runtime.store import DEFAULT_MODEL

if TYPE_CHECKING:
    from mprna.predict.repair import RepairOptions

FORMATS: Final = ("fasta", "fastq", "tsv", "jsonl", "parquet")

DESCRIPTION: Final = """\
For every nucleotide, the probability that it is a substitution, and that A, C, G or U stood there. N and
other ambiguity codes are filled; a substitution is repaired where another base has at least the probability
of --threshold. fasta holds the repaired sequences, with the changes in their headers; fastq has, as
qualities, the probabilities of the letters written; tsv, jsonl and parquet have one row per nucleotide.
Records that are no RNA come back as they are, with the reason; the exit status is then 1."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "repair",
        help="find substitutions, fill N",
        description=DESCRIPTION,
        epilog=example(
            "mprna repair reads.fa --rate 0.02 -o repaired.fa",
            "mprna repair reads.fastq.gz --qualities -o repaired.fastq.gz -j 4",
            "mprna repair rnas.fa --changes",
            "mprna repair reads.fa --relatives transcripts.fa.gz -o repaired.fa",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_inputs(parser)
    add_output(parser, FORMATS)
    parser.add_argument("--changes", action="store_true", help="of a table, only the rows with a change")
    _add_evidence(parser)
    _add_limits(parser)
    add_model(parser, default=DEFAULT_MODEL)
    add_jobs(parser)
    add_quiet(parser)


def _add_evidence(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rate", type=float, metavar="SHARE", help="share of nucleotides that are substituted [0.01]"
    )
    parser.add_argument(
        "--qualities", action="store_true", help="take each nucleotide's rate from its FASTQ quality"
    )
    parser.add_argument(
        "--relatives",
        metavar="FILE",
        action="append",
        default=[],
        help="RNAs in any format, such as the transcripts of the same or a related species; where they "
        "resemble an RNA, their letters count (repeatable)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        metavar="P",
        help="least probability of a base that replaces another [%(default)s]",
    )
    parser.add_argument("--keep-n", action="store_true", help="leave N and other ambiguity codes as they are")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--fold-length",
        type=int,
        default=1_000,
        metavar="NT",
        help="fold repaired RNAs up to this length before and after, to name restored helices; 0: none "
        "[%(default)s]",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        default=DEFAULT_MAX_LENGTH,
        metavar="NT",
        help="leave out longer sequences [%(default)s]",
    )


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered
    from mprna.predict.repair import repair_records
    from mprna.predict.repair_output import write_repairs

    format_name, options = chosen_format(args, FORMATS), _options(args)
    if args.changes and format_name in ("fasta", "fastq"):
        raise UsageError(f"--changes is for tables (tsv, jsonl, parquet), not for {format_name}")
    tally = Tally("records are not repaired", quiet=args.quiet, output=args.output)
    found = repair_records(numbered(read_inputs(args.inputs)), options, jobs=num_jobs(args))
    counted = (tally.seen(result, result.name, result.error) for result in found)
    write_repairs(counted, args.output, format_name=format_name, changes_only=args.changes)
    return tally.finish()


def _options(args: argparse.Namespace) -> RepairOptions:
    from mprna.predict.repair import RepairOptions

    return RepairOptions(
        model=args.model,
        backend=args.backend,
        rate=args.rate,
        use_qualities=args.qualities,
        relatives=tuple(args.relatives),
        threshold=args.threshold,
        fill=not args.keep_n,
        fold_length=args.fold_length,
        max_length=args.max_length,
    )
