"""Files of target structures: dot-brackets alone, or records that have a structure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mprna.errors import FormatError, shorten
from mprna.io.dot_bracket import STRUCTURE_PATTERN
from mprna.io.formats import format_of_suffix, head_lines, read_head, read_records
from mprna.io.source import InputFile, Source, numbered_lines, open_input
from mprna.rna.structure import CLOSING, OPENING

SYMBOLS: Final = frozenset("." + OPENING + CLOSING)

_TARGET: Final = re.compile(rf"({STRUCTURE_PATTERN})(?:\s+\(\s*[-+]?\d+\.?\d*\))?")
"""A structure and, if RNAfold wrote it, its energy."""

_NO_RECORD: Final = re.compile(r"[.(\[<]")
"""How no line of a file of records begins."""


def read_targets(source: Source) -> Iterator[tuple[str, str]]:
    """Names and dot-brackets of a file with one dot-bracket per line, or of one that `read_records` reads.

    Of the former, `>name` may stand before a dot-bracket and the energy behind it, blank lines and `#` lines
    are skipped, and nothing is checked for balance. The name is empty without a header, the dot-bracket where
    a header or a record has none.

    Raises:
        FormatError: a line that is no dot-bracket, a file without any, or one that breaks its format.
    """
    with open_input(source) as file:
        head, file = read_head(file)
        if _has_structures_alone(head):
            yield from _lines(file)
        else:
            yield from _records(file, "dbn" if _may_be_dot_brackets(head, file.name) else None)


def _has_structures_alone(head: bytes) -> bool:
    lines = (line.strip() for line in head_lines(head))
    first = next((line for line in lines if line and line[0] not in "#>"), "")
    return not first or bool(_NO_RECORD.match(first) or _TARGET.fullmatch(first))


def _may_be_dot_brackets(head: bytes, path: str) -> bool:
    """Whether a file of unknown suffix has headers; its first records may lack a structure, as FASTA does."""
    first = next((line for line in head_lines(head) if line.strip() and line[0] not in "#;"), "")
    return format_of_suffix(path) is None and first.startswith(">")


def _lines(file: InputFile) -> Iterator[tuple[str, str]]:
    header: str | None = None
    empty = True
    for line_number, line in numbered_lines(file):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        empty = False
        if text.startswith(">"):
            if header is not None:
                yield header, ""
            header = (text[1:].split() or [""])[0]
        elif match := _TARGET.fullmatch(text):
            yield header or "", match[1]
            header = None
        else:
            message = f"expected a dot-bracket, found {shorten(text)}"
            raise FormatError(message, path=file.name, line=line_number)
    if header is not None:
        yield header, ""
    if empty:
        raise FormatError("no targets in this file", path=file.name)


def _records(file: InputFile, format_name: str | None) -> Iterator[tuple[str, str]]:
    records = read_records(file, format_name=format_name)
    targets = [(record.name, record.dot_bracket or "") for record in records]
    if not any(dot_bracket for _, dot_bracket in targets):
        raise FormatError(
            "no structures in this file; expected dot-brackets, alone or below their sequences",
            path=file.name,
        )
    yield from targets
