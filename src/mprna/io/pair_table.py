"""What CT and BPSEQ share: one row per nucleotide with its position, letter and partner."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from mprna.errors import FormatError, StructureError, shorten
from mprna.io.records import Record
from mprna.rna.structure import (
    dot_bracket_from_pairs,
    pairs_from_dot_bracket,
    pairs_from_partners,
    partners_from_pairs,
)

_POSITION: Final = re.compile(r"[0-9]{1,9}")


@dataclass(slots=True)
class PairTable:
    """A record in the making, row by row."""

    path: str
    name: str
    description: str
    energy: float | None = None
    letters: list[str] = field(default_factory=list)
    partners: list[int] = field(default_factory=list)
    """0-based, -1 where unpaired."""

    def add(self, position: str, letter: str, partner: str, line: int) -> None:
        """Take a row; positions are 1-based, partner 0 is unpaired.

        Raises:
            FormatError: not the next position, not one letter, or a partner that is no number.
        """
        expected = len(self.letters) + 1
        if position != str(expected):
            raise FormatError(f"position {shorten(position)}, expected {expected}", path=self.path, line=line)
        if len(letter) != 1 or not _POSITION.fullmatch(partner):
            found = f"{shorten(letter)} and {shorten(partner)}"
            message = f"expected a nucleotide and a partner's position, found {found}"
            raise FormatError(message, path=self.path, line=line)
        self.letters.append(letter)
        self.partners.append(int(partner) - 1)

    def record(self, line: int) -> Record:
        """The finished record.

        Args:
            line: last line of the table, for errors.

        Raises:
            FormatError: partners that do not point at each other, or more crossing layers than brackets.
        """
        try:
            dot_bracket = dot_bracket_from_pairs(pairs_from_partners(self.partners), len(self.letters))
        except StructureError as error:
            raise FormatError(str(error), path=self.path, line=line) from error
        return Record(
            name=self.name,
            description=self.description,
            sequence="".join(self.letters),
            dot_bracket=dot_bracket,
            energy=self.energy,
        )


def rows_of(record: Record) -> list[tuple[int, str, int]]:
    """Position, letter and partner of every nucleotide; positions are 1-based, partner 0 is unpaired.

    Raises:
        FormatError: a record without a structure.
    """
    if record.dot_bracket is None:
        raise FormatError(f"record {record.name!r} has no structure, which CT and BPSEQ need")
    partners = partners_from_pairs(pairs_from_dot_bracket(record.dot_bracket), len(record.sequence))
    letters_partners = zip(record.sequence, (partners + 1).tolist(), strict=True)
    return [(position, letter, partner) for position, (letter, partner) in enumerate(letters_partners, 1)]
