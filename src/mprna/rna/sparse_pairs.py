"""Pair probabilities without the improbable ones: five bytes a pair.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

SPARSE_PAIR: Final = np.dtype([("first", "<u2"), ("second", "<u2"), ("prob", "u1")])
"""0-based positions, the first below the second, and the probability in units of 1/255."""

SparsePairs = npt.NDArray[np.void]
"""Of the type `SPARSE_PAIR`. *Shape:* (P,)"""

MIN_PACKED_PROB: Final = 0.01
MAX_PACKED_LENGTH: Final = 2**16
"""Longest RNA whose positions fit, nt."""


def pack_pairs(probs: npt.NDArray[np.floating]) -> bytes:
    """Pairs of at least `MIN_PACKED_PROB`, in the order of their positions. *Shape:* (L, L), symmetric"""
    first, second = np.nonzero(np.triu(probs >= MIN_PACKED_PROB, 1))
    pairs = np.empty(len(first), SPARSE_PAIR)
    pairs["first"], pairs["second"] = first, second
    pairs["prob"] = np.rint(255 * np.minimum(probs[first, second], 1.0))
    return pairs.tobytes()


def unpack_pairs(data: bytes | npt.NDArray[np.uint8]) -> SparsePairs:
    """Inverse of `pack_pairs`, a view of the same bytes.

    Raises:
        ValueError: bytes that are no whole number of pairs.

    >>> unpack_pairs(pack_pairs(np.array([[0.0, 0.4], [0.4, 0.0]]))).tolist()
    [(0, 1, 102)]
    """
    return np.frombuffer(data, SPARSE_PAIR)
