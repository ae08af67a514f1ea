"""What is left out of a corpus, counted by reason in pieces and nucleotides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DropReason(StrEnum):
    """Why a piece (a record, a tail or a slice) is not in the corpus."""

    EMPTY_RECORD = "empty_record"
    ILLEGAL_SYMBOL = "illegal_symbol"
    EXCLUDED_SPECIES = "excluded_species"
    NO_STRUCTURE = "no_structure"
    SHORT_RECORD = "short_record"
    LONG_RECORD = "long_record"
    SHORT_TAIL = "short_tail"
    AMBIGUOUS = "ambiguous"
    EXCLUDED_SEQUENCE = "excluded_sequence"
    LOW_COMPLEXITY = "low_complexity"
    NEAR_DUPLICATE = "near_duplicate"
    NOT_SAMPLED = "not_sampled"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of pieces and the nucleotides in them."""

    pieces: int = 0
    nt: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.pieces + other.pieces, self.nt + other.nt)


class Drops(dict[str, Tally]):
    """Tallies by reason; a reason that never occurred has no entry.

    >>> drops = Drops()
    >>> drops.count(DropReason.SHORT_TAIL, 12)
    >>> drops.count(DropReason.SHORT_TAIL, 7)
    >>> drops
    {'short_tail': Tally(pieces=2, nt=19)}
    """

    def count(self, reason: DropReason, nt: int) -> None:
        """Add one piece of `nt` nucleotides."""
        self[reason.value] = self.get(reason.value, Tally()) + Tally(1, nt)

    def merge(self, other: Mapping[str, Tally]) -> None:
        """Add all tallies of `other`."""
        for reason, tally in other.items():
            self[reason] = self.get(reason, Tally()) + tally

    @property
    def nt(self) -> int:
        """Nucleotides dropped for any reason."""
        return sum(tally.nt for tally in self.values())

    def summary(self) -> str:
        """Pieces by reason, for a message.

        >>> Drops(short_tail=Tally(2, 19)).summary()
        'short_tail 2'
        """
        counts = ", ".join(f"{reason} {self[reason].pieces}" for reason in sorted(self))
        return counts or "nothing, there were no records"

    def to_json(self) -> dict[str, dict[str, int]]:
        """Plain dictionaries, sorted by reason."""
        return {reason: {"pieces": self[reason].pieces, "nt": self[reason].nt} for reason in sorted(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Mapping[str, int]]) -> Drops:
        """Inverse of `to_json`."""
        return cls({reason: Tally(entry["pieces"], entry["nt"]) for reason, entry in document.items()})
