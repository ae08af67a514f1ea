"""Rows to files: how `scan`, `repair`, `degrade`, `design` and `predict` write their tables."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import IO, Any, Final

from mprna.errors import UsageError
from mprna.io.output import open_output
from mprna.io.table import write_parquet_rows

TABLE_FORMATS: Final = ("tsv", "jsonl", "parquet")

Row = dict[str, Any]
"""Values by column; None is unknown."""


def write_table(
    rows: Iterable[Row], columns: Mapping[str, str], output: str | None, *, format_name: str, schema_name: str
) -> None:
    """Write rows as they come.

    Args:
        rows: each with all columns, in their order.
        columns: name and type of each: `str`, `int`, `float`, or the lists `strs` and `floats`.
        output: the file; None or `-` is standard output.
        format_name: one of `TABLE_FORMATS`.
        schema_name: `mprna.schema` in the metadata of a Parquet file.

    Raises:
        FormatError: not writable.
        UsageError: another format.
        MissingExtraError: Parquet without pyarrow.
    """
    check_format(format_name, TABLE_FORMATS)
    with open_output(output, binary=format_name == "parquet") as stream:
        if format_name == "parquet":
            write_parquet_rows(rows, columns, stream, schema_name=schema_name)
        elif format_name == "jsonl":
            write_jsonl(rows, stream)
        else:
            write_tsv(rows, columns, stream)


def write_jsonl(rows: Iterable[Row], stream: IO[str]) -> None:
    """One JSON object per line."""
    stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_tsv(rows: Iterable[Row], columns: Iterable[str], stream: IO[str]) -> None:
    """A line of column names, then one line per row; lists as JSON, unknown values as empty cells.

    Args:
        rows: each with these columns, in this order.
    """
    stream.write("\t".join(map(cell, columns)) + "\n")
    stream.writelines("\t".join(map(cell, row.values())) + "\n" for row in rows)


def rounded(value: float, decimals: int = 4) -> float:
    """As a table shows it; never -0.0."""
    return round(float(value), decimals) + 0.0


def check_format(format_name: str, formats: Collection[str]) -> None:
    """Raise `UsageError` unless the format is one of `formats`."""
    if format_name not in formats:
        raise UsageError(f"format {format_name!r}; expected one of {', '.join(formats)}")


def cell(value: Any) -> str:
    """A value in TSV; names and messages may hold tabs and line breaks, which would break the table."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else " ".join(str(value).split())
