"""JSON Lines: one object per record, with the names of `Record`'s fields as keys (see `rows`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import IO, Any, Final

from mprna.errors import FormatError
from mprna.io.records import Record
from mprna.io.rows import record_from_row, row_of
from mprna.io.source import Source, numbered_lines, open_input

_LEFT_OUT_WHERE_UNKNOWN: Final = (
    "description",
    "qualities",
    "base_pair_probs",
    "constraint",
    "reactivities",
)


def read_jsonl(source: Source) -> Iterator[Record]:
    """Records of a JSON Lines file; only `sequence` is required, unknown keys are ignored.

    Raises:
        FormatError: a line that is no JSON object, or an object that is no record.
    """
    with open_input(source) as file:
        for number, (line, row) in enumerate(json_rows(numbered_lines(file), file.name), 1):
            yield record_from_row(row, number, path=file.name, line=line)


def write_jsonl(records: Iterable[Record], stream: IO[str]) -> None:
    """Write one object per line; unknown values are null, or left out where they are rare."""
    for record in records:
        row = row_of(record)
        for name in _LEFT_OUT_WHERE_UNKNOWN:
            if row[name] is None:
                del row[name]
        stream.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def json_rows(lines: Iterable[tuple[int, str]], path: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of numbered lines; blank lines are skipped.

    Raises:
        FormatError: a line that is no JSON object.
    """
    for number, line in lines:
        if line.strip():
            yield number, json_object(line, path, number)


def json_object(line: str, path: str, line_number: int) -> dict[str, Any]:
    """The object of a line.

    Raises:
        FormatError: no JSON, or no object.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"no JSON ({error})", path=path, line=line_number) from error
    if not isinstance(value, dict):
        message = f"expected a JSON object, found {line.strip()[:24]!r}"
        raise FormatError(message, path=path, line=line_number)
    return value
