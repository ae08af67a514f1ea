"""How substitutions change the free energy of the ensemble: all of them from one partition function.

In every structure the substituted nucleotide is in one loop, if it is unpaired, or in the two loops on both
sides of its pair. Only the weights w of these loops change; what is inside and outside of them does not. So

    Z' / Z = sum over loops in which it is unpaired  P(loop) w'(loop) / w(loop)
           + sum over its partners  (loops inside of the pair, w') (loops outside of the pair, w') / Z

(inside and outside as in McCaskill 1990, doi:10.1002/bip.360290621). One thing is approximate: loops with
another pair whose probability in the reference is below `MIN_PROB` are left out. benchmarks/scan.py compares
the result with folding every mutant.

Long because the loops on both sides of a pair are one recursion.

Shape letters: L nucleotides. Positions count from 1 in this file, as in ViennaRNA.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna import (
    BASE_CODES,
    DEFAULT_MODEL,
    PAIR_TYPES,
    LoopEnergies,
    boltzmann,
    loop_energies,
    partition_arrays,
    stem_weights,
)

Table = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

MIN_PROB: Final = 1e-7
"""Pairs of a lower probability in the reference are not looked at."""
MAX_LOOP: Final = 30
"""Unpaired nucleotides of an interior loop, as in ViennaRNA."""
MIN_HAIRPIN: Final = 3
MAX_SPECIAL_HAIRPIN: Final = 6
"""Longest hairpins that may have an energy of their own."""

_TINY: Final = 1e-14
"""Least probability of being unpaired."""
_BLOCK: Final = 48
"""Rows and columns of the blocks in `product`; see there."""
_TYPES: Final = np.zeros((len(BASE_CODES), len(BASE_CODES)), dtype=np.int64)
"""Number of the pair type by the codes of both letters; 0 where they do not pair."""
for _number, _pair in enumerate(PAIR_TYPES, 1):
    _TYPES[BASE_CODES.index(_pair[0]), BASE_CODES.index(_pair[1])] = _number


class _Pair(NamedTuple):
    """A likely pair of a given position."""

    other: int
    """The position that it pairs with."""
    inside: float
    """Weight of everything that the pair encloses, the pair included."""
    outside: float
    """Weight of everything else, over the partition function."""


class _Neighbours(NamedTuple):
    """Likely pairs right beside the nucleotide p, and by how much their weights change with its letter."""

    ends: Codes
    """All i of branches (i, p - 1)."""
    end: Table
    """Change of their weights in a multiloop, times what is inside of the branch."""
    end_exterior: Table
    """The same in the exterior loop."""
    starts: Codes
    """All j of branches (p + 1, j)."""
    start: Table
    start_exterior: Table
    closed_before: Codes
    """All l of pairs (p - 1, l) that close a multiloop."""
    closing_before: Table
    """Change of the weight of closing it, times what is outside of the pair."""
    closed_after: Codes
    """All k of pairs (k, p + 1) that close a multiloop."""
    closing_after: Table


class SubstitutionEnergies:
    """Effects of all substitutions of one RNA. Making it takes one partition function and three products of
    (L, L) matrices.

    Args:
        sequence: clean letters, ACGUN.

    Raises:
        FoldingError: ViennaRNA cannot fold it.
    """

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence
        self._length = length = len(sequence)
        # The sum for the reference's own letter by position: 1, but for the pairs that are left out.
        self._references: dict[int, float] = {}
        self._codes = np.array([0, *(BASE_CODES.index(letter) for letter in sequence), 0])
        arrays = partition_arrays(sequence)
        self._stems = stem_weights()
        self._scale = np.append(arrays.scale, 0.0)  # of 2 nt even where there is one
        self._before, self._after = arrays.before, arrays.after
        self._total = arrays.before[length]
        self._inside = arrays.paired
        unpaired = 1.0 - (arrays.probs.sum(axis=0) + arrays.probs.sum(axis=1))
        self._unpaired = unpaired.clip(_TINY)  # below 0 by rounding, where a pair is next to certain
        self._outside = np.divide(
            arrays.probs, arrays.paired, out=np.zeros_like(arrays.probs), where=arrays.paired > 0
        )
        # [i, u]: one or more branches of a multiloop in i + 1 to u - 1
        self._shifted = np.zeros_like(arrays.multi)
        self._shifted[:-1, 1:] = arrays.multi[1:, :-1]
        last = np.zeros_like(arrays.multi)  # [u, j]: one branch that begins at u, in u to j - 1
        last[:, 1:] = arrays.multi_last[:, :-1]
        # [i, j]: two or more branches in i + 1 to j - 1
        self._multi_inside = product(self._shifted, last)
        self._multi_outside, self._multi_beside = self._branches()
        self._pairs_from = [self._likely_pairs(row, i, first=True) for i, row in enumerate(arrays.probs)]
        self._pairs_to = [self._likely_pairs(row, j, first=False) for j, row in enumerate(arrays.probs.T)]
        self._scales: list[float] = arrays.scale.tolist()

    def delta(self, position: int, alt: str) -> float:
        """Free energy of the mutant's ensemble less that of the reference, kcal/mol.

        Args:
            position: 0-based.
            alt: another letter of ACGU.
        """
        p, mutant = position + 1, self._sequence[:position] + alt + self._sequence[position + 1 :]
        with loop_energies(self._sequence) as before, loop_energies(mutant) as after:
            if p not in self._references:
                self._references[p] = self._weight(p, int(self._codes[p]), before)
            weight = self._weight(p, BASE_CODES.index(alt), after)
            weight += self._hairpin_change(p, before.hairpin, after.hairpin)
            weight += self._interior_change(p, before.interior, after.interior)
        return -DEFAULT_MODEL.thermal_energy * math.log(weight / self._references[p])

    def _likely_pairs(self, probs: Table, position: int, *, first: bool) -> list[_Pair]:
        """Likely pairs of a position with later ones, or with earlier ones."""
        found = []
        for other in np.flatnonzero(probs >= MIN_PROB).tolist():
            i, j = (position, other) if first else (other, position)
            found.append(_Pair(other, float(self._inside[i, j]), float(self._outside[i, j])))
        return found

    def _branches(self) -> tuple[Table, Table]:
        """[i, j]: everything outside of a branch i to j of a multiloop, without the weight of its own stem;
        and the same outside of several branches that fill i to j."""
        size = self._length + 2
        i, j = np.nonzero(self._outside)
        closing = np.zeros((size, size))  # [k, l]: everything outside of a pair that closes a multiloop
        closing[i, j] = self._closing_weight(i, j, self._codes[j - 1], self._codes[i + 1])
        first = np.zeros((size, size))  # [i, l]: closed by (k, l), nothing paired between k and i
        for row in range(2, size):
            first[row] = self._scale[1] * first[row - 1] + closing[row - 1]
        later = product(self._shifted.T, closing)  # [i, l]: branches between k and i
        gaps = np.zeros((size, size))  # [j, l]: nothing paired between j and l
        distance = np.arange(size)[None] - np.arange(size)[:, None]
        gaps[distance >= 1] = self._scale[np.minimum(distance[distance >= 1] - 1, self._length)]
        beside = product(first + later, (self._shifted + gaps).T)
        return beside - product(first, gaps.T), beside

    def _closing_weight(self, i: Codes, j: Codes, before: Codes, after: Codes) -> Table:
        """What is outside of pairs that close a multiloop, with what that costs; `before` and `after` are the
        codes of the neighbours, seen from inside."""
        kinds = _TYPES[self._codes[j], self._codes[i]]
        weights = self._stems.multi[kinds, before, after] * self._stems.closing * self._scale[2]
        found: Table = self._outside[i, j] * weights
        return found

    def _closing_change(
        self, i: Codes, j: Codes, before: tuple[Codes | int, ...], after: tuple[Codes | int, ...]
    ) -> Table:
        """From the first to the second neighbours."""
        old, new = (
            self._closing_weight(i, j, np.asarray(one), np.asarray(other))
            for one, other in zip(before, after, strict=True)
        )
        change: Table = new - old
        return change

    def _weight(self, p: int, code: int, energies: LoopEnergies) -> float:
        """Weight over Z of all structures with this letter at p; hairpins and interior loops in which p is
        unpaired count as in the reference."""
        partners = _TYPES[code, self._codes] > 0
        partners[max(p - MIN_HAIRPIN, 0) : p + MIN_HAIRPIN + 1] = False
        possible = np.flatnonzero(partners).tolist()
        inside, outside = [0.0] * (self._length + 2), [0.0] * (self._length + 2)
        for j in possible:
            first, last = min(p, j), max(p, j)
            inside[j] = boltzmann(energies.hairpin(first, last)) * self._scales[last - first + 1]
        self._add_interior_after(p, possible, energies, inside, outside)
        self._add_interior_before(p, possible, energies, inside, outside)
        within, around = np.array(inside), np.array(outside)
        unpaired = self._unpaired[p] + self._add_open_loops(p, code, np.array(possible, int), within, around)
        return float(unpaired + within @ around)

    def _add_open_loops(self, p: int, code: int, partners: Codes, inside: Table, outside: Table) -> float:
        """Multiloops on both sides of the pairs of p, and the exterior loop; returns what changes where p is
        unpaired in one of these and a neighbour of their pairs."""
        near = self._neighbours(p, code)
        scale, shifted, beside = self._scale[1], self._shifted, self._multi_beside
        before = self._before[p - 1] + self._before[near.ends - 1] @ near.end_exterior
        after = self._after[p + 1] + near.start_exterior @ self._after[near.starts + 1]

        codes = self._codes.copy()
        codes[p] = code
        j = partners[partners > p]
        inside[j] += self._closed(codes, np.full_like(j, p), j) * (
            self._multi_inside[p, j] + _sum(near.start, shifted[np.ix_(near.starts, j)])
        )
        outside[j] += before * self._after[j + 1] * self._exterior(codes, np.full_like(j, p), j)
        outside[j] += self._stems.multi[_TYPES[code, codes[j]], codes[p - 1], codes[j + 1]] * (
            self._multi_outside[p, j]
            + _sum(near.end, beside[np.ix_(near.ends, j)])
            + _sum(near.closing_before, shifted[np.ix_(j, near.closed_before)].T)
        )
        j = partners[partners < p]
        inside[j] += self._closed(codes, j, np.full_like(j, p)) * (
            self._multi_inside[j, p] + _sum(near.end, shifted[np.ix_(j, near.ends)].T)
        )
        outside[j] += self._before[j - 1] * after * self._exterior(codes, j, np.full_like(j, p))
        outside[j] += self._stems.multi[_TYPES[codes[j], code], codes[j - 1], codes[p + 1]] * (
            self._multi_outside[j, p]
            + _sum(near.start, beside[np.ix_(j, near.starts)].T)
            + _sum(near.closing_after, shifted[np.ix_(near.closed_after, j)])
        )
        multi = (
            near.end @ self._multi_outside[near.ends, p]
            + near.start @ self._multi_outside[p, near.starts]
            + near.closing_before @ self._multi_inside[p, near.closed_before]
            + near.closing_after @ self._multi_inside[near.closed_after, p]
            + _sum(near.end, beside[np.ix_(near.ends, near.starts)]) @ near.start
            + _sum(near.start, shifted[np.ix_(near.starts, near.closed_before)]) @ near.closing_before
            + _sum(near.closing_after, shifted[np.ix_(near.closed_after, near.ends)]) @ near.end
        )
        exterior = (before * after - self._before[p - 1] * self._after[p + 1]) / self._total
        return float(scale * (multi + exterior))

    def _neighbours(self, p: int, code: int) -> _Neighbours:
        """How the weights of pairs beside p change with its letter."""
        codes, old = self._codes, int(self._codes[p])
        multi, exterior = self._stems.multi, self._stems.exterior
        ends, starts, closed_before, closed_after = (
            np.array([pair.other for pair in found], dtype=np.int64)
            for found in (
                self._pairs_to[p - 1],
                self._pairs_from[p + 1],
                self._pairs_from[p - 1],
                self._pairs_to[p + 1],
            )
        )
        kinds, around = _TYPES[codes[ends], codes[p - 1]], np.where(ends > 1, codes[ends - 1], -1)
        end, end_exterior = (
            self._inside[ends, p - 1] * (table[kinds, side, code] - table[kinds, side, old])
            for table, side in ((multi, codes[ends - 1]), (exterior, around))
        )
        kinds = _TYPES[codes[p + 1], codes[starts]]
        around = np.where(starts < self._length, codes[starts + 1], -1)
        start, start_exterior = (
            self._inside[p + 1, starts] * (table[kinds, code, side] - table[kinds, old, side])
            for table, side in ((multi, codes[starts + 1]), (exterior, around))
        )
        here, left = np.full_like(closed_before, p - 1), codes[closed_before - 1]
        closing_before = self._closing_change(here, closed_before, (left, left), (old, code))
        here, right = np.full_like(closed_after, p + 1), codes[closed_after + 1]
        closing_after = self._closing_change(closed_after, here, (old, code), (right, right))
        return _Neighbours(
            ends, end, end_exterior, starts, start, start_exterior,
            closed_before, closing_before, closed_after, closing_after,
        )  # fmt: skip

    def _closed(self, codes: Codes, i: Codes, j: Codes) -> Table:
        """Weight of closing a multiloop."""
        kinds = _TYPES[codes[j], codes[i]]
        found: Table = (
            self._stems.multi[kinds, codes[j - 1], codes[i + 1]] * self._stems.closing * self._scale[2]
        )
        return found

    def _exterior(self, codes: Codes, i: Codes, j: Codes) -> Table:
        """Weight of a branch of the exterior loop, over Z."""
        before = np.where(i > 1, codes[i - 1], -1)
        after = np.where(j < self._length, codes[j + 1], -1)
        found: Table = self._stems.exterior[_TYPES[codes[i], codes[j]], before, after] / self._total
        return found

    def _add_interior_after(
        self, p: int, partners: list[int], energies: LoopEnergies, inside: list[float], outside: list[float]
    ) -> None:
        """Interior loops of pairs (p, j), p < j."""
        energy, scales = energies.interior, self._scales
        for k in range(p + 1, min(p + MAX_LOOP + 1, self._length) + 1):
            room = MAX_LOOP - (k - p - 1)
            for m, weight, _ in self._pairs_from[k]:
                for j in _between(partners, m + 1, m + room + 1):
                    inside[j] += boltzmann(energy(p, j, k, m)) * scales[k - p + j - m] * weight
        for i in range(max(p - MAX_LOOP - 1, 1), p):
            room = MAX_LOOP - (p - i - 1)
            for m, _, weight in self._pairs_from[i]:
                for j in _between(partners, max(m - room - 1, p + 1), m - 1):
                    outside[j] += boltzmann(energy(i, m, p, j)) * scales[p - i + m - j] * weight

    def _add_interior_before(
        self, p: int, partners: list[int], energies: LoopEnergies, inside: list[float], outside: list[float]
    ) -> None:
        """Interior loops of pairs (j, p), j < p."""
        energy, scales = energies.interior, self._scales
        for m in range(max(p - MAX_LOOP - 1, 1), p):
            room = MAX_LOOP - (p - m - 1)
            for k, weight, _ in self._pairs_to[m]:
                for j in _between(partners, k - room - 1, k - 1):
                    inside[j] += boltzmann(energy(j, p, k, m)) * scales[k - j + p - m] * weight
        for m in range(p + 1, min(p + MAX_LOOP + 1, self._length) + 1):
            room = MAX_LOOP - (m - p - 1)
            for i, _, weight in self._pairs_to[m]:
                for j in _between(partners, i + 1, min(i + room + 1, p - 1)):
                    outside[j] += boltzmann(energy(i, m, j, p)) * scales[j - i + m - p] * weight

    def _hairpin_change(
        self, p: int, before: Callable[[int, int], int], after: Callable[[int, int], int]
    ) -> float:
        """Of hairpins in which p is unpaired: next to the pair, or in one with an energy of its own."""
        total = 0.0
        for i in range(max(p - MAX_SPECIAL_HAIRPIN, 1), p):
            for j, _, _ in self._pairs_from[i]:
                if p < j <= i + MAX_SPECIAL_HAIRPIN + 1:
                    total += self._hairpin_term(i, j, before, after)
        for j, _, _ in self._pairs_from[p - 1]:
            if j > p + MAX_SPECIAL_HAIRPIN:
                total += self._hairpin_term(p - 1, j, before, after)
        for i, _, _ in self._pairs_to[p + 1]:
            if i < p - MAX_SPECIAL_HAIRPIN:
                total += self._hairpin_term(i, p + 1, before, after)
        return total

    def _hairpin_term(
        self, i: int, j: int, before: Callable[[int, int], int], after: Callable[[int, int], int]
    ) -> float:
        old, new = before(i, j), after(i, j)
        if old == new:
            return 0.0
        weight = self._outside[i, j] * self._scale[j - i + 1]
        return float(weight * (boltzmann(new) - boltzmann(old)))

    def _interior_change(
        self, p: int, before: Callable[[int, int, int, int], int], after: Callable[[int, int, int, int], int]
    ) -> float:
        """Of interior loops in which p is unpaired, next to one of the pairs."""
        total = 0.0
        for i, j, k, m, weight in self._interior_loops_with(p):
            old, new = before(i, j, k, m), after(i, j, k, m)
            if old != new:
                total += weight * self._scales[k - i + j - m] * (boltzmann(new) - boltzmann(old))
        return total

    def _interior_loops_with(self, p: int) -> Iterator[tuple[int, int, int, int, float]]:
        """Pairs (i, j) and, in them, (k, m), with p next to one of the four; the weight around the loop."""
        end = self._length
        left = [(p - 1, k) for k in range(p + 1, min(p + MAX_LOOP, end) + 1)]
        left += [(i, p + 1) for i in range(max(p - MAX_LOOP, 1), p - 1) if p < end]
        for i, k in left:
            for j, _, around in self._pairs_from[i]:
                for m, within, _ in self._pairs_from[k]:
                    if m < j and k - i + j - m - 2 <= MAX_LOOP:
                        yield i, j, k, m, around * within
        right = [(m, p + 1) for m in range(max(p - MAX_LOOP, 1), p)]
        right += [(p - 1, j) for j in range(p + 2, min(p + MAX_LOOP, end) + 1)]
        for m, j in right:
            for i, _, around in self._pairs_to[j]:
                for k, within, _ in self._pairs_to[m]:
                    if i < k and k - i + j - m - 2 <= MAX_LOOP:
                        yield i, j, k, m, around * within


def product(one: Table, other: Table) -> Table:
    """Product of square matrices, in blocks so small that BLAS uses one thread for each: with several,
    the last bits would depend on their number."""
    found = np.zeros_like(other)
    starts = range(0, len(one), _BLOCK)
    for i in starts:
        rows = slice(i, i + _BLOCK)
        for k in starts:
            middle = slice(k, k + _BLOCK)
            for j in starts:
                columns = slice(j, j + _BLOCK)
                found[rows, columns] += one[rows, middle] @ other[middle, columns]
    return found


def _sum(weights: Table, rows: Table) -> Table:
    """Weighted sum of rows, without BLAS."""
    found: Table = (weights[:, None] * rows).sum(axis=0)
    return found


def _between(positions: list[int], first: int, last: int) -> list[int]:
    """Those of the sorted positions from `first` to `last`."""
    return positions[bisect_left(positions, first) : bisect_right(positions, last)]
