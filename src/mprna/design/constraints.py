"""What a designed sequence must and must not contain."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import ceil, floor
from typing import Final

from mprna.alphabet import CANONICAL_PAIRS, NUCLEOTIDES
from mprna.errors import DesignError, UsageError
from mprna.rna.structure import pairs_from_dot_bracket

LETTERS_OF: Final = {
    **{letter: letter for letter in NUCLEOTIDES},
    **{"T": "U", "R": "AG", "Y": "CU", "S": "CG", "W": "AU", "K": "GU", "M": "AC"},
    **{"B": "CGU", "D": "AGU", "H": "ACU", "V": "ACG", "N": NUCLEOTIDES, "X": NUCLEOTIDES},
}
"""IUPAC codes and the nucleotides that each stands for."""

Unit = tuple[int, ...]
"""Positions whose letters are drawn together: a pair (i, j), i < j, or one unpaired nucleotide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """For every target alike, but for `pattern`, which fits targets of its length.

    Raises:
        UsageError: a value out of range, or a letter that is no IUPAC code.
    """

    pattern: str | None = None
    """IUPAC codes, one per position; letters fix a base."""

    min_gc: float = 0.0
    """Least share of G and C."""

    max_gc: float = 1.0
    """Largest share of G and C."""

    forbidden: tuple[str, ...] = ()
    """Motifs, in IUPAC codes, that must not occur."""

    max_run: int | None = None
    """Longest run of one nucleotide."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_gc <= self.max_gc <= 1:
            raise UsageError(f"GC from {self.min_gc:g} to {self.max_gc:g}; expected 0 <= low <= high <= 1")
        if self.max_run is not None and self.max_run < 1:
            raise UsageError(f"longest run of {self.max_run}; expected 1 or more")
        for name, codes in (("pattern", self.pattern), *(("motif", motif) for motif in self.forbidden)):
            if codes is not None and (not codes or not set(codes.upper()) <= set(LETTERS_OF)):
                raise UsageError(f"{name} {codes!r}; expected IUPAC codes such as ACGUNRY")


class Rules:
    """Constraints on one target.

    Raises:
        DesignError: constraints that no sequence of this target meets.
    """

    def __init__(self, dot_bracket: str, constraints: Constraints) -> None:
        self._constraints = constraints
        self.length = len(dot_bracket)
        self.options = _options(self.length, constraints.pattern)
        pairs: list[Unit] = [(i, j) for i, j in pairs_from_dot_bracket(dot_bracket).tolist()]
        paired = {position for pair in pairs for position in pair}
        self.units = sorted(pairs + [(k,) for k in range(self.length) if k not in paired])
        self.choices = {unit: self._choices(unit) for unit in self.units}
        self._check_gc()
        self._check_fixed()

    def part(self, dot_bracket: str, part: slice) -> Rules:
        """The same constraints on one branch of the target.

        Raises:
            DesignError: the branch alone cannot meet them.
        """
        pattern = self._constraints.pattern
        return Rules(
            dot_bracket[part], replace(self._constraints, pattern=None if pattern is None else pattern[part])
        )

    def violations(self, sequence: str) -> int:
        """Nucleotides and motifs that have to change; 0 where the sequence is legal.

        The pattern and the pairs do not count: letters are drawn from `choices` alone.
        """
        low, high = self._gc_counts
        gc = sequence.count("G") + sequence.count("C")
        faults = max(low - gc, gc - high, 0)
        return faults + sum(1 for _ in self._unwanted.finditer(sequence)) if self._unwanted else faults

    @cached_property
    def _gc_counts(self) -> tuple[int, int]:
        """Fewest and most G and C."""
        low, high = self._constraints.min_gc * self.length, self._constraints.max_gc * self.length
        return ceil(low - 1e-9), floor(high + 1e-9)

    @cached_property
    def _unwanted(self) -> re.Pattern[str] | None:
        """Matches, without width, wherever a forbidden motif or too long a run begins."""
        parts = ["".join(f"[{letters}]" for letters in motif) for motif in self._motifs]
        return re.compile(f"(?={'|'.join(parts)})") if parts else None

    @cached_property
    def _motifs(self) -> list[list[str]]:
        """Letters by place; a run is a motif for each nucleotide."""
        motifs = [[LETTERS_OF[code] for code in motif.upper()] for motif in self._constraints.forbidden]
        if self._constraints.max_run is not None and self._constraints.max_run < self.length:
            motifs += [[letter] * (self._constraints.max_run + 1) for letter in NUCLEOTIDES]
        return motifs

    def _choices(self, unit: Unit) -> list[str]:
        letters = ["".join(choice) for choice in product(*(self.options[k] for k in unit))]
        if len(unit) == 1:
            return letters
        legal = [pair for pair in letters if pair in CANONICAL_PAIRS]
        if not legal:
            (i, j), (left, right) = unit, (self.options[k] for k in unit)
            raise DesignError(
                f"the pattern allows {left} at position {i + 1} and {right} at {j + 1}, which do not pair"
            )
        return legal

    def _check_gc(self) -> None:
        counts = [[_num_gc(choice) for choice in choices] for choices in self.choices.values()]
        least, most = sum(map(min, counts)), sum(map(max, counts))
        low, high = self._gc_counts
        if most < low or least > high or low > high:
            raise DesignError(
                f"{low} to {high} of {self.length} nt are to be G or C; "
                f"the structure and the pattern allow {least} to {most}"
            )

    def _check_fixed(self) -> None:
        """Whether the pattern itself holds what is forbidden."""
        for motif in self._motifs:
            for start in range(self.length - len(motif) + 1):
                if all(set(self.options[start + k]) <= set(letters) for k, letters in enumerate(motif)):
                    text = "".join(letters if len(letters) == 1 else f"[{letters}]" for letters in motif)
                    raise DesignError(
                        f"from position {start + 1} on the pattern can only be {text}, which is forbidden"
                    )


def _options(length: int, pattern: str | None) -> list[str]:
    if pattern is None:
        return [NUCLEOTIDES] * length
    if len(pattern) != length:
        raise DesignError(f"pattern of {len(pattern)} letters for a target of {length} nt")
    return [LETTERS_OF[code] for code in pattern.upper()]


def _num_gc(letters: str) -> int:
    return sum(letter in "GC" for letter in letters)
