"""`mprna compare`: two files of structures, RNA by RNA."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from mprna.cli.options import add_output, add_quiet, chosen_format, example
from mprna.cli.tally import Tally

if TYPE_CHECKING:
    from mprna.predict.compare import Comparison

FORMATS: Final = ("tsv", "jsonl", "parquet")

DESCRIPTION: Final = """\
How well predicted structures agree with known ones, or with those of another engine: precision (PPV), recall
(sensitivity) and F1 of the pairs, and the pairs that both have as a dot-bracket. Records belong together by
name and sequence, a row for each predicted structure of a known one. The means are told on standard error."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "compare",
        help="two files of structures: what they share",
        description=DESCRIPTION,
        epilog=example(
            "mprna compare known.dbn predicted.jsonl > agreement.tsv",
            "mprna compare vienna.dbn hybrid.dbn --format jsonl",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "known", metavar="FILE", help="known structures, in any format with structures that fold reads"
    )
    parser.add_argument("predicted", metavar="FILE", help="structures of the same RNAs, in any such format")
    add_output(parser, FORMATS)
    add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    from mprna.io.formats import read_records
    from mprna.io.records import numbered
    from mprna.predict.compare import compare, write_comparisons

    tally = Tally("structures were not compared", quiet=args.quiet, output=args.output)
    known, predicted = (numbered(read_records(path)) for path in (args.known, args.predicted))
    scores: list[tuple[float, float, float]] = []
    found = _noted(compare(known, predicted), tally, scores)
    write_comparisons(found, args.output, format_name=chosen_format(args, FORMATS))
    if scores and not args.quiet:
        precision, recall, f1 = (sum(values) / len(scores) for values in zip(*scores, strict=True))
        means = f"mean precision {precision:.3f}, recall {recall:.3f}, F1 {f1:.3f}"
        print(f"mprna: {len(scores)} structures, {means}", file=sys.stderr)
    return tally.finish()


def _noted(
    found: Iterable[Comparison], tally: Tally, scores: list[tuple[float, float, float]]
) -> Iterator[Comparison]:
    """Comparisons as they pass, counted and with their scores kept."""
    for one in found:
        tally.add(one.name, one.error)
        if one.precision is not None and one.recall is not None and one.f1 is not None:
            scores.append((one.precision, one.recall, one.f1))
        yield one
