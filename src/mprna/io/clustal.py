"""Alignments in Clustal format, as Clustal Omega, MAFFT and MUSCLE write them; only read.

    CLUSTAL O(1.2.4) multiple sequence alignment

    first       GGGGAAAA-CCCC 12
    second      GGGGAAAACCCC- 12
                ******** ***

Every row becomes a record without gaps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mprna.errors import FormatError, shorten
from mprna.io.records import Record
from mprna.io.source import Source, numbered_lines, open_input

FIRST_WORDS: Final = ("CLUSTAL", "MUSCLE (")
GAPS: Final = frozenset(".-_~")
_ROW: Final = re.compile(r"(\S+)\s+(\S+)(\s+\d+)?\s*")


def read_clustal(source: Source) -> Iterator[Record]:
    """One record per row, in the order of their first lines.

    Raises:
        FormatError: another first line, a line that is no row, or rows of different lengths.
    """
    rows: dict[str, str] = {}
    with open_input(source) as file:
        is_title = True
        for number, line in numbered_lines(file):
            if is_title and line.strip():
                if not line.startswith(FIRST_WORDS):
                    message = f"expected {FIRST_WORDS[0]}, found {shorten(line)}"
                    raise FormatError(message, path=file.name, line=number)
                is_title = False
            elif line.strip() and not line[0].isspace():  # what is indented tells of conservation
                match = _ROW.fullmatch(line)
                if match is None:
                    message = f"expected a name and a row, found {shorten(line)}"
                    raise FormatError(message, path=file.name, line=number)
                rows[match[1]] = rows.get(match[1], "") + match[2]
        for name, row in rows.items():
            width = len(next(iter(rows.values())))
            if len(row) != width:
                raise FormatError(f"{name}: a row of {len(row)} columns, expected {width}", path=file.name)
            yield Record(name=name, sequence="".join(symbol for symbol in row if symbol not in GAPS))
