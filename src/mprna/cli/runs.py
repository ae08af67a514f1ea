"""`mprna runs`: what a training run says of itself."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mprna.cli.options import example
from mprna.cli.pictures import check_picture, write_picture


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "runs",
        help="show a training run",
        description="Show what a run of `mprna pretrain` or `mprna finetune` measured.",
        epilog=example("mprna runs show runs/mini"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser(
        "show",
        help="print its metrics, draw its curves",
        description="Print every metric of a run, tab-separated: step of the newest value, that value (of "
        "training the mean of the last 20 steps), and the lowest and highest; on stderr, the time to go.",
        epilog=example("mprna runs show runs/mini --draw curves.svg"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show.add_argument("run_dir", type=Path, metavar="RUN", help="run directory")
    show.add_argument("--draw", metavar="FILE", help="draw all curves, as .svg or .png")
    show.set_defaults(run=_show)


def _show(args: argparse.Namespace) -> int:
    from mprna.draw.curves import Line, Plot, curves_svg
    from mprna.train.curves import read_curves, read_progress

    if args.draw is not None:
        check_picture("--draw", args.draw)
    curves = read_curves(args.run_dir)
    print("metric", "step", "newest", "lowest", "highest", sep="\t")
    for curve in curves:
        values = (curve.recent, min(curve.values), max(curve.values))
        print(curve.name, curve.steps[-1], *(f"{value:.5g}" for value in values), sep="\t")
    if progress := read_progress(args.run_dir):
        left = "-" if progress.time_left is None else progress.time_left
        print(f"step {progress.step:,} of {progress.num_steps:,}, {left} to go", file=sys.stderr)
    if args.draw is not None:
        plots = [Plot(curve.name, [Line(curve.steps, curve.values)]) for curve in curves]
        write_picture(curves_svg(plots), args.draw)
    return 0
