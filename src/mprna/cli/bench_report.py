"""`mprna bench report`: records to tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from mprna.cli.bench_figure import add_structure_models, report_figures
from mprna.cli.options import example
from mprna.cli.pictures import check_picture, write_picture
from mprna.errors import UsageError

FORMATS: Final = ("markdown", "latex", "html")
FORMAT_OF_SUFFIX: Final = {
    "": "markdown",
    ".md": "markdown",
    ".txt": "markdown",
    ".tex": "latex",
    ".html": "html",
}


def add_report(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "report",
        help="records to tables: Markdown, LaTeX or a page of its own",
        description="Means over seeds, intervals over test items, paired tests and average ranks of all "
        "records of a folder; published numbers in a block apart.",
        epilog=example("mprna bench report bench/", "mprna bench report bench/ --format html -o report.html"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("records", type=Path, metavar="DIR", help="folder of the records")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="[by the suffix of -o: .tex, .html; else markdown]",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument(
        "--without-leaked", type=Path, metavar="FILE", help="leave out the test rows that this audit found"
    )
    parser.add_argument(
        "--figure", metavar="FILE", help="also draw every task by its first metric as bars, as .svg or .png"
    )
    parser.add_argument(
        "--training",
        type=Path,
        metavar="RUN",
        help="in the page: what this pretraining run asked and learned",
    )
    parser.add_argument(
        "--structure", type=Path, metavar="FILE", help="in the page: known structures beside predicted ones"
    )
    add_structure_models(parser)
    parser.add_argument("--no-published", action="store_true", help="without the block of published numbers")
    parser.add_argument("--title", default="Benchmark", help="[%(default)s]")
    parser.set_defaults(run=_report)


def _report(args: argparse.Namespace) -> int:
    from mprna.bench.audit import leaked_rows
    from mprna.bench.figures import chart_svg, measured_panels
    from mprna.bench.record import read_records_of
    from mprna.bench.report import render
    from mprna.bench.table import build_table
    from mprna.io.output import open_output

    format_name = args.format or _format_of(args.output)
    if args.figure is not None:
        check_picture("--figure", args.figure)
    left_out = leaked_rows(args.without_leaked) if args.without_leaked else None
    table = build_table(read_records_of(args.records), left_out)
    figures = report_figures(args)
    text = render(table, format_name, title=args.title, published=not args.no_published, figures=figures)
    with open_output(args.output) as stream:
        stream.write(text)
    if args.figure is not None:
        write_picture(chart_svg(measured_panels(table)), args.figure)
    return 0


def _format_of(output: str | None) -> str:
    suffix = Path(output or "").suffix.lower()
    if suffix not in FORMAT_OF_SUFFIX:
        raise UsageError(
            f"-o {output}: {suffix} is not among the formats written here (.md, .tex, .html); give the file "
            "another suffix, or choose one with --format"
        )
    return FORMAT_OF_SUFFIX[suffix]
