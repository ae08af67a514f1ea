"""Lists of variants: one a line, alone (`A24G`) or after the name of its RNA and a tab.

Blank lines and lines that start with `#` are skipped, and so is a first line of column names
(`variant`, or `name` and `variant`). Further columns are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mprna.errors import FormatError
from mprna.io.source import Source, numbered_lines, open_input

_HEADERS: Final = (["variant"], ["name", "variant"])


@dataclass(frozen=True, slots=True)
class ListedVariant:
    """A variant as it was asked for; whether it can be read is not known here."""

    text: str
    rna: str | None = None
    """Name of its RNA; None is every RNA."""


def read_variants(source: Source) -> list[ListedVariant]:
    """All variants of a list, in their order.

    Raises:
        FormatError: not readable, or without a variant.
    """
    with open_input(source) as file:
        found = list(_read(numbered_lines(file)))
        if not found:
            raise FormatError(
                "no variants in this file; expected lines as A24G, or NAME<tab>A24G", path=file.name
            )
    return found


def _read(lines: Iterator[tuple[int, str]]) -> Iterator[ListedVariant]:
    is_first = True
    for _, line in lines:
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or line.startswith("#"):
            continue
        is_header = is_first and [cell.lower() for cell in cells[:2]] in _HEADERS
        is_first = False
        if is_header:
            continue
        yield ListedVariant(cells[0]) if len(cells) == 1 else ListedVariant(cells[1], cells[0])
