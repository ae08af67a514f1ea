"""`mprna degrade`: how fast an RNA falls apart, and where."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_output,
    add_quiet,
    chosen_format,
    example,
    keep,
    num_jobs,
    positive_int,
    read_inputs,
)
from mprna.cli.pictures import check_picture, write_picture
from mprna.cli.tally import Tally
from mprna.predict.limits import DEFAULT_MAX_LENGTH
from mprna.runtime.store import DEGRADATION_MODEL

if TYPE_CHECKING:
    from mprna.predict.degrade import DegradationResult

FORMATS: Final = ("tsv", "jsonl", "parquet")

DESCRIPTION: Final = """\
Reactivity and degradation (deg_Mg_pH10, deg_pH10, deg_Mg_50C, deg_50C) of every nucleotide, each with its
expected error, from the sequence and ViennaRNA's pair probabilities. One row per nucleotide; with --rank one
row per RNA, the most stable first, by the sum of deg_Mg_50C. Records that are no RNA get one row with the
reason; the exit status is then 1."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "degrade",
        help="where and how fast RNAs degrade",
        description=DESCRIPTION,
        epilog=example(
            "mprna degrade rnas.fa > degradation.tsv",
            "mprna degrade candidates.fa --rank --figure tracks.svg -j 4",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_inputs(parser)
    add_output(parser, FORMATS)
    parser.add_argument("--rank", action="store_true", help="one row per RNA, the most stable first")
    parser.add_argument(
        "--figure",
        metavar="FILE",
        help="also draw deg_Mg_50C along every RNA, the most stable on top, as .svg or .png",
    )
    parser.add_argument(
        "--model",
        default=DEGRADATION_MODEL,
        metavar="NAME",
        help="installed name, or a directory [%(default)s]",
    )
    parser.add_argument(
        "--window",
        type=positive_int,
        metavar="NT",
        help="fold and read longer RNAs in windows that overlap by half [1024]",
    )
    parser.add_argument(
        "--max-length",
        type=positive_int,
        default=DEFAULT_MAX_LENGTH,
        metavar="NT",
        help="leave out longer sequences [%(default)s]",
    )
    add_jobs(parser)
    add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered
    from mprna.predict.degrade import degrade_records
    from mprna.predict.degrade_output import write_degradation

    if args.figure is not None:
        check_picture("--figure", args.figure)
    tally = Tally("records have no predictions", quiet=args.quiet, output=args.output)
    found = degrade_records(
        numbered(read_inputs(args.inputs)),
        model=args.model,
        window=args.window,
        max_length=args.max_length,
        jobs=num_jobs(args),
    )
    results: Iterable[DegradationResult] = (tally.seen(result, result.name, result.error) for result in found)
    drawn: list[DegradationResult] = []
    if args.figure is not None:
        results = keep(results, drawn)
    write_degradation(results, args.output, format_name=chosen_format(args, FORMATS), rank=args.rank)
    if args.figure is not None:
        _draw(drawn, args.figure)
    return tally.finish()


def _draw(results: list[DegradationResult], path: str) -> None:
    from mprna.draw.tracks import Track, tracks_svg
    from mprna.predict.degrade import SCORE_TARGET, ranked
    from mprna.runtime.degradation_engine import TARGETS

    column = TARGETS.index(SCORE_TARGET)
    tracks = [
        Track(
            title=f"{result.name}   score {result.score:.1f} ± {result.score_sd:.1f}",
            values=result.mean[:, column],
            errors=result.sd[:, column],
        )
        for result in ranked(results)
        if result.mean is not None and result.sd is not None
    ]
    write_picture(tracks_svg(tracks, quantity=SCORE_TARGET), path)
