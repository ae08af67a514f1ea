"""`mprna corpus stats`: histograms of a corpus as a table, and as a figure."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.cli.options import example
from mprna.cli.pictures import check_picture, write_picture

if TYPE_CHECKING:
    from mprna.corpus.stats import CorpusStats
    from mprna.draw.histograms import Panel


def add_stats(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = actions.add_parser(
        "stats",
        help="lengths, composition, structures and fidelity of a corpus",
        description="Print histograms of a finished corpus as three tab-separated columns.",
        epilog=example("mprna corpus stats corpus/ --figure corpus.svg"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="folder of a finished corpus")
    parser.add_argument("--figure", metavar="FILE", help="draw them, too, as .svg or .png")
    parser.set_defaults(run=_stats)


def _stats(args: argparse.Namespace) -> int:
    from mprna.corpus.stats import corpus_stats
    from mprna.draw.histograms import histograms_svg

    if args.figure is not None:
        check_picture("--figure", args.figure)
    stats = corpus_stats(args.directory)
    if args.figure is not None:
        write_picture(histograms_svg(list(_panels(stats))), args.figure)
    print("what\tbin\tcount")
    for row in stats.rows():
        print(*row, sep="\t")
    return 0


def _panels(stats: CorpusStats) -> Iterator[Panel]:
    from mprna.draw.histograms import Panel, even_ticks

    letters = list("ACGUN")
    yield Panel(
        title="composition",
        axis="nucleotide",
        ticks=[(index + 0.5, letter) for index, letter in enumerate(letters)],
        counts=[stats.nucleotides[letter] for letter in letters],
    )
    for histogram in stats.histograms:
        counts = histogram.counts.tolist()
        last = float(histogram.edges[-1])
        yield Panel(
            title=histogram.title,
            axis=histogram.unit,
            ticks=even_ticks(0.0, last, len(counts)),
            counts=counts,
        )
