"""`mprna bench figure`: figures 1 and 3 of the paper, alone or in the page of `mprna bench report`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.cli.options import example
from mprna.cli.pictures import check_picture, write_picture
from mprna.errors import UsageError

if TYPE_CHECKING:
    from mprna.bench.figures import Figure


def add_figure(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bench figure`."""
    parser = actions.add_parser(
        "figure",
        help="training overview, or structures side by side, as SVG or PNG",
        description="training: what the objectives of a pretraining run hide and ask, shown on one RNA, and "
        "their losses over the tokens that were read. structure: every RNA of a file with known structures "
        "as it is known and as each model folds it, with pair F1.",
        epilog=example(
            "mprna bench figure training runs/mini -o figure1.svg",
            "mprna bench figure structure trna.dbn --model vienna --model pair-fold -o figure3.svg",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("kind", choices=("training", "structure"), help="training or structure")
    parser.add_argument("input", type=Path, metavar="INPUT", help="run directory; file with structures")
    parser.add_argument("-o", "--output", metavar="FILE", help=".svg or .png [SVG on standard output]")
    add_structure_models(parser)
    parser.set_defaults(run=_figure)


def add_structure_models(parser: argparse.ArgumentParser) -> None:
    """Add --model, what folds beside the known structure."""
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="what folds beside the known structure, as in `mprna bench run`; may be repeated "
        "[vienna, pair-fold]",
    )


def report_figures(args: argparse.Namespace) -> list[Figure]:
    """What --training and --structure of a report ask for."""
    from mprna.bench.paper import training_figure

    if args.model and not args.structure:
        raise UsageError("--model says what folds beside --structure FILE")
    figures = [training_figure(args.training)] if args.training else []
    if args.structure:
        figures.append(_structures(args.structure, args.model))
    return figures


def _figure(args: argparse.Namespace) -> int:
    from mprna.bench.paper import training_figure

    if args.output not in (None, "-"):
        check_picture("-o", args.output)
    is_training = args.kind == "training"
    if args.model and is_training:
        raise UsageError("--model says what folds beside the known structure")
    figure = training_figure(args.input) if is_training else _structures(args.input, args.model)
    write_picture(figure.whole, args.output)
    return 0


def _structures(path: Path, models: list[str] | None) -> Figure:
    from mprna.bench.paper import STRUCTURE_MODELS, structure_figure
    from mprna.io.formats import read_records

    return structure_figure(read_records(path), models or STRUCTURE_MODELS)
