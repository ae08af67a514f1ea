"""Reactivities: RNAfold's `.shape` files (position from 1, optionally the letter, value) and RNAstructure's
`.map` files (position, value, error, letter).

Shape letters: L nucleotides.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import as_rna
from mprna.errors import FormatError, MprnaWarning, UsageError
from mprna.io.records import Record
from mprna.io.source import Source, numbered_lines, open_input

SUFFIXES: Final = (".shape", ".map", ".shape.gz", ".map.gz")
_MAP_COLUMNS: Final = 4

Reactivities = npt.NDArray[np.float64]


def read_shape(source: Source, sequence: str) -> Reactivities:
    """Reactivities of a sequence; NaN where the file has none, or one below 0 such as -999.

    Blank lines and lines that start with `#` are skipped.

    Raises:
        FormatError: other columns, a position or letter that the sequence does not have, or a position twice.
    """
    reactivities, seen = np.full(len(sequence), np.nan), set[int]()
    with open_input(source) as file:
        for number, line in numbered_lines(file):
            cells = line.replace(",", " ").split()
            if not cells or cells[0].startswith("#"):
                continue
            try:
                position, letter, value = _row(cells)
            except ValueError as error:
                message = (
                    f"expected a position, a letter or none, and a reactivity; found {line.strip()[:40]!r}"
                )
                raise FormatError(message, path=file.name, line=number) from error
            if not 1 <= position <= len(sequence):
                from_one = "; positions count from 1" if position < 1 else ""
                message = f"position {position} of a sequence of {len(sequence)} nt{from_one}"
                raise FormatError(message, path=file.name, line=number)
            if position in seen:
                raise FormatError(f"position {position} once more", path=file.name, line=number)
            seen.add(position)
            found = sequence[position - 1]
            if letter and as_rna(letter) != as_rna(found):
                message = f"{letter} at position {position}, where the sequence has {found}"
                raise FormatError(message, path=file.name, line=number)
            reactivities[position - 1] = value if value >= 0 else np.nan
    return reactivities


def with_reactivities(records: Iterable[Record], path: Path) -> Iterator[Record]:
    """Records with the reactivities of a file, or of the files `NAME.shape` or `NAME.map` in a directory.

    Records without such a file stay as they are. Warns of them, of files in a directory whose names no
    record has, and of one file without a reactivity. A file of a directory that cannot be read is the `fault`
    of its record.

    Raises:
        FormatError: one file, as `read_shape`; no such file, or a directory without any.
        UsageError: one file for several records, which is told before the first is returned.
    """
    if path.is_dir():
        yield from _with_own_files(records, path)
        return
    first_two = list(islice(records, 2))
    if len(first_two) > 1:
        raise UsageError(f"{path}: one file for several records; give a directory with NAME.shape for each")
    for record in first_two:
        reactivities = read_shape(path, record.sequence)
        if np.isnan(reactivities).all():
            warnings.warn(f"{path}: no reactivity of 0 or more", MprnaWarning, stacklevel=1)
        yield dataclasses.replace(record, reactivities=reactivities)


def _with_own_files(records: Iterable[Record], directory: Path) -> Iterator[Record]:
    unused = {file.name for suffix in SUFFIXES for file in directory.glob(f"*{suffix}")}
    if not unused:
        raise FormatError("no file NAME.shape or NAME.map in this directory", path=str(directory))
    there, without = frozenset(unused), list[str]()
    for record in records:
        own = [record.name + suffix for suffix in SUFFIXES if record.name + suffix in there]
        unused.difference_update(own)
        if own:
            yield _with_file_or_fault(record, directory / own[0])
        else:
            without.append(record.name or "a record without a name")
            yield record
    if without:
        message = f"{directory}: records without reactivities: {len(without)}; the first: {without[0]}"
        warnings.warn(message, MprnaWarning, stacklevel=1)
    if unused:
        message = f"{directory}: reactivities of no record: {len(unused)}; the first: {min(unused)}"
        warnings.warn(message, MprnaWarning, stacklevel=1)


def _with_file_or_fault(record: Record, path: Path) -> Record:
    """One bad file of many is the fault of one record."""
    try:
        return dataclasses.replace(record, reactivities=read_shape(path, record.sequence))
    except FormatError as error:
        return dataclasses.replace(record, fault=str(error))


def _row(cells: list[str]) -> tuple[int, str, float]:
    """Position, letter and reactivity; a position alone has no data."""
    if len(cells) == _MAP_COLUMNS and cells[3].isalpha():
        cells = [cells[0], cells[3], cells[1]]
    letter = cells[1] if len(cells) > 1 and len(cells[1]) == 1 and cells[1].isalpha() else ""
    values = cells[1 + len(letter) :]
    if len(values) > 1:
        raise ValueError
    value = float("nan") if not values or values[0].upper() == "NA" else float(values[0])
    if np.isinf(value):
        raise ValueError
    return int(cells[0]), letter, value
