"""Alignments with a consensus structure in Stockholm format, as Rfam and Infernal write them; only read.

    # STOCKHOLM 1.0
    #=GF ID   tRNA
    first/1-12          GGGGAAAA-CCCC
    second/5-15         GGGG.AAAACCCC
    #=GC SS_cons        <<<<_____>>>>
    //

Every row becomes a record without gaps. Its structure is what is left of the consensus: the pairs of which it
has both nucleotides. A file may hold several alignments, and an alignment several blocks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from mprna.errors import FormatError, StructureError
from mprna.io.clustal import GAPS
from mprna.io.records import Record
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket

FIRST_LINE: Final = "# STOCKHOLM 1."
_UNPAIRED: Final = str.maketrans(",-_:~", ".....")
"""Symbols of WUSS notation that only say in what kind of loop a nucleotide is."""
_FAMILY: Final = re.compile(r"#=GF\s+(?:ID|AC)\s+(\S.*)")
_STRUCTURE: Final = re.compile(r"#=GC\s+SS_cons\s+(\S+)\s*")
_ROW: Final = re.compile(r"(\S+)\s+(\S+)\s*")


@dataclass(slots=True)
class _Alignment:
    """The lines of one alignment until its end."""

    family: list[str] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)
    structure: str = ""


def read_stockholm(source: Source) -> Iterator[Record]:
    """One record per row, in the order of their first lines; the family is its description.

    Raises:
        FormatError: another first line, a row or a structure of another length than the others, a structure
            that is not balanced, or an alignment without its end.
    """
    with open_input(source) as file:
        alignment: _Alignment | None = None
        for number, line in numbered_lines(file):
            if alignment is None and line.strip():
                if not line.startswith(FIRST_LINE):
                    message = f"expected {FIRST_LINE}0, found {line[:24]!r}"
                    raise FormatError(message, path=file.name, line=number)
                alignment = _Alignment()
            elif alignment is not None and line.rstrip() == "//":
                yield from _records(alignment, file.name, number)
                alignment = None
            elif alignment is not None:
                _add(alignment, line, file.name, number)
        if alignment is not None:
            raise FormatError("the file ends before the // of an alignment", path=file.name, line=number)


def _add(alignment: _Alignment, line: str, path: str, number: int) -> None:
    if match := _FAMILY.match(line):
        alignment.family.append(match[1].strip())
    elif match := _STRUCTURE.fullmatch(line):
        alignment.structure += match[1]
    elif line.strip() and not line.startswith("#"):
        match = _ROW.fullmatch(line)
        if match is None:
            raise FormatError(f"expected a name and a row, found {line[:24]!r}", path=path, line=number)
        alignment.rows.setdefault(match[1], []).append(match[2])


def _records(alignment: _Alignment, path: str, number: int) -> Iterator[Record]:
    """The rows of an alignment that ends in this line."""
    try:
        pairs = pairs_from_dot_bracket(alignment.structure.translate(_UNPAIRED))
    except StructureError as error:
        raise FormatError(f"SS_cons: {error}", path=path, line=number) from error
    width = len(alignment.structure)
    for name, parts in alignment.rows.items():
        row = "".join(parts)
        width = width or len(row)
        if len(row) != width:
            message = f"{name}: a row of {len(row)} columns, expected {width}"
            raise FormatError(message, path=path, line=number)
        is_letter = np.array([symbol not in GAPS for symbol in row])
        place = np.cumsum(is_letter) - 1
        left = place[pairs[is_letter[pairs].all(axis=1)]]
        yield Record(
            name=name,
            description=" ".join(alignment.family),
            sequence="".join(symbol for symbol in row if symbol not in GAPS),
            dot_bracket=dot_bracket_from_pairs(left, int(is_letter.sum())) if alignment.structure else None,
        )
