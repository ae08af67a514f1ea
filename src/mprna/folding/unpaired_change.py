"""What a substitution changes in the loops in which its nucleotide is unpaired: hairpins and interior loops.

Positions count from 1 in this file, as in ViennaRNA.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from mprna.folding.ensemble_parts import MAX_LOOP, EnsembleParts
from mprna.folding.vienna import boltzmann

HairpinEnergy = Callable[[int, int], int]
"""Energy of the hairpin that the pair (i, j) closes."""
InteriorEnergy = Callable[[int, int, int, int], int]
"""Energy of the interior loop between the outer pair (i, j) and the inner pair (k, m)."""

MAX_SPECIAL_HAIRPIN: Final = 6
"""Longest hairpins that may have an energy of their own."""


def hairpin_change(parts: EnsembleParts, p: int, before: HairpinEnergy, after: HairpinEnergy) -> float:
    """Change of the weight over Z of hairpins in which p is unpaired: next to the pair, or in one with an
    energy of its own."""
    total = 0.0
    for i in range(max(p - MAX_SPECIAL_HAIRPIN, 1), p):
        for j, _, _ in parts.pairs_from[i]:
            if p < j <= i + MAX_SPECIAL_HAIRPIN + 1:
                total += _hairpin_term(parts, i, j, before, after)
    for j, _, _ in parts.pairs_from[p - 1]:
        if j > p + MAX_SPECIAL_HAIRPIN:
            total += _hairpin_term(parts, p - 1, j, before, after)
    for i, _, _ in parts.pairs_to[p + 1]:
        if i < p - MAX_SPECIAL_HAIRPIN:
            total += _hairpin_term(parts, i, p + 1, before, after)
    return total


def _hairpin_term(parts: EnsembleParts, i: int, j: int, before: HairpinEnergy, after: HairpinEnergy) -> float:
    old, new = before(i, j), after(i, j)
    if old == new:
        return 0.0
    weight = parts.outside[i, j] * parts.scale[j - i + 1]
    return float(weight * (boltzmann(new) - boltzmann(old)))


class InteriorLoop(NamedTuple):
    """An interior loop between the outer pair (i, j) and the inner pair (k, m)."""

    i: int
    j: int
    k: int
    m: int
    around: float
    """Weight over Z of everything but the loop."""
    energy: int
    """Of the reference."""


def interior_loops(parts: EnsembleParts, p: int, energy: InteriorEnergy) -> list[InteriorLoop]:
    """All in which p is unpaired, next to one of the pairs."""
    return [
        InteriorLoop(i, j, k, m, weight * parts.scale_list[k - i + j - m], energy(i, j, k, m))
        for i, j, k, m, weight in _pairs_of_loops(parts, p)
    ]


def interior_change(loops: Iterable[InteriorLoop], energy: InteriorEnergy) -> float:
    """Change of the weight over Z of these loops."""
    total = 0.0
    for i, j, k, m, around, old in loops:
        new = energy(i, j, k, m)
        if old != new:
            total += around * (boltzmann(new) - boltzmann(old))
    return total


def _pairs_of_loops(parts: EnsembleParts, p: int) -> Iterator[tuple[int, int, int, int, float]]:
    """Pairs (i, j) and, in them, (k, m), with p next to one of the four; the weight around and in both."""
    end = parts.length
    left = [(p - 1, k) for k in range(p + 1, min(p + MAX_LOOP, end) + 1)]
    left += [(i, p + 1) for i in range(max(p - MAX_LOOP, 1), p - 1) if p < end]
    for i, k in left:
        for j, _, around in parts.pairs_from[i]:
            for m, within, _ in parts.pairs_from[k]:
                if m < j and k - i + j - m - 2 <= MAX_LOOP:
                    yield i, j, k, m, around * within
    right = [(m, p + 1) for m in range(max(p - MAX_LOOP, 1), p)]
    right += [(p - 1, j) for j in range(p + 2, min(p + MAX_LOOP, end) + 1)]
    for m, j in right:
        for i, _, around in parts.pairs_to[j]:
            for k, within, _ in parts.pairs_to[m]:
                if i < k and k - i + j - m - 2 <= MAX_LOOP:
                    yield i, j, k, m, around * within
