"""Bases as the numbers that pair networks, degradation networks and repair read.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mprna.runtime.engine import IntArray

LETTERS: Final = "ACGUN"
"""A base's number is its place in this string."""

UNKNOWN_BASE: Final = LETTERS.index("N")
BEYOND_END: Final = len(LETTERS)
"""Where a padded sequence has no nucleotide."""


def base_ids(sequence: str) -> IntArray:
    """0-3 for A C G U, 4 for N. *Shape:* (L,)

    >>> base_ids("ACGUN").tolist()
    [0, 1, 2, 3, 4]
    """
    return np.array([LETTERS.index(letter) for letter in sequence], dtype=np.int64)
