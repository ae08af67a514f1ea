"""Where the nucleotides of a drawing go.

ViennaRNA (RNApuzzler: loops as circles, helices as ladders, hardly an overlap) lays out all that hangs on the
exterior loop. The exterior loop itself, and which side is up, are decided here: RNApuzzler draws it as one
straight line, which for a long RNA with short helices is a very long one.

Coordinates are in units of one backbone step; x grows to the right and y grows *down*, as in SVG. On the way
they are complex numbers, so that moving a helix is one multiplication.

Shape letters: L nucleotides, P pairs, E nucleotides of the exterior loop.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna import coordinates
from mprna.rna.pseudoknots import nested_pairs
from mprna.rna.structure import (
    UNPAIRED,
    Pairs,
    Partners,
    dot_bracket_from_pairs,
    pairs_from_dot_bracket,
    partners_from_pairs,
)

Points = npt.NDArray[np.complex128]

_LONG_LINE: Final = 45.0
"""Exterior loops up to this width (units) stay straight whatever the proportions."""

_WIDE: Final = 2.5
"""Width over height from which a longer exterior loop is bent into a circle."""

_OPENING_ANGLE: Final = float(np.radians(40))
"""Gap between the 5' and the 3' end of a circular exterior loop."""

_STRETCHES: Final = (0.0, 0.15, 0.3, 0.5, 0.75, 1.0)
"""Shares of RNApuzzler's room between helices to try on a circle, until nothing collides."""

_OVERLAP: Final = 0.95
"""Distance below which two nucleotides overlap, in units."""

_LEAN: Final = float(np.radians(40))
"""Most by which a helix on a circle may turn, so that what it carries points outwards."""

_PAIR_WIDTH: Final = 1.4
"""RNApuzzler's distance between paired nucleotides, in units."""

_TALL: Final = 2.2
"""Height over width from which a long lone helix is laid on its side."""

_LONG_HELIX: Final = 24.0
"""Height (units) from which a helix counts as long."""

_LONGEST_ARM: Final = 24
"""Most nucleotides in one arm of a tRNA-like cloverleaf."""


@dataclass(frozen=True)
class Layout:
    """A drawing without ink.

    Args:
        positions: one point per nucleotide, neighbours about one unit apart, the smallest x and y are 0.
            *Shape:* (L, 2)
        rungs: pairs that stand face to face. *Shape:* (P, 2)
        arcs: pairs that do not, in pseudoknots and between neighbours. *Shape:* (P', 2)
    """

    positions: npt.NDArray[np.float64]
    rungs: Pairs
    arcs: Pairs


def layout(dot_bracket: str) -> Layout:
    """Coordinates of every nucleotide.

    The 5' end is on the left and helices point up, with two customs of the field: a tRNA-like cloverleaf has
    its acceptor helix on top, and a long lone hairpin (a miRNA precursor) lies on its side.

    >>> layout("((...))").positions.shape
    (7, 2)

    Raises:
        StructureError: not a dot-bracket.
        FoldingError: nothing to lay out (an empty structure).
    """
    length = len(dot_bracket)
    pairs = pairs_from_dot_bracket(dot_bracket)
    # RNApuzzler writes outside of its memory where neighbours pair, and may not end where one is between.
    rungs = nested_pairs(pairs[pairs[:, 1] > pairs[:, 0] + 2])
    partners = partners_from_pairs(rungs, length)
    points = _in_units(coordinates(dot_bracket_from_pairs(rungs, length)))
    points = _turn(_place_exterior(points, partners), partners)
    positions = np.stack([points.real, points.imag], axis=1)
    arcs = pairs[~np.isin(pairs[:, 0], rungs[:, 0])]
    return Layout(positions=positions - positions.min(axis=0), rungs=rungs, arcs=arcs)


def _in_units(drawn: npt.NDArray[np.float64]) -> Points:
    """*Shape:* (L, 2) in ViennaRNA's units, y up -> (L,) in ours, y down"""
    points = np.array(drawn[:, 0] - 1j * drawn[:, 1], dtype=np.complex128)
    steps = np.abs(np.diff(points))
    return points / np.median(steps) if len(steps) else points


def _place_exterior(points: Points, partners: Partners) -> Points:
    """Exterior loop on a line, or on an open circle where a line would be long and flat."""
    walk = _walk(partners, 0, len(partners))
    steps = np.abs(np.diff(points[walk]))
    straight = _move(points, partners, walk, _line(steps))
    width, height = np.ptp(straight.real), np.ptp(straight.imag)
    if width < max(_LONG_LINE, _WIDE * height):
        return straight
    # RNApuzzler pulls helices apart along the line; on a circle they need less of that room.
    bodies = _bodies(partners, walk)
    for stretch, lean in itertools.product(_STRETCHES, (0.0, _LEAN)):
        targets = _open_circle(np.minimum(steps, _PAIR_WIDTH) * (1 - stretch) + steps * stretch)
        circular = _move(points, partners, walk, targets, lean=lean)
        if not _collide(circular, bodies):
            return circular
    return _move(points, partners, walk, _open_circle(steps))


