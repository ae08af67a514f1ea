"""What a designed sequence must and must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import ceil, floor, prod

from mprna.alphabet import CANONICAL_PAIRS, LETTERS_OF, NUCLEOTIDES
from mprna.design.repeats import inverted_repeats, repeats
from mprna.errors import DesignError, UsageError
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs

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

    max_repeat: int | None = None
    """Longest stretch that occurs twice, also with overlap."""

    max_inverted_repeat: int | None = None
    """Longest stretch whose reverse complement occurs too, apart from the target's helices."""

    def __post_init__(self) -> None:
        if not 0 <= self.min_gc <= self.max_gc <= 1:
            raise UsageError(f"GC from {self.min_gc:g} to {self.max_gc:g}; expected 0 <= low <= high <= 1")
        for name in ("max_run", "max_repeat", "max_inverted_repeat"):
            longest = getattr(self, name)
            if longest is not None and longest < 1:
                raise UsageError(f"{name} of {longest}; expected 1 or more")
        if not isinstance(self.forbidden, tuple):  # a str would be motifs of one letter
            raise UsageError(f"forbidden {self.forbidden!r}; expected a tuple of motifs")
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
        pairs = pairs_from_dot_bracket(dot_bracket)
        self._partners: list[int] = partners_from_pairs(pairs, self.length).tolist()
        self.units: list[Unit] = [
            (k,) if partner < 0 else (k, partner)
            for k, partner in enumerate(self._partners)
            if partner < 0 or partner > k
        ]
        self.choices = {unit: self._choices(unit) for unit in self.units}
        self._possible = self._possible_letters()
        self._check_gc()
        self._check_fixed()
        self._check_repeats()
        self._check_inverted_repeats()

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
        """Nucleotides, motifs and repeats that have to change; 0 where the sequence is legal.

        The pattern and the pairs do not count: letters are drawn from `choices` alone.
        """
        return self._gc_faults(sequence) + sum(1 for _ in self._unwanted(sequence))

    def faulty(self, sequence: str) -> list[Unit]:
        """The units of which some have to change; none where the sequence is legal."""
        if self._gc_faults(sequence):
            return self.units
        found = {k for stretch in self._unwanted(sequence) for k in stretch}
        return [unit for unit in self.units if not found.isdisjoint(unit)]

    def largest_distance(self, other: str) -> int:
        """Positions that may have another letter than in a sequence of the same length.

        That holds of each alone; whether it does of all at once is not checked.
        """
        return sum(letters != letter for letters, letter in zip(self._possible, other, strict=True))

    def _gc_faults(self, sequence: str) -> int:
        low, high = self._gc_counts
        gc = sequence.count("G") + sequence.count("C")
        return max(low - gc, gc - high, 0)

    def _unwanted(self, sequence: str) -> Iterator[list[int]]:
        """Positions of each motif, of each run that is too long, and of each pair of repeats."""
        if self._motif_pattern is not None:
            for match in self._motif_pattern.finditer(sequence):
                yield list(range(*match.span(1)))
        constraints = self._constraints
        if constraints.max_repeat is not None:
            size = constraints.max_repeat + 1
            yield from (_both(*match, size) for match in repeats(sequence, size))
        if constraints.max_inverted_repeat is not None:
            size = constraints.max_inverted_repeat + 1
            yield from (_both(*match, size) for match in inverted_repeats(sequence, size, self._partners))

    @cached_property
    def _gc_counts(self) -> tuple[int, int]:
        """Fewest and most G and C."""
        low, high = self._constraints.min_gc * self.length, self._constraints.max_gc * self.length
        return ceil(low - 1e-9), floor(high + 1e-9)

    @cached_property
    def _motif_pattern(self) -> re.Pattern[str] | None:
        """Matches, without width, wherever a forbidden motif or too long a run begins, which is group 1."""
        parts = ["".join(f"[{letters}]" for letters in motif) for motif in self._motifs]
        return re.compile(f"(?=({'|'.join(parts)}))") if parts else None

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
        if low > high:
            raise DesignError(
                f"no number of G and C in {self.length} nt is a share of "
                f"{self._constraints.min_gc:g} to {self._constraints.max_gc:g}"
            )
        if most < low or least > high:
            raise DesignError(
                f"{low} to {high} of {self.length} nt are to be G or C; "
                f"the structure and the pattern allow {least} to {most}"
            )

    def _possible_letters(self) -> list[str]:
        """The letters that each position may have, given also the letters that its partner may have."""
        letters = [""] * self.length
        for unit, choices in self.choices.items():
            for place, position in enumerate(unit):
                letters[position] = "".join(sorted({choice[place] for choice in choices}))
        return letters

    def _check_fixed(self) -> None:
        """Whether the pattern itself holds what is forbidden."""
        for motif in self._motifs:
            for start in range(self.length - len(motif) + 1):
                there = self._possible[start : start + len(motif)]
                if all(set(here) <= set(letters) for here, letters in zip(there, motif, strict=True)):
                    raise DesignError(
                        f"from position {start + 1} on the pattern can only be {_text(motif)}, "
                        "which is forbidden"
                    )

    def _check_repeats(self) -> None:
        """Whether stretches are so many that two of them have to be the same."""
        longest = self._constraints.max_repeat
        if longest is None or (size := longest + 1) > self.length:
            return
        if (num_stretches := self.length - longest) > (num_words := len(NUCLEOTIDES) ** size):
            raise DesignError(
                f"{num_stretches} stretches of {size} nt are {num_words} different ones at most, "
                f"so there is a repeat of more than {longest} nt"
            )
        starts: dict[tuple[str, ...], list[int]] = {}
        for start in range(num_stretches):
            starts.setdefault(tuple(self._possible[start : start + size]), []).append(start)
        for letters, places in starts.items():
            if len(places) > prod(map(len, letters)):
                positions = ", ".join(str(place + 1) for place in places[:3])
                raise DesignError(
                    f"{len(places)} stretches, from positions {positions} on, can only be {_text(letters)}, "
                    f"so there is a repeat of more than {longest} nt"
                )

    def _check_inverted_repeats(self) -> None:
        """Whether the pattern itself holds one."""
        longest = self._constraints.max_inverted_repeat
        if longest is None:
            return
        fixed = "".join(letters if len(letters) == 1 else "." for letters in self._possible)
        for start, other in inverted_repeats(fixed, longest + 1, self._partners):
            if "." not in (word := fixed[start : start + longest + 1]):
                raise DesignError(
                    f"from position {start + 1} on the pattern can only be {word}, and from {other + 1} on "
                    f"its reverse complement, so there is an inverted repeat of more than {longest} nt"
                )


def _options(length: int, pattern: str | None) -> list[str]:
    if pattern is None:
        return [NUCLEOTIDES] * length
    if len(pattern) != length:
        raise DesignError(f"pattern of {len(pattern)} letters for a target of {length} nt")
    return [LETTERS_OF[code] for code in pattern.upper()]


def _num_gc(letters: str) -> int:
    return sum(letter in "GC" for letter in letters)


def _both(start: int, other: int, size: int) -> list[int]:
    return [*range(start, start + size), *range(other, other + size)]


def _text(letters: Iterable[str]) -> str:
    return "".join(some if len(some) == 1 else f"[{some}]" for some in letters)
