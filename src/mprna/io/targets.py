"""Files of target structures: one dot-bracket per line, with or without `>name` before it."""

from __future__ import annotations

from collections.abc import Iterator

from mprna.errors import FormatError
from mprna.io.fasta import shorten
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.structure import CLOSING, OPENING

SYMBOLS = frozenset("." + OPENING + CLOSING)


def read_targets(source: Source) -> Iterator[tuple[str, str]]:
    """Names and dot-brackets; the name is empty without a header. Blank lines and `#` lines are skipped.

    Whether a dot-bracket is balanced is not checked.

    Raises:
        FormatError: a line that is no dot-bracket, or a file without any.
    """
    with open_input(source) as file:
        name, empty = "", True
        for line_number, line in numbered_lines(file):
            text = line.strip()
            if text.startswith(">"):
                name = (text[1:].split() or [""])[0]
            elif text and not text.startswith("#"):
                if not SYMBOLS.issuperset(text):
                    message = f"expected a dot-bracket, found {shorten(text)}"
                    raise FormatError(message, path=file.name, line=line_number)
                yield name, text
                name, empty = "", False
        if empty:
            raise FormatError("no targets in this file", path=file.name)
