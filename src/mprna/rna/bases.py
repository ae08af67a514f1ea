"""Bases as numbers.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

LETTERS: Final = "ACGUN"
"""A base's number is its place in this string."""

UNKNOWN_BASE: Final = LETTERS.index("N")
BEYOND_END: Final = len(LETTERS)
"""Where a padded sequence has no nucleotide."""

_CODES: Final = np.full(256, UNKNOWN_BASE, dtype=np.uint8)
_CODES[np.frombuffer(LETTERS.encode(), dtype=np.uint8)] = range(len(LETTERS))


def base_ids(sequence: str) -> npt.NDArray[np.int64]:
    """0-3 for A C G U, 4 for N, of a clean sequence. *Shape:* (L,)

    >>> base_ids("ACGUN").tolist()
    [0, 1, 2, 3, 4]
    """
    return base_codes(sequence).astype(np.int64)


def base_codes(sequence: str) -> npt.NDArray[np.uint8]:
    """The same in one byte each. *Shape:* (L,)"""
    return np.asarray(_CODES[np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)])
