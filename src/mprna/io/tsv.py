"""Tab-separated values: a line of column names, then one line per record; an empty cell is unknown.

There is no quoting: white space in a value is written as one blank.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final

from mprna.errors import FormatError
from mprna.io.records import Record
from mprna.io.rows import ALIASES, NAMES, record_from_row, row_of
from mprna.io.source import Source, numbered_lines, open_input

COLUMNS: Final = (
    "name",
    "description",
    "sequence",
    "dot_bracket",
    "energy",
    "confidence",
    "expected_f1",
    "engine",
    "error",
)
SEQUENCE_COLUMNS: Final = frozenset(
    {"sequence", *(name for name, ours in ALIASES.items() if ours == "sequence")}
)
"""One of them must be there."""
_DECIMALS: Final = {"energy": 2, "confidence": 4, "expected_f1": 4}
_UNKNOWN: Final = ("NA", "N/A", "null", "None")
"""What others write for a number that is not known, beside `nan` and nothing."""


def read_tsv(source: Source) -> Iterator[Record]:
    """Records of a TSV file; only the column `sequence` (or `seq`) is required, unknown columns are ignored.

    Raises:
        FormatError: no column `sequence`, a column that is read twice, a line with another number of cells,
            or cells that are no record.
    """
    with open_input(source) as file:
        columns: list[str] = []
        number = 0
        for line_number, line in numbered_lines(file):
            cells = line.split("\t")
            if not columns:
                columns = _checked_columns(cells, file.name, line_number)
            elif line.strip():
                number += 1
                row = _row(columns, cells, file.name, line_number)
                yield record_from_row(row, number, path=file.name, line=line_number)


def write_tsv(records: Iterable[Record], stream: IO[str]) -> None:
    """Write `COLUMNS`; qualities and pair probabilities have no place here."""
    stream.write("\t".join(COLUMNS) + "\n")
    for record in records:
        row = row_of(record)
        stream.write("\t".join(_cell(row, column) for column in COLUMNS) + "\n")


def _checked_columns(cells: list[str], path: str, line_number: int) -> list[str]:
    columns = [cell.strip() for cell in cells]
    if not SEQUENCE_COLUMNS.intersection(columns):
        message = f"no column 'sequence' among {', '.join(columns)[:48]!r}"
        raise FormatError(message, path=path, line=line_number)
    if twice := [name for name in NAMES if columns.count(name) > 1]:
        raise FormatError(f"more than one column {twice[0]!r}", path=path, line=line_number)
    return columns


def _row(columns: list[str], cells: list[str], path: str, line_number: int) -> dict[str, Any]:
    if len(cells) != len(columns):
        message = f"{len(cells)} cells, the first line has {len(columns)}"
        raise FormatError(message, path=path, line=line_number)
    row: dict[str, Any] = {column: cell or None for column, cell in zip(columns, cells, strict=True)}
    for column in SEQUENCE_COLUMNS.intersection(columns):
        row[column] = row[column] or ""  # an empty sequence, not an unknown one
    for column in _DECIMALS:
        if row.get(column) is not None:
            row[column] = _number(row[column], column, path, line_number)
    return row


def _number(cell: str, column: str, path: str, line_number: int) -> float | None:
    try:
        return None if cell.strip() in _UNKNOWN else float(cell)
    except ValueError as error:
        message = f"{column!r} is {cell!r}, expected a number"
        raise FormatError(message, path=path, line=line_number) from error


def _cell(row: Mapping[str, Any], column: str) -> str:
    value = row[column]
    if value is None:
        return ""
    if column in _DECIMALS:
        return f"{value:.{_DECIMALS[column]}f}"
    return " ".join(str(value).split())
