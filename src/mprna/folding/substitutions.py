"""How substitutions change the free energy of the ensemble: all of them from one partition function.

In every structure the substituted nucleotide is in one loop, if it is unpaired, or in the two loops on both
sides of its pair. Only the weights w of these loops change; what is inside and outside of them does not. So

    Z' / Z = sum over loops in which it is unpaired  P(loop) w'(loop) / w(loop)
           + sum over its partners  (loops inside of the pair, w') (loops outside of the pair, w') / Z

The hairpins and interior loops of the first sum are in `unpaired_change`; its multiloops and exterior loop,
and the second sum, are here; what does not change is in `ensemble_parts`. One thing is approximate: loops
with another pair whose probability in the reference is below `MIN_REFERENCE_PROB` of that file are left out.
benchmarks/scan.py compares the result with folding every mutant.

Shape letters: L nucleotides. Positions count from 1 in this file, as in ViennaRNA.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mprna.folding.ensemble_parts import EnsembleParts
from mprna.folding.unpaired_change import (
    HairpinEnergy,
    InteriorLoops,
    hairpin_change,
    interior_change,
    interior_loops,
)
from mprna.folding.vienna import (
    BASE_CODES,
    DEFAULT_MODEL,
    MAX_LOOP,
    TYPES,
    Codes,
    Table,
    boltzmann,
    hairpin_energies,
    interior_weights,
)
from mprna.rna.canonical import MIN_HAIRPIN


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
    """Effects of all substitutions of one RNA. Making it takes what `EnsembleParts` takes.

    Args:
        sequence: clean letters, ACGUN.

    Raises:
        FoldingError: ViennaRNA cannot fold it.
    """

    def __init__(self, sequence: str) -> None:
        self._sequence = sequence
        self._parts = EnsembleParts(sequence)
        # The sum for the reference's own letter by position: 1, but for the pairs that are left out.
        self._references: dict[int, float] = {}
        self._loops: tuple[int, InteriorLoops] | None = None
        """Of the last position that was asked for: its three substitutions share them."""

    def delta(self, position: int, alt: str) -> float:
        """Free energy of the mutant's ensemble less that of the reference, kcal/mol.

        Args:
            position: 0-based.
            alt: another letter of ACGU.
        """
        p, mutant = position + 1, self._sequence[:position] + alt + self._sequence[position + 1 :]
        codes = self._parts.codes.copy()
        codes[p] = BASE_CODES.index(alt)
        with hairpin_energies(self._sequence) as before, hairpin_energies(mutant) as after:
            if p not in self._references:
                self._references[p] = self._weight(p, self._parts.codes, before)
            weight = self._weight(p, codes, after)
            weight += hairpin_change(self._parts, p, before, after)
        if self._loops is None or self._loops[0] != p:
            self._loops = p, interior_loops(self._parts, p)
        weight += interior_change(self._loops[1], codes)
        return -DEFAULT_MODEL.thermal_energy * math.log(weight / self._references[p])

    def _weight(self, p: int, codes: Codes, hairpin: HairpinEnergy) -> float:
        """Weight over Z of all structures with these letters, of which the one at p may be new; hairpins and
        interior loops in which p is unpaired count as in the reference."""
        parts = self._parts
        partners = TYPES[codes[p], codes] > 0
        partners[max(p - MIN_HAIRPIN, 0) : p + MIN_HAIRPIN + 1] = False
        possible = np.flatnonzero(partners)
        inside, outside = np.zeros(parts.length + 2), np.zeros(parts.length + 2)
        for j in possible.tolist():
            first, last = min(p, j), max(p, j)
            inside[j] = boltzmann(hairpin(first, last)) * parts.scale[last - first + 1]
        self._add_interior_after(p, possible, codes, inside, outside)
        self._add_interior_before(p, possible, codes, inside, outside)
        unpaired = parts.unpaired[p] + self._add_open_loops(p, codes, possible, inside, outside)
        return float(unpaired + inside @ outside)

    def _add_open_loops(self, p: int, codes: Codes, partners: Codes, inside: Table, outside: Table) -> float:
        """Multiloops on both sides of the pairs of p, and the exterior loop; returns what changes where p is
        unpaired in one of these and a neighbour of their pairs.

        In the comments, weights of the reference: Z(i, j) of all structures of i to j, M(i, j) of one or more
        branches of a multiloop in i to j, M2(i, j) of two or more; over Z, O(i, j) of what is outside of one
        branch and Os(i, j) of what is outside of several that fill i to j. Changes by the letter at p, where
        it is a neighbour: D(i, j) of the branch (i, j) in a multiloop, with what is inside of it, X(i, j) in
        the exterior loop; C(k, l) of the pair (k, l) that closes a multiloop, with what is outside of it.
        With the letter at p: ext' and stem' of a branch of each loop, close' of closing.
        """
        parts, code = self._parts, int(codes[p])
        near = self._neighbours(p, codes)
        scale, shifted, beside = parts.scale[1], parts.shifted, parts.multi_beside
        # Z(1, p - 1) + sum over i  Z(1, i - 1) X(i, p - 1)
        before = parts.before[p - 1] + parts.before[near.ends - 1] @ near.end_exterior
        # Z(p + 1, L) + sum over m  X(p + 1, m) Z(m + 1, L)
        after = parts.after[p + 1] + near.start_exterior @ parts.after[near.starts + 1]

        j = partners[partners > p]
        # close'(p, j) (M2(p + 1, j - 1) + sum over m  D(p + 1, m) M(m + 1, j - 1))
        inside[j] += parts.closing_weight(codes, p, j) * (
            parts.multi_inside[p, j] + _sum(near.start, shifted[np.ix_(near.starts, j)])
        )
        # before Z(j + 1, L) ext'(p, j) / Z
        outside[j] += before * parts.after[j + 1] * self._exterior(codes, p, j)
        # stem'(p, j) (O(p, j) + sum over i  D(i, p - 1) Os(i, j) + sum over l  C(p - 1, l) M(j + 1, l - 1))
        outside[j] += parts.stems.multi[TYPES[code, codes[j]], codes[p - 1], codes[j + 1]] * (
            parts.multi_outside[p, j]
            + _sum(near.end, beside[np.ix_(near.ends, j)])
            + _sum(near.closing_before, shifted[np.ix_(j, near.closed_before)].T)
        )
        j = partners[partners < p]
        # close'(j, p) (M2(j + 1, p - 1) + sum over i  M(j + 1, i - 1) D(i, p - 1))
        inside[j] += parts.closing_weight(codes, j, p) * (
            parts.multi_inside[j, p] + _sum(near.end, shifted[np.ix_(j, near.ends)].T)
        )
        # Z(1, j - 1) after ext'(j, p) / Z
        outside[j] += parts.before[j - 1] * after * self._exterior(codes, j, p)
        # stem'(j, p) (O(j, p) + sum over m  Os(j, m) D(p + 1, m) + sum over k  M(k + 1, j - 1) C(k, p + 1))
        outside[j] += parts.stems.multi[TYPES[codes[j], code], codes[j - 1], codes[p + 1]] * (
            parts.multi_outside[j, p]
            + _sum(near.start, beside[np.ix_(j, near.starts)].T)
            + _sum(near.closing_after, shifted[np.ix_(near.closed_after, j)])
        )
        # p unpaired: one neighbour changes, or both, as w1' w2' - w1 w2 = d1 w2 + w1 d2 + d1 d2
        multi = (
            # sum over i  D(i, p - 1) O(i, p)
            near.end @ parts.multi_outside[near.ends, p]
            # sum over m  D(p + 1, m) O(p, m)
            + near.start @ parts.multi_outside[p, near.starts]
            # sum over l  C(p - 1, l) M2(p + 1, l - 1)
            + near.closing_before @ parts.multi_inside[p, near.closed_before]
            # sum over k  C(k, p + 1) M2(k + 1, p - 1)
            + near.closing_after @ parts.multi_inside[near.closed_after, p]
            # sum over i and m  D(i, p - 1) Os(i, m) D(p + 1, m)
            + _sum(near.end, beside[np.ix_(near.ends, near.starts)]) @ near.start
            # sum over m and l  D(p + 1, m) M(m + 1, l - 1) C(p - 1, l)
            + _sum(near.start, shifted[np.ix_(near.starts, near.closed_before)]) @ near.closing_before
            # sum over k and i  C(k, p + 1) M(k + 1, i - 1) D(i, p - 1)
            + _sum(near.closing_after, shifted[np.ix_(near.closed_after, near.ends)]) @ near.end
        )
        # (before after - Z(1, p - 1) Z(p + 1, L)) / Z
        exterior = (before * after - parts.before[p - 1] * parts.after[p + 1]) / parts.total
        return float(scale * (multi + exterior))

    def _neighbours(self, p: int, mutant: Codes) -> _Neighbours:
        """How the weights of pairs beside p change with its letter."""
        parts = self._parts
        codes, old, code = parts.codes, int(parts.codes[p]), int(mutant[p])
        multi, exterior = parts.stems.multi, parts.stems.exterior
        ends, starts = parts.by_end.among(p - 1, p - 1).i, parts.by_start.among(p + 1, p + 1).j
        closed_before, closed_after = parts.by_start.among(p - 1, p - 1).j, parts.by_end.among(p + 1, p + 1).i
        kinds, around = TYPES[codes[ends], codes[p - 1]], np.where(ends > 1, codes[ends - 1], -1)
        end, end_exterior = (
            parts.inside[ends, p - 1] * (table[kinds, side, code] - table[kinds, side, old])
            for table, side in ((multi, codes[ends - 1]), (exterior, around))
        )
        kinds = TYPES[codes[p + 1], codes[starts]]
        around = np.where(starts < parts.length, codes[starts + 1], -1)
        start, start_exterior = (
            parts.inside[p + 1, starts] * (table[kinds, code, side] - table[kinds, old, side])
            for table, side in ((multi, codes[starts + 1]), (exterior, around))
        )
        closing_before, closing_after = (
            parts.outside[i, j] * parts.closing_weight(mutant, i, j)
            - parts.outside[i, j] * parts.closing_weight(codes, i, j)
            for i, j in ((p - 1, closed_before), (closed_after, p + 1))
        )
        return _Neighbours(
            ends, end, end_exterior, starts, start, start_exterior,
            closed_before, closing_before, closed_after, closing_after,
        )  # fmt: skip

    def _exterior(self, codes: Codes, i: Codes | int, j: Codes | int) -> Table:
        """Weight of a branch of the exterior loop, over Z."""
        parts = self._parts
        before = np.where(i > 1, codes[i - 1], -1)
        after = np.where(j < parts.length, codes[j + 1], -1)
        found: Table = parts.stems.exterior[TYPES[codes[i], codes[j]], before, after] / parts.total
        return found

    def _add_interior_after(
        self, p: int, partners: Codes, codes: Codes, inside: Table, outside: Table
    ) -> None:
        """Interior loops of pairs (p, j), p < j."""
        parts, weights = self._parts, interior_weights()
        inner = parts.by_start.among(p + 1, p + MAX_LOOP + 1)
        room = MAX_LOOP - (inner.i - p - 1)
        pair, j = _with_partners(partners, inner.j + 1, inner.j + room + 1)
        k, m = inner.i[pair], inner.j[pair]
        found = weights(codes, np.full_like(j, p), j, k, m) * inner.inside[pair]
        inside += _by_position(j, found * parts.scale[k - p + j - m], inside)
        outer = parts.by_start.among(p - MAX_LOOP - 1, p - 1)
        room = MAX_LOOP - (p - outer.i - 1)
        pair, j = _with_partners(partners, np.maximum(outer.j - room - 1, p + 1), outer.j - 1)
        i, m = outer.i[pair], outer.j[pair]
        found = weights(codes, i, m, np.full_like(j, p), j) * outer.outside[pair]
        outside += _by_position(j, found * parts.scale[p - i + m - j], outside)

    def _add_interior_before(
        self, p: int, partners: Codes, codes: Codes, inside: Table, outside: Table
    ) -> None:
        """Interior loops of pairs (j, p), j < p."""
        parts, weights = self._parts, interior_weights()
        inner = parts.by_end.among(p - MAX_LOOP - 1, p - 1)
        room = MAX_LOOP - (p - inner.j - 1)
        pair, j = _with_partners(partners, inner.i - room - 1, inner.i - 1)
        k, m = inner.i[pair], inner.j[pair]
        found = weights(codes, j, np.full_like(j, p), k, m) * inner.inside[pair]
        inside += _by_position(j, found * parts.scale[k - j + p - m], inside)
        outer = parts.by_end.among(p + 1, p + MAX_LOOP + 1)
        room = MAX_LOOP - (outer.j - p - 1)
        pair, j = _with_partners(partners, outer.i + 1, np.minimum(outer.i + room + 1, p - 1))
        i, m = outer.i[pair], outer.j[pair]
        found = weights(codes, i, m, j, np.full_like(j, p)) * outer.outside[pair]
        outside += _by_position(j, found * parts.scale[j - i + m - p], outside)


def _sum(weights: Table, rows: Table) -> Table:
    """Weighted sum of rows, without BLAS."""
    found: Table = (weights[:, None] * rows).sum(axis=0)
    return found


def _by_position(positions: Codes, weights: Table, like: Table) -> Table:
    """Sums of the weights by position."""
    return np.bincount(positions, weights, minlength=len(like)).astype(np.float64)


def _with_partners(partners: Codes, first: Codes, last: Codes) -> tuple[Codes, Codes]:
    """Every pair n with every partner from `first[n]` to `last[n]`: the n, and the partners, which are
    sorted."""
    start, end = np.searchsorted(partners, first), np.searchsorted(partners, last, side="right")
    counts = (end - start).clip(0)
    pair = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(pair)) - np.repeat(counts.cumsum() - counts, counts)
    return pair, partners[start[pair] + place]
