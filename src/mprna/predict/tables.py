"""Rows to files: what the table outputs of `scan`, `repair` and `degrade` share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

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
        columns: name and type of each: `str`, `int` or `float`.
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
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            stream.write("\t".join(columns) + "\n")
            stream.writelines("\t".join(map(_cell, row.values())) + "\n" for row in rows)


def check_format(format_name: str, formats: tuple[str, ...]) -> None:
    """Raise `UsageError` unless the format is one of `formats`."""
    if format_name not in formats:
        raise UsageError(f"format {format_name!r}; expected one of {', '.join(formats)}")


def _cell(value: Any) -> str:
    """An empty cell where the value is unknown; white space that would break the table becomes a blank."""
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")
