"""Pair probabilities of one sequence as decoders read them: an (L, L) table or a band.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from mprna.rna.structure import Pairs

FloatArray = npt.NDArray[np.float32]
Floors = npt.NDArray[np.floating]

MIN_PAIR_PROB: Final = 1e-3
"""Pairs of a lower probability are no candidates where pairs are listed one by one."""


class PairProbs(Protocol):
    """Pair probabilities of one sequence; `PairBand` and `Prediction` are such."""

    @property
    def base_pair_probs(self) -> FloatArray:
        """(L, L), symmetric."""

    @property
    def unpaired_probs(self) -> FloatArray:
        """(L,)"""

    def likely_pairs(self, threshold: float, floors: Floors | None = None) -> tuple[Pairs, FloatArray]:
        """Pairs of at least this probability, and above the sum of the floors of both ends: (P, 2)
        positions, i < j, sorted, and (P,) probabilities."""

    def probs_of(self, pairs: Pairs) -> FloatArray:
        """Probabilities of pairs. *Shape:* (P, 2) to (P,)"""


@dataclass(frozen=True, slots=True, eq=False)
class DensePairProbs:
    """`PairProbs` of a table."""

    base_pair_probs: FloatArray
    """Symmetric. *Shape:* (L, L)"""

    @property
    def unpaired_probs(self) -> FloatArray:
        """*Shape:* (L,)"""
        unpaired = 1.0 - self.base_pair_probs.sum(axis=1, dtype=np.float64)
        probs: FloatArray = unpaired.clip(0.0, 1.0).astype(np.float32)
        return probs

    def likely_pairs(self, threshold: float, floors: Floors | None = None) -> tuple[Pairs, FloatArray]:
        """See `PairProbs.likely_pairs`."""
        likely = self.base_pair_probs >= threshold
        if floors is not None:
            likely &= self.base_pair_probs > floors[:, None] + floors
        pairs = np.argwhere(np.triu(likely, k=1))
        return pairs, self.probs_of(pairs)

    def probs_of(self, pairs: Pairs) -> FloatArray:
        """See `PairProbs.probs_of`."""
        return self.base_pair_probs[pairs[:, 0], pairs[:, 1]]


@dataclass(frozen=True, slots=True, eq=False)
class WithCertainPairs:
    """`PairProbs` and pairs of probability 1 that they have no room for, such as wide ones beside a band."""

    others: PairProbs
    certain: Pairs
    """i < j. *Shape:* (P, 2)"""

    @property
    def base_pair_probs(self) -> FloatArray:
        """*Shape:* (L, L)"""
        probs = self.others.base_pair_probs.copy()
        i, j = self.certain.T
        probs[i, j] = probs[j, i] = 1.0
        return probs

    @property
    def unpaired_probs(self) -> FloatArray:
        """*Shape:* (L,)"""
        probs = self.others.unpaired_probs.copy()
        probs[self.certain] = 0.0
        return probs

    def likely_pairs(self, threshold: float, floors: Floors | None = None) -> tuple[Pairs, FloatArray]:
        """See `PairProbs.likely_pairs`."""
        pairs, probs = self.others.likely_pairs(threshold, floors)
        pairs = np.concatenate([pairs, self.certain])
        probs = np.concatenate([probs, np.ones(len(self.certain), dtype=np.float32)])
        order = np.lexsort(pairs.T[::-1])
        return pairs[order], probs[order]

    def probs_of(self, pairs: Pairs) -> FloatArray:
        """See `PairProbs.probs_of`."""
        certain = set(map(tuple, self.certain.tolist()))
        is_certain = [tuple(pair) in certain for pair in pairs.tolist()]
        probs: FloatArray = np.where(is_certain, np.float32(1.0), self.others.probs_of(pairs))
        return probs
