"""Pair probabilities by a pair network, and the protocol that both of its engines follow.

Shape letters: L nucleotides, E = L, or L + 1 where L is odd.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol, runtime_checkable

import numpy as np

from mprna.rna.canonical import pair_types
from mprna.runtime.bases import BEYOND_END, base_ids
from mprna.runtime.engine import FloatArray, IntArray

MIN_LEARNED_LENGTH: Final = 16
"""Shortest RNAs that pair networks are trained on; shorter ones are left to thermodynamics."""

MIN_PRIOR: Final = 1e-3
"""Prior probabilities are clipped to MIN_PRIOR and 1 - MIN_PRIOR, in training as here."""

WINDOW: Final = 1_024
"""Nucleotides of a window. Long RNAs are folded as well by it as in one piece (docs/experiments.md)."""


@runtime_checkable
class PairEngine(Protocol):
    """A loaded pair network. One sequence at a time, so that an answer never depends on its neighbours."""

    max_length: int
    """Longest sequence to be read in one piece, nucleotides, since memory grows with L^2; longer ones are
    read in overlapping windows (`windows.predict_pair_band`)."""

    def predict_pairs(self, sequence: str, prior: FloatArray | None = None) -> FloatArray:
        """Pair probabilities: symmetric, 0 where no pair can be, rows that sum to at most 1.

        Args:
            sequence: clean letters, ACGUN.
            prior: symmetric pair probabilities of an ensemble.
                *Shape:* (L, L)

        Returns:
            *Shape:* (L, L)

        Raises:
            ValueError: a prior of another shape.
        """
        ...


class PairInput(NamedTuple):
    """What the network reads, without a batch axis."""

    bases: IntArray
    """0-3 for A C G U, 4 for N, 5 beyond the end. *Shape:* (E,)"""
    prior: FloatArray
    """Log-odds. *Shape:* (E, E)"""
    has_prior: float
    """1 where `prior` counts, else 0."""


def pair_input(sequence: str, prior: FloatArray | None) -> PairInput:
    """What the network reads of a sequence and the pair probabilities of an ensemble.

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
    return PairInput(bases, _log_odds(np.pad(prior, (0, padding))), 1.0)


def pair_probs(sequence: str, log_odds: FloatArray) -> FloatArray:
    """Probabilities from the output of the network: only pairs that can be, rows that sum to at most 1.

    *Shape:* (E, E) to (L, L)
    """
    length = len(sequence)
    logits = log_odds[:length, :length]
    probs = pair_types(sequence) / (1.0 + np.exp(-logits.clip(-80.0, 80.0)))
    excess = np.maximum(probs.sum(axis=1), 1.0)
    capped: FloatArray = (probs / np.maximum(excess[:, None], excess)).astype(np.float32)
    return capped


def _log_odds(probs: FloatArray) -> FloatArray:
    clipped = probs.astype(np.float64).clip(MIN_PRIOR, 1.0 - MIN_PRIOR)
    log_odds: FloatArray = np.log(clipped / (1.0 - clipped)).astype(np.float32)
    return log_odds
