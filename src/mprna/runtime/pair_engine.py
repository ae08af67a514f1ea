"""What a pair network reads and answers, and the protocol that both of its engines follow.

Shape letters: L nucleotides, E the next even number (L, or L + 1 if L is odd), which the network works on.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from mprna.rna.bases import BEYOND_END, base_ids
from mprna.rna.canonical import pair_types
from mprna.runtime.engine import FloatArray, IntArray
from mprna.softmax import logit

MIN_LEARNED_LENGTH: Final = 16
"""Shortest RNAs that pair networks are trained on; `hybrid` leaves shorter ones to thermodynamics."""

MIN_PRIOR: Final = 1e-3
"""Prior probabilities are clipped to between MIN_PRIOR and 1 - MIN_PRIOR, here and in training."""

PAIR_WINDOW: Final = 1_024
"""Nucleotides of a window. Long RNAs fold as well in such windows as in one piece (docs/experiments.md)."""


@runtime_checkable
class PairEngine(Protocol):
    """A loaded pair network. One sequence at a time, so that an answer never depends on its neighbours."""

    max_length: int
    """Longest sequence, in nucleotides, that is read in one piece, since memory grows with L^2; longer ones
    are read in overlapping windows (`windows.predict_pair_band`)."""

    def predict_pairs(self, sequence: str, prior: FloatArray | None = None) -> FloatArray:
        """Pair probabilities: symmetric, 0 where two nucleotides cannot pair, rows that sum to at most 1.

        Args:
            sequence: clean letters, ACGUN.
            prior: what thermodynamics says: symmetric pair probabilities of an ensemble.
                *Shape:* (L, L)

        Returns:
            *Shape:* (L, L)

        Raises:
            ValueError: a prior of another shape.
        """
        ...


class PairInput(NamedTuple):
    """What the network reads of one RNA, without a batch axis."""

    bases: IntArray
    """0-3 for A C G U, 4 for N, 5 beyond the end. *Shape:* (E,)"""
    prior: FloatArray
    """Log-odds of every pair; all 0 without a prior. *Shape:* (E, E)"""
    has_prior: float
    """1 with a prior, else 0."""


def pair_input(sequence: str, prior: FloatArray | None) -> PairInput:
    """Encode a sequence and the pair probabilities of an ensemble, if there are any.

    Raises:
        ValueError: a prior of another shape.
    """
    length = len(sequence)
    if prior is not None and prior.shape != (length, length):
        raise ValueError(f"prior of shape {prior.shape}, expected {(length, length)}")
    padding = length % 2
    bases = np.pad(base_ids(sequence), (0, padding), constant_values=BEYOND_END)
    if prior is None:
        return PairInput(bases, np.zeros((len(bases), len(bases)), dtype=np.float32), 0.0)
    log_odds = logit(np.pad(prior, (0, padding)), margin=MIN_PRIOR).astype(np.float32)
    return PairInput(bases, log_odds, 1.0)


def pair_probs(sequence: str, log_odds: FloatArray) -> FloatArray:
    """Turn the log-odds of the network into the probabilities that `PairEngine.predict_pairs` promises.

    *Shape:* (E, E) to (L, L)
    """
    length = len(sequence)
    log_odds = log_odds[:length, :length].clip(-80.0, 80.0)  # exp stays finite in float32
    probs = pair_types(sequence) / (1.0 + np.exp(-log_odds))
    excess = np.maximum(probs.sum(axis=1), 1.0)
    capped: FloatArray = (probs / np.maximum(excess[:, None], excess)).astype(np.float32)
    return capped
