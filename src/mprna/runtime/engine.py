"""The predictions of a trained model, and the protocol that both engines follow.

Shape letters: L nucleotides, P pairs, H hidden width, S span of the pair band.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mprna.softmax import softmax

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

_BLOCK_CELLS: Final = 4_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairBand:
    """Pair probabilities of one sequence, in memory that grows with L S."""

    pair_band: FloatArray
    """Column d holds the probability that i pairs with i + d. S is L, or the window where the sequence
    was read in windows. *Shape:* (L, S)"""

    @property
    def base_pair_probs(self) -> FloatArray:
        """Symmetric pair probabilities; rows sum to at most 1. Built on each access, 4 L^2 bytes.

        *Shape:* (L, L)
        """
        return probs_from_band(self.pair_band)

    @property
    def unpaired_probs(self) -> FloatArray:
        """1 - the sum of a position's pair probabilities. *Shape:* (L,)"""
        return (1.0 - _paired_probs(self.pair_band)).clip(0.0, 1.0)

    def likely_pairs(
        self, threshold: float, floors: npt.NDArray[np.floating] | None = None
    ) -> tuple[IntArray, FloatArray]:
        """Pairs of at least this probability: (P, 2) positions, i < j, sorted, and (P,) probabilities.

        Args:
            floors: pairs are left out whose probability is not above the sum of the floors of both ends.
                *Shape:* (L,)
        """
        length, span = self.pair_band.shape
        partner_floors = None if floors is None else downstream(floors, span)
        step = max(1, _BLOCK_CELLS // max(span, 1))
        found = [np.zeros((0, 2), dtype=np.int64)]
        for start in range(0, length, step):
            rows = slice(start, start + step)
            likely = self.pair_band[rows] >= threshold
            if floors is not None and partner_floors is not None:
                likely &= self.pair_band[rows] > floors[rows, None] + partner_floors[rows]
            first, distance = np.nonzero(likely)
            first += start
            found.append(np.stack([first, first + distance], axis=1))
        pairs = np.concatenate(found)
        return pairs, self.pair_band[pairs[:, 0], pairs[:, 1] - pairs[:, 0]]

    def probs_of(self, pairs: IntArray) -> FloatArray:
        """Probabilities of pairs i < j, 0 for those that are further apart than the band is wide.

        *Shape:* (P, 2) to (P,)
        """
        distance = pairs[:, 1] - pairs[:, 0]
        seen = distance < self.pair_band.shape[1]
        probs = np.zeros(len(pairs), dtype=np.float32)
        probs[seen] = self.pair_band[pairs[seen, 0], distance[seen]]
        return probs


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prediction(PairBand):
    """Predictions for one sequence, without special tokens, in float32."""

    hidden_states: FloatArray
    """Hidden states after the final norm. *Shape:* (L, H)"""
    lm_logits: FloatArray
    """Logits over the vocabulary. *Shape:* (L, 24)"""
    repair_logits: FloatArray
    """Logits of mutation repair over `A C G U`. *Shape:* (L, 4)"""
    structure_probs: FloatArray
    """Probabilities of `( ) .`; rows sum to 1. *Shape:* (L, 3)"""


class BaseLogits(NamedTuple):
    """Logits over `A C G U` for the base at each nucleotide."""

    lm: FloatArray
    """Logits of the masked language model: which base stands here. *Shape:* (L, 4)"""
    repair: FloatArray
    """Logits of mutation repair: which base stood here before a substitution. *Shape:* (L, 4)"""


class Engine(Protocol):
    """A loaded model. One sequence at a time, so that an answer never depends on its neighbours."""

    max_length: int
    """Longest sequence read in one piece, nucleotides; longer ones are read in overlapping windows."""

    def predict(self, sequence: str) -> Prediction:
        """Everything that the network says about one clean sequence (see `alphabet.clean_sequence`)."""
        ...

    def base_logits(self, sequence: str, masked: IntArray) -> BaseLogits:
        """See `masked.base_logits`."""
        ...


def pair_band(partner_logits: FloatArray) -> FloatArray:
    """Pair probabilities from the scores of the pair head.

    A row is a distribution over partners; the two ends of a pair need not agree, so their geometric mean
    is taken. Where a position's sum would still exceed 1, its pairs are scaled down.

    Args:
        partner_logits: over nucleotides, column 0 = unpaired. *Shape:* (L, 1 + L)

    Returns:
        *Shape:* (L, L), see `Prediction.pair_band`
    """
    partners = softmax(partner_logits)[:, 1:]
    return cap_rows(band_from_probs(np.sqrt(partners * partners.T)))


def band_from_probs(base_pair_probs: FloatArray) -> FloatArray:
    """The upper triangle row by row, each from its diagonal on, padded with zeros.

    *Shape:* (L, L) to (L, L), see `Prediction.pair_band`
    """
    length = len(base_pair_probs)
    padded = np.pad(base_pair_probs, ((0, 0), (0, length)))
    return np.ascontiguousarray(_band_view(padded, length))


def probs_from_band(band: FloatArray) -> FloatArray:
    """Symmetric pair probabilities.

    *Shape:* (L, S) to (L, L)
    """
    length, span = band.shape
    padded = np.zeros((length, length + span), dtype=np.float32)
    _band_view(padded, span)[:] = band
    upper = padded[:, :length]
    return upper + upper.T


def cap_rows(band: FloatArray) -> FloatArray:
    """Scale pairs so that no position is paired with a total probability above 1."""
    excess = np.maximum(_paired_probs(band), 1.0)
    length, span = band.shape
    capped = band.copy()
    for distance in range(1, min(span, length)):
        capped[:-distance, distance] /= np.maximum(excess[:-distance], excess[distance:])
    return capped


def downstream(values: npt.NDArray[Any], span: int) -> npt.NDArray[Any]:
    """Row i, column d holds `values[i + d]`, and 0 beyond the end. *Shape:* (L,) to (L, S)

    >>> downstream(np.array([1, 2, 3]), 2).tolist()
    [[1, 2], [2, 3], [3, 0]]
    """
    return np.lib.stride_tricks.sliding_window_view(np.pad(values, (0, span - 1)), span)


def _paired_probs(band: FloatArray) -> FloatArray:
    """The sum of all pair probabilities of each position. *Shape:* (L, S) to (L,)"""
    length, span = band.shape
    total: FloatArray = band.sum(axis=1)
    for distance in range(1, min(span, length)):
        total[distance:] += band[:-distance, distance]
    return total


def _band_view(padded: FloatArray, span: int) -> FloatArray:
    """A writable view whose element [i, d] is `padded[i, i + d]`. *Shape:* (L, L + S) to (L, S)"""
    row, item = padded.strides
    return np.lib.stride_tricks.as_strided(padded, (len(padded), span), (row + item, item))
