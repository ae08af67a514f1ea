"""`mprna draw`: structures to pictures."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.cli.options import example, numbered, tell_if_terminal
from mprna.cli.pictures import OTHER_PICTURES, PICTURES, write_picture
from mprna.cli.tally import Tally
from mprna.errors import FormatError, UsageError

if TYPE_CHECKING:
    from mprna.io.records import Record

_UNSAFE = re.compile(r"[^\w.+-]+")
_LONGEST_STEM = 200
"""In bytes: file systems take 255, of which some are left for numbers, suffixes and temporary names."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "draw",
        help="structures to pictures (SVG, PNG)",
        description="Draw the structures of files that have some: dot-bracket, RNAfold's output, CT, BPSEQ, "
        "JSONL, TSV or Parquet.",
        epilog=example(
            "mprna draw trna.dbn > trna.svg",
            "mprna draw structures.ct -o pictures/",
            "mprna draw trna.dbn -o trna.png",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "inputs", nargs="*", default=["-"], metavar="FILE", help="standard input without any, or for -"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="an .svg or .png file for one record, or a directory for one SVG each [standard output]",
    )


def run(args: argparse.Namespace) -> int:
    tally = Tally("records were not drawn", quiet=False)
    records = numbered(_structures(args.inputs, tally))
    write_pictures(records, args.output)
    return tally.finish()


def write_pictures(records: Iterable[Record], output: str | None) -> None:
    """Draw every record that has a structure.

    Args:
        output: an `.svg` or `.png` file, or standard output (None or `-`), for one record; else a directory,
            in which each record gets `NAME.svg`.

    Raises:
        UsageError: several records for one file, or a picture of another kind.
        FormatError: not writable.
    """
    try:
        if output is None or output == "-":
            _write_one(records, None)
        elif output.lower().endswith(PICTURES):
            _write_one(records, output)
        elif output.lower().endswith(OTHER_PICTURES) and not os.path.isdir(output):
            raise UsageError(f"{output}: pictures are .svg or .png files; for a folder, write {output}/")
        else:
            _write_each(records, Path(output))
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FormatError(f"cannot write: {error.strerror}", path=output) from error


def _structures(inputs: list[str], tally: Tally) -> Iterator[Record]:
    from mprna.io.formats import read_records

    for path in inputs:
        tell_if_terminal(path)
        if path != "-" and not os.path.exists(path):
            raise FormatError("no such file; structures are read from files or standard input", path=path)
        for record in read_records(path):
            tally.add(record.name, None if record.dot_bracket else record.error or "no structure")
            yield record


def _write_one(records: Iterable[Record], path: str | None) -> None:
    from mprna.draw.svg import draw_structure

    first, *others = list(islice(records, 2))
    if others:
        raise UsageError("several records for one picture; give -o DIRECTORY/")
    if first.dot_bracket is not None:
        write_picture(draw_structure(first), path)


def _write_each(records: Iterable[Record], directory: Path) -> None:
    from mprna.draw.svg import draw_structure
    from mprna.io.output import open_output

    directory.mkdir(parents=True, exist_ok=True)
    used: set[str] = set()
    for record in records:
        if record.dot_bracket is not None:
            with open_output(directory / f"{_file_stem(record.name, used)}.svg") as stream:
                stream.write(draw_structure(record))


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