def _walk(partners: Partners, start: int, stop: int) -> list[int]:
    """Nucleotides of one loop from 5' to 3': unpaired ones and both ends of every helix that stands on it."""
    walk, position = [], start
    while position < stop:
        walk.append(position)
        if partners[position] != UNPAIRED:
            position = int(partners[position])
            walk.append(position)
        position += 1
    return walk


def _line(steps: npt.NDArray[np.float64]) -> Points:
    return np.concatenate([[0.0], np.cumsum(steps)]).astype(np.complex128)


def _open_circle(steps: npt.NDArray[np.float64]) -> Points:
    """Clockwise from the lower left to the lower right, so that helices point outwards.

    *Shape:* (E - 1,) -> (E,)
    """
    distances = np.concatenate([[0.0], np.cumsum(steps)])
    swept = 2 * np.pi - _OPENING_ANGLE
    radius = distances[-1] / swept
    return np.asarray(radius * np.exp(1j * (np.pi / 2 + _OPENING_ANGLE / 2 + distances / radius)))


def _bodies(partners: Partners, walk: list[int]) -> npt.NDArray[np.int64]:
    """A number for every nucleotide, the same within one helix of the exterior loop. *Shape:* (L,)"""
    bodies = np.arange(len(partners))
    for i in walk:
        if partners[i] > i:
            bodies[i : partners[i] + 1] = i
    return bodies


def _collide(points: Points, bodies: npt.NDArray[np.int64]) -> bool:
    """Whether nucleotides of two bodies overlap, chain neighbours apart."""
    cells: dict[tuple[int, int], list[int]] = {}
    for index, point in enumerate(points.tolist()):
        x, y = round(point.real), round(point.imag)
        for cell in itertools.product((x - 1, x, x + 1), (y - 1, y, y + 1)):
            for other in cells.get(cell, ()):
                is_other_body = bodies[other] != bodies[index] and index - other > 1
                if is_other_body and abs(points[other] - point) < _OVERLAP:
                    return True
        cells.setdefault((x, y), []).append(index)
    return False


def _move(
    points: Points, partners: Partners, walk: list[int], targets: Points, *, lean: float = 0.0
) -> Points:
    """Bring the exterior loop to its targets; every helix moves along as one rigid body.

    Args:
        lean: most radians by which a helix may turn about its foot, so that what it carries stands upright.
    """
    moved = points.copy()
    moved[walk] = targets
    target = dict(zip(walk, targets.tolist(), strict=True))
    for i in walk:
        j = int(partners[i])
        if j > i:
            body = points[i : j + 1] - (points[i] + points[j]) / 2
            turn = (target[j] - target[i]) / (points[j] - points[i])
            upright = -1j * (points[j] - points[i]) / body.mean()
            turn *= np.exp(1j * np.clip(np.angle(upright), -lean, lean))
            moved[i : j + 1] = (target[i] + target[j]) / 2 + turn / abs(turn) * body
    return moved


def _turn(points: Points, partners: Partners) -> Points:
    """Up, sideways or upside down, as the field draws such a structure."""
    helices = _helices(partners, 0, len(partners))
    if len(helices) != 1:
        return points
    if _is_cloverleaf(partners, helices[0]):
        return points.conj()
    height, width = np.ptp(points.imag), np.ptp(points.real)
    return points * 1j if height > max(_LONG_HELIX, _TALL * width) else points


def _helices(partners: Partners, start: int, stop: int) -> list[int]:
    """First nucleotides of the helices that stand on the loop between start and stop."""
    return [i for i in _walk(partners, start, stop) if partners[i] > i]


def _is_cloverleaf(partners: Partners, i: int) -> bool:
    """Whether the helix that opens at i ends in three or four short unbranched arms."""
    while partners[i] > i + 2 and partners[i + 1] == partners[i] - 1:
        i += 1
    arms = _helices(partners, i + 1, int(partners[i]))
    return len(arms) in (3, 4) and all(_is_short_arm(partners, arm) for arm in arms)


def _is_short_arm(partners: Partners, i: int) -> bool:
    arm = partners[i : partners[i] + 1]
    opens = arm > np.arange(i, i + len(arm))
    closes = (arm != UNPAIRED) & ~opens
    return len(arm) <= _LONGEST_ARM and bool(np.flatnonzero(opens)[-1] < np.flatnonzero(closes)[0])
