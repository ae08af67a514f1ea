"""Where the numbers and the 5' and 3' marks of a drawing go: beside their nucleotide, on nothing else.

Shape letters: L nucleotides, O obstacles, D directions.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NUM_DIRECTIONS: Final = 32
_OUTWARD_WEIGHT: Final = 0.4
"""What pointing away from the neighbours is worth, in label distances of free space."""

_ENOUGH: Final = 1.6
"""Free space beyond this many label distances is worth nothing more."""


class LabelPlacer:
    """Places one label after the other; every placed label is in the way of the next.

    Args:
        positions: nucleotides. *Shape:* (L, 2)
        obstacles: what else must stay readable, such as the middles of pairs. *Shape:* (O, 2)
        distance: from the centre of a nucleotide to the centre of its label.
    """

    def __init__(self, positions: Floats, obstacles: Floats, *, distance: float) -> None:
        self._positions = positions
        self._obstacles = np.concatenate([positions, obstacles])
        self._distance = distance
        angles = np.arange(_NUM_DIRECTIONS) * (2 * np.pi / _NUM_DIRECTIONS)
        self._directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def place(self, index: int, outward: Floats, *, half_width: float = 0.0) -> Floats:
        """Centre of the label of one nucleotide.

        Args:
            index: which nucleotide, 0-based.
            outward: the direction that looks best, of any length. *Shape:* (2,)
            half_width: from the label's centre to the centre of its last letter.
        """
        centres = self._positions[index] + self._distance * self._directions
        others = np.delete(self._obstacles, index, axis=0)
        free = np.full(_NUM_DIRECTIONS, _ENOUGH)
        for shift in {-half_width, 0.0, half_width} if len(others) else ():
            letters = centres + np.array([shift, 0.0])
            gaps = np.linalg.norm(letters[:, None] - others[None], axis=2).min(axis=1)
            free = np.minimum(free, gaps / self._distance)
        length = float(np.linalg.norm(outward))
        if length > 0:
            free = free + _OUTWARD_WEIGHT * (self._directions @ (outward / length))
        centre = centres[int(np.argmax(free))]
        self._obstacles = np.concatenate([self._obstacles, centre[None]])
        return np.asarray(centre)


def outward_direction(positions: Floats, partner: int, index: int) -> Floats:
    """Away from the partner of a paired nucleotide (-1: none), from the two neighbours of another.

    *Shape:* (L, 2) -> (2,)
    """
    here = positions[index]
    if partner >= 0:
        return np.asarray(here - positions[partner])
    neighbours = positions[max(index - 1, 0) : index + 2]
    return np.asarray(here - neighbours.mean(axis=0))
