"""What a substitution changes in the loops in which its nucleotide is unpaired: hairpins and interior loops.

Shape letters: N loops. Positions count from 1 in this file, as in ViennaRNA.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from mprna.folding.ensemble_parts import EnsembleParts, LikelyPairs
from mprna.folding.vienna import MAX_LOOP, Codes, Table, boltzmann, interior_weights

HairpinEnergy = Callable[[int, int], int]
"""Energy of the hairpin that the pair (i, j) closes."""

MAX_SPECIAL_HAIRPIN: Final = 6
"""Longest hairpins that may have an energy of their own."""


def hairpin_change(parts: EnsembleParts, p: int, before: HairpinEnergy, after: HairpinEnergy) -> float:
    """Change of the weight over Z of hairpins in which p is unpaired: next to the pair, or in one with an
    energy of its own."""
    near = parts.by_start.among(p - MAX_SPECIAL_HAIRPIN, p - 1)
    pairs = [
        (i, j)
        for i, j in zip(near.i.tolist(), near.j.tolist(), strict=True)
        if p < j and (i == p - 1 or j - i - 1 <= MAX_SPECIAL_HAIRPIN)
    ]
    pairs += [(i, p + 1) for i in parts.by_end.among(p + 1, p + 1).i.tolist() if i < p - MAX_SPECIAL_HAIRPIN]
    return sum(_hairpin_term(parts, i, j, before, after) for i, j in pairs)


def _hairpin_term(parts: EnsembleParts, i: int, j: int, before: HairpinEnergy, after: HairpinEnergy) -> float:
    old, new = before(i, j), after(i, j)
    if old == new:
        return 0.0
    weight = parts.outside[i, j] * parts.scale[j - i + 1]
    return float(weight * (boltzmann(new) - boltzmann(old)))


class InteriorLoops(NamedTuple):
    """Interior loops between outer pairs (i, j) and inner pairs (k, m). *Shape:* (N,) each"""

    i: Codes
    j: Codes
    k: Codes
    m: Codes
    around: Table
    """Weights over Z of everything but the loop."""
    reference: Table
    """Weights of the loops in the reference."""


def interior_loops(parts: EnsembleParts, p: int) -> InteriorLoops:
    """All in which p is unpaired, next to one of the pairs."""
    start, end = parts.by_start, parts.by_end
    found = [
        _nested(start.among(p - 1, p - 1), start.among(p + 1, p + MAX_LOOP)),
        _nested(start.among(p - MAX_LOOP, p - 2), start.among(p + 1, p + 1)),
        _nested(end.among(p + 1, p + 1), end.among(p - MAX_LOOP, p - 1)),
        _nested(end.among(p + 2, p + MAX_LOOP), end.among(p - 1, p - 1)),
    ]
    i, j, k, m, around = (np.concatenate(columns) for columns in zip(*found, strict=True))
    around = around * parts.scale[k - i + j - m]
    return InteriorLoops(i, j, k, m, around, interior_weights()(parts.codes, i, j, k, m))


def interior_change(loops: InteriorLoops, codes: Codes) -> float:
    """Change of the weight over Z of these loops, with other letters."""
    i, j, k, m, around, reference = loops
    return float((around * (interior_weights()(codes, i, j, k, m) - reference)).sum())


def _nested(outer: LikelyPairs, inner: LikelyPairs) -> tuple[Codes, Codes, Codes, Codes, Table]:
    """Outer pairs and inner pairs that make an interior loop; the weight around the one and in the other."""
    left, right = inner.i - outer.i[:, None], outer.j[:, None] - inner.j
    outside, inside = np.nonzero((left > 0) & (right > 0) & (left + right - 2 <= MAX_LOOP))
    weight = outer.outside[outside] * inner.inside[inside]
    return outer.i[outside], outer.j[outside], inner.i[inside], inner.j[inside], weight
