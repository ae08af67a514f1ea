"""Tab-separated values: a line of column names, then one line per record; an empty cell is unknown.

There is no quoting: white space in a value is written as one blank. Comma-separated values, which are only
read, are quoted as spreadsheets do it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any, Final

from mprna.errors import FormatError
from mprna.io.records import Record
from mprna.io.rows import ALIASES, NAMES, record_from_row, row_of
from mprna.io.source import InputFile, Source, numbered_lines, open_input

COLUMNS: Final = (
    "name",
    "description",
    "sequence",
    "dot_bracket",
    "energy",
    "confidence",
    "expected_f1",
    "engine",
    "template",
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
        yield from _records(_tab_cells(file), file.name)


def read_csv(source: Source) -> Iterator[Record]:
    """Records of a CSV file, with the columns of TSV; cells in double quotes may hold commas and line ends.

    Raises:
        FormatError: as of `read_tsv`, or quotes that are not closed.
    """
    with open_input(source) as file:
        yield from _records(delimited_cells(file, ","), file.name)


def _tab_cells(file: InputFile) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of every line; where the first one is quoted, as R writes it, so are the others."""
    is_quoted = None
    for number, line in numbered_lines(file):
        cells = line.split("\t")
        if is_quoted is None and line.strip():
            is_quoted = any(cell.startswith('"') for cell in cells)
        yield number, [cell.strip('"') for cell in cells] if is_quoted else cells


def delimited_cells(file: InputFile, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Lines of a table with quoting, none of them empty: number (of its last line) and cells.

    Raises:
        FormatError: quotes that are not closed, cells beyond every measure, or semicolons for delimiters.
    """
    reader = csv.reader(_checked_lines(file, delimiter), delimiter=delimiter, strict=True)
    try:
        yield from ((reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise FormatError(f"{error}", path=file.name, line=reader.line_num) from error


def _checked_lines(file: InputFile, delimiter: str) -> Iterator[str]:
    is_first = True
    for number, line in numbered_lines(file):
        if is_first and line.strip():
            check_delimiter(line.split(delimiter), file.name, number)
            is_first = False
        yield line + "\n"


def check_delimiter(cells: list[str], path: str, line_number: int) -> None:
    """Make sure that a line of column names is none of a spreadsheet that has commas in its numbers.

    Raises:
        FormatError: it is.
    """
    if len(cells) == 1 and ";" in cells[0]:
        message = "separated by semicolons; save with commas or tabs"
        raise FormatError(message, path=path, line=line_number)


def column_name(cell: str) -> str:
    """The name of a column: one of ours in any case of letters, or what stands there."""
    name = cell.strip()
    return name.lower() if name.lower() in NAMES else name


def write_tsv(records: Iterable[Record], stream: IO[str]) -> None:
    """Write `COLUMNS`; qualities and pair probabilities have no place here."""
    stream.write("\t".join(COLUMNS) + "\n")
    for record in records:
        row = row_of(record)
        stream.write("\t".join(_cell(row, column) for column in COLUMNS) + "\n")


def _records(lines: Iterable[tuple[int, list[str]]], path: str) -> Iterator[Record]:
    columns: list[str] = []
    number = 0
    for line_number, cells in lines:
        if not columns:
            columns = _checked_columns(cells, path, line_number)
        elif any(cell.strip() for cell in cells):
            number += 1
            row = _row(columns, cells, path, line_number)
            yield record_from_row(row, number, path=path, line=line_number)


def _checked_columns(cells: list[str], path: str, line_number: int) -> list[str]:
    check_delimiter(cells, path, line_number)
    columns = list(map(column_name, cells))
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
    sequences = SEQUENCE_COLUMNS.intersection(columns)
    if not any(row[column] for column in sequences):
        row |= dict.fromkeys(sequences, "")  # an empty sequence, not an unknown one
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
