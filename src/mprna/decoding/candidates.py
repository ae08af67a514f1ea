"""Which pairs are worth a decoder's while.

Shape letters: L nucleotides, C candidate pairs, R rows of one block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import CANONICAL_PAIRS
from mprna.rna.canonical import MIN_HAIRPIN

Positions = npt.NDArray[np.int64]

_BLOCK_CELLS: Final = 4_000_000
_PAIR_CODES: Final = [256 * ord(pair[0]) + ord(pair[1]) for pair in sorted(CANONICAL_PAIRS)]


def candidate_pairs(
    sequence: str, excess: Callable[[slice], npt.NDArray[np.floating]], *, max_span: int | None = None
) -> tuple[Positions, Positions]:
    """Pairs (i, j), i < j, that are canonical, leave a hairpin and gain more than their ends do unpaired.

    The (L, L) table of gains is never made: `excess` is asked for some of its rows at a time.

    Args:
        sequence: clean letters, ACGUN.
        excess: rows -> gain of each pair less what its unpaired ends would gain.
            *Shape:* (R, L)
        max_span: most nucleotides from one end of a pair to the other, both included.

    Returns:
        Their ends, sorted by i, then j.
        *Shape:* (C,) each
    """
    length = len(sequence)
    longest = length if max_span is None else max_span
    step = max(1, _BLOCK_CELLS // max(length, 1))
    found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    for first in range(0, length, step):
        i, j = np.nonzero(excess(slice(first, first + step)) > 0)
        i += first
        near = (j - i > MIN_HAIRPIN) & (j - i < longest)
        i, j = i[near], j[near]
        useful = _canonical(sequence, i, j)
        found.append((i[useful], j[useful]))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def check_probs(name: str, probs: npt.NDArray[np.floating], shape: tuple[int, ...]) -> None:
    """Make sure of the border: right shape, every value within 0 to 1 (give or take rounding).

    Raises:
        ValueError: otherwise, NaN included.
    """
    if probs.shape != shape:
        raise ValueError(f"{name} of shape {probs.shape}, expected {shape}")
    if probs.size and not (probs.min() >= -1e-4 and probs.max() <= 1 + 1e-4):
        raise ValueError(f"{name} outside of 0 to 1")


def _canonical(sequence: str, i: Positions, j: Positions) -> npt.NDArray[np.bool_]:
    letters = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8).astype(np.int64)
    return np.isin(256 * letters[i] + letters[j], _PAIR_CODES)
