"""Sequences with labels, to fine-tune on: CSV, TSV, JSON Lines or Parquet, columns by name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mprna.alphabet import clean_sequence
from mprna.errors import DataError, FormatError
from mprna.io.formats import suffix_of
from mprna.io.jsonl import json_rows
from mprna.io.source import InputFile, numbered_lines, open_input
from mprna.io.table import read_rows
from mprna.io.tsv import delimited_cells

SUFFIXES = (".csv", ".tsv", ".jsonl", ".parquet")

_TWICE: Final = object()
"""Stands in the cells of columns that share a name."""


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One sequence, the values of its label columns as they stand in the file, and where that is."""

    sequence: str
    labels: tuple[Any, ...]
    path: str
    line: int

    def fault(self, message: str) -> FormatError:
        """An error that names this row's file and line."""
        return FormatError(message, path=self.path, line=self.line)


def read_labelled(
    path: str | os.PathLike[str],
    *,
    sequence_column: str = "sequence",
    label_columns: Sequence[str] = ("label",),
) -> list[LabelledRow]:
    """All rows of a table; of Parquet the line is the number of the row.

    Raises:
        FormatError: another suffix, a column that is not there, a row that cannot be read, a sequence with
            letters that are no nucleotides, or no rows at all.
    """
    rows = []
    with open_input(path) as file:
        for line, row in _rows(file):
            for column in (sequence_column, *label_columns):
                if row.get(column) is _TWICE:
                    raise FormatError(f"two columns {column!r}", path=file.name, line=line)
                if column not in row:
                    known = ", ".join(map(str, row))
                    message = f"no column {column!r} among {known[:80]}; name it with --sequence or --label"
                    raise FormatError(message, path=file.name, line=line)
            sequence = _sequence(row[sequence_column], file.name, line)
            rows.append(LabelledRow(sequence, tuple(row[name] for name in label_columns), file.name, line))
    if not rows:
        raise FormatError("no rows in this file", path=os.fspath(path))
    return rows


def _sequence(value: Any, path: str, line: int) -> str:
    if not isinstance(value, str | None):
        raise FormatError(f"the sequence is {value!r}, expected text", path=path, line=line)
    try:
        return clean_sequence((value or "").strip())
    except DataError as error:
        raise FormatError(f"{error}; correct or remove this row", path=path, line=line) from error


def _rows(file: InputFile) -> Iterator[tuple[int, dict[str, Any]]]:
    suffix = suffix_of(file.name)
    if suffix == ".parquet":
        yield from enumerate(read_rows(file), 1)
    elif suffix == ".jsonl":
        yield from json_rows(numbered_lines(file), file.name)
    elif suffix in (".csv", ".tsv"):
        yield from _delimited(file, "," if suffix == ".csv" else "\t")
    else:
        raise FormatError(f"suffix {suffix!r}; expected one of {', '.join(SUFFIXES)}", path=file.name)


def _delimited(file: InputFile, delimiter: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Rows of CSV or TSV."""
    columns: list[str] = []
    twice: dict[str, object] = {}
    for line, cells in delimited_cells(file, delimiter):
        if not columns:
            columns = [cell.strip() for cell in cells]
            twice = dict.fromkeys((name for name in columns if columns.count(name) > 1), _TWICE)
        elif delimiter == "\t" and any("\n" in cell for cell in cells):
            message = "a quote without its end in this line or one above; remove it"
            raise FormatError(message, path=file.name, line=line)
        elif len(cells) != len(columns):
            message = f"{len(cells)} cells, the first line has {len(columns)}"
            raise FormatError(message, path=file.name, line=line)
        else:
            yield line, dict(zip(columns, map(list_cell, cells), strict=True)) | twice


def list_cell(text: str) -> Any:
    """A cell that holds a JSON list as that list, a blank one as None, any other without blanks around it."""
    text = text.strip()
    if text.startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text  # a dot-bracket may start so
    return text or None
