"""Bends the arcs of pseudoknot pairs to where they have most room between the nucleotides of a drawing.

Shape letters: L nucleotides, P arcs, S samples along one arc.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.rna.structure import Pairs

Floats = npt.NDArray[np.float64]

_HEIGHTS: Final = (0.2, -0.2, 0.4, -0.4, 0.65, -0.65)
"""Heights to try, as shares of the distance between the two nucleotides."""

_BULGE: Final = 3
"""Most steps along either strand between two pairs of one helix."""

_ENOUGH: Final = 1.2
"""Distance to the next nucleotide, in units of the drawing, beyond which more room is worth nothing."""

_FLATNESS: Final = 0.5
"""How much more room a higher arc must have: units of room per height, which is a share of the distance."""


def arc_controls(positions: Floats, arcs: Pairs) -> Floats:
    """Control points of one quadratic Bezier curve per arc; the pairs of one helix bend alike.

    *Shape:* (L, 2), (P, 2) -> (P, 2)
    """
    controls = np.empty((len(arcs), 2))
    for helix in _helices(arcs):
        height = _best_height(positions, arcs[helix])
        for index in helix:
            i, j = arcs[index]
            controls[index] = _control(positions[i], positions[j], height)
    return controls


def arc_points(start: Floats, control: Floats, end: Floats) -> Floats:
    """Points between the ends of one curve. *Shape:* (2,) each -> (9, 2)"""
    t = np.linspace(0, 1, 11)[1:-1, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _helices(arcs: Pairs) -> list[list[int]]:
    """Indices of the arcs, those of one helix together; small bulges do not end a helix."""
    helices: list[list[int]] = []
    for index, (i, j) in enumerate(arcs.tolist()):
        before_i, before_j = arcs[index - 1].tolist()
        if index > 0 and i - before_i <= _BULGE and 0 < before_j - j <= _BULGE:
            helices[-1].append(index)
        else:
            helices.append([index])
    return helices


def _best_height(positions: Floats, helix: Pairs) -> float:
    """Height at which the arcs of a helix have most room between all nucleotides but their own."""
    others = np.delete(positions, helix.ravel(), axis=0)
    if not len(others):
        return _HEIGHTS[0]

    def worth(height: float) -> float:
        ends = [(positions[i], positions[j]) for i, j in helix.tolist()]
        points = [arc_points(start, _control(start, end, height), end) for start, end in ends]
        gaps = np.linalg.norm(np.concatenate(points)[:, None] - others[None], axis=2).min(axis=1)
        return float(np.minimum(gaps, _ENOUGH).mean()) - _FLATNESS * abs(height)

    return max(_HEIGHTS, key=worth)


def _control(start: Floats, end: Floats, height: float) -> Floats:
    """The curve's highest point is half as far from the chord as its control point."""
    across = end - start
    return np.asarray((start + end) / 2 + 2 * height * np.array([across[1], -across[0]]))
