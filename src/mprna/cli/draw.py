"""`mprna draw`: structures to pictures."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli.options import add_quiet, example, tell_if_terminal
from mprna.cli.pictures import FORMATS, OTHER_PICTURES, PICTURES, check_png, picture_format, write_picture
from mprna.cli.tally import Tally
from mprna.errors import DataError, FormatError, UsageError

if TYPE_CHECKING:
    from mprna.io.records import Record

PLOTS: Final = ("structure", "arcs", "dots")
COLOURINGS: Final = ("letters", "probabilities", "reactivities")
_UNSAFE = re.compile(r"[^\w.+-]+")
_LONGEST_STEM = 200
"""In bytes: file systems take 255, of which some are left for numbers, suffixes and temporary names."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "draw",
        help="structures to pictures (SVG, PNG)",
        description="Draw the structures of files that have some: dot-bracket, RNAfold's output, CT, BPSEQ, "
        "Stockholm, JSONL, TSV, CSV or Parquet.",
        epilog=example(
            "mprna draw trna.dbn > trna.svg",
            "mprna draw structures.ct -o pictures/ --format png",
            "mprna draw trna.dbn -o trna.png",
            "mprna draw rna.dbn --shape rna.shape -o rna.svg",
            "mprna fold -p --format jsonl rna.fa | mprna draw --plot dots -o rna.svg",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_plot(parser)
    parser.add_argument(
        "--colour",
        "--color",
        choices=COLOURINGS,
        help="what colours the nucleotides of the molecule [probabilities if there are any, else "
        "reactivities if there are any, else letters; reactivities with --shape]",
    )
    parser.add_argument(
        "--shape",
        metavar="FILE",
        help="reactivities of one sequence, or a directory of NAME.shape or NAME.map, as of mprna fold",
    )
    parser.add_argument(
        "inputs", nargs="*", default=["-"], metavar="FILE", help="standard input without any, or for -"
    )
    parser.add_argument("--format", choices=FORMATS, help="[by the suffix of -o, else svg]")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="a file for one record, or a directory for one picture each [standard output]",
    )
    add_quiet(parser)


def add_plot(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--plot",
        choices=PLOTS,
        default="structure",
        help="of pictures: the molecule, its pairs as arcs over the sequence, or a dot plot; with pair "
        "probabilities, arcs and dots show other pairs too [%(default)s]",
    )


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered

    if (args.colour or args.shape) and args.plot != "structure":
        option = "--colour" if args.colour else "--shape"
        raise UsageError(f"{option}: colours the molecule alone; choose --plot structure")
    records = _structures(args.inputs)
    if args.shape:
        from mprna.io.shape import with_reactivities

        records = with_reactivities(records, Path(args.shape))
        if args.colour is None:
            records = map(_to_show_reactivities, records)
    tally = Tally("records were not drawn", quiet=args.quiet, output=args.output)
    write_pictures(
        numbered(records),
        args.output,
        tally.add,
        format_name=args.format,
        plot=args.plot,
        colour_by=args.colour,
    )
    return tally.finish()


def _to_show_reactivities(record: Record) -> Record:
    """The record without the probabilities that would colour it, if it has reactivities."""
    return record if record.reactivities is None else replace(record, base_pair_probs=None)


def write_pictures(
    records: Iterable[Record],
    output: str | None,
    count: Callable[[str, str | None], None] | None = None,
    *,
    format_name: str | None = None,
    plot: str = "structure",
    colour_by: str | None = None,
) -> None:
    """Draw every record that has a structure.

    Args:
        output: an `.svg` or `.png` file, or standard output (None or `-`), for one record; else a directory,
            in which each record gets a picture of its name.
        count: told the name of every record, and why it is not drawn.
        format_name: one of `pictures.FORMATS`; None is what the name of the file says, else SVG.
        plot: one of `PLOTS`.
        colour_by: of the molecule, one of `COLOURINGS`; None as `draw_structure`.

    Raises:
        UsageError: several records for one file, or a picture of another kind.
        FormatError: not writable.
        MissingExtraError: PNG without resvg-py.
    """
    from mprna.io.formats import suffix_of
    from mprna.io.output import failing_to_write, is_standard_output

    if (format_name or picture_format(output)) == "png":
        check_png()
    drawn = _drawn(records, count, _drawing_of(plot, colour_by))
    with failing_to_write(output):
        if output is None or is_standard_output(output):
            _write_one(drawn, None, format_name)
        elif output.lower().endswith(PICTURES):
            _write_one(drawn, output, format_name)
        elif suffix_of(output) in (*PICTURES, *OTHER_PICTURES) and not os.path.isdir(output):
            raise UsageError(f"{output}: pictures are .svg or .png files; for a folder, write {output}/")
        else:
            _write_each(drawn, Path(output), format_name or "svg")


def _structures(inputs: list[str]) -> Iterator[Record]:
    from mprna.io.formats import read_records

    for path in inputs:
        tell_if_terminal(path)
        if path != "-" and not os.path.exists(path):
            raise FormatError("no such file; structures are read from files or standard input", path=path)
        yield from read_records(path)


def _drawing_of(plot: str, colour_by: str | None) -> Callable[[Record], str]:
    if plot == "structure":
        from mprna.draw.svg import draw_structure

        return partial(draw_structure, colour_by=colour_by)
    from mprna.draw.plots import PLOTS

    return PLOTS[plot]


def _drawn(
    records: Iterable[Record],
    count: Callable[[str, str | None], None] | None,
    draw: Callable[[Record], str],
) -> Iterator[tuple[Record, str | None]]:
    """Every record with its drawing, if it has one."""
    for record in records:
        drawing, reason = None, None
        try:
            if record.dot_bracket is not None and record.fault is None:
                drawing = draw(record)
            else:
                reason = record.error or record.fault or "no structure"
        except DataError as error:
            if count is None:
                raise
            reason = str(error)
        if count:
            count(record.name, reason)
        yield record, drawing


def _write_one(drawn: Iterable[tuple[Record, str | None]], path: str | None, format_name: str | None) -> None:
    first, *others = list(islice(drawn, 2))
    if others:
        raise UsageError("several records for one picture; give -o DIRECTORY/")
    if drawing := first[1]:
        write_picture(drawing, path, format_name)


def _write_each(drawn: Iterable[tuple[Record, str | None]], directory: Path, format_name: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    used: set[str] = set()
    for record, drawing in drawn:
        if drawing is not None:
            name = f"{_file_stem(record.name, used)}.{format_name}"
            write_picture(drawing, str(directory / name), format_name)


def _file_stem(name: str, used: set[str]) -> str:
    """A safe file name, numbered where another record has the same.

    >>> used = set()
    >>> [_file_stem(name, used) for name in ("a/b", "a b", "../x")]
    ['a_b', 'a_b-2', '_x']
    """
    safe = _UNSAFE.sub("_", name).lstrip(".")
    stem = base = safe.encode()[:_LONGEST_STEM].decode(errors="ignore") or "sequence"
    number = 1
    while stem.lower() in used:
        number += 1
        stem = f"{base}-{number}"
    used.add(stem.lower())
    return stem
