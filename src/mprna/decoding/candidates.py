"""Candidate pairs: those that a decoder has to consider.

Shape letters: L nucleotides, C candidate pairs, R rows of one block.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.rna.constraints import Constraint, may_pair

Positions = npt.NDArray[np.int64]

_BLOCK_CELLS: Final = 4_000_000
"""Cells of an (L, L) table that are looked at in one go: 32 MB in double precision."""


def candidate_pairs(
    sequence: str,
    excess: Callable[[slice], npt.NDArray[np.floating]],
    *,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> tuple[Positions, Positions]:
    """Pairs (i, j), i < j, that are canonical, far enough apart for a hairpin, and gain more than their ends
    would gain unpaired.

    The (L, L) table of gains is never made: `excess` is asked for some of its rows at a time.

    Args:
        sequence: clean letters, ACGUN.
        excess: rows -> gain of each pair less what its unpaired ends would gain.
            *Shape:* (R, L)
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: pairs that it rules out are no candidates.

    Returns:
        Their ends, sorted by i, then j.
        *Shape:* (C,) each
    """
    length = len(sequence)
    step = max(1, _BLOCK_CELLS // max(length, 1))
    found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    for first in range(0, length, step):
        i, j = np.nonzero(excess(slice(first, first + step)) > 0)
        i += first
        possible = may_pair(sequence, i, j, max_span=max_span, constraint=constraint)
        found.append((i[possible], j[possible]))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def penalise_unpaired(
    unpaired: npt.NDArray[np.float64], constraint: Constraint | None, *, bound: float
) -> npt.NDArray[np.float64]:
    """Scores of unpaired nucleotides; where the constraint demands a pair, too low to be made up for.

    Args:
        unpaired: scores.
            *Shape:* (L,)
        bound: the most by which one nucleotide, paired or not, can change the score of a structure.
    """
    if constraint is None:
        return unpaired
    return np.where(constraint.must_pair, -(1.0 + 2.0 * bound * len(unpaired)), unpaired)


def pairs_of_demanded(
    sequence: str, constraint: Constraint | None, *, max_span: int | None = None
) -> tuple[Positions, Positions]:
    """Every possible pair of the nucleotides that the constraint demands a pair of; some come twice.

    *Shape:* (C,) each
    """
    found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))]
    positions = [] if constraint is None else np.flatnonzero(constraint.must_pair).tolist()
    everywhere = np.arange(len(sequence))
    for position in positions:
        i, j = np.minimum(everywhere, position), np.maximum(everywhere, position)
        possible = may_pair(sequence, i, j, max_span=max_span, constraint=constraint)
        found.append((i[possible], j[possible]))
    return np.concatenate([i for i, _ in found]), np.concatenate([j for _, j in found])


def check_probs(name: str, probs: npt.NDArray[np.floating], shape: tuple[int, ...]) -> None:
    """Make sure that probabilities have the right shape and are within 0 to 1, give or take rounding.

    Raises:
        ValueError: otherwise, NaN included.
    """
    if probs.shape != shape:
        raise ValueError(f"{name} of shape {probs.shape}, expected {shape}")
    if probs.size and not (probs.min() >= -1e-4 and probs.max() <= 1 + 1e-4):
        raise ValueError(f"{name} outside of 0 to 1")
