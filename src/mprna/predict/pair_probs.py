"""Pair probabilities of a fold, as an (L, L) table or as a band, and what follows from them.

That is the confidence, the expected F1, pairs that cross, and which pairs are doubtful.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import may_pair, pairs_of_demanded, penalise_unpaired
from mprna.decoding.nested import best_nested
from mprna.decoding.pseudoknots import add_crossing_pairs
from mprna.rna.constraints import Constraint
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket
from mprna.runtime.engine import FloatArray, IntArray

Floors = npt.NDArray[np.floating]

_MIN_PAIR_PROB: Final = 1e-3
"""Pairs of a lower probability are no candidates where pairs are listed one by one."""


class PairProbs(Protocol):
    """Pair probabilities of one sequence; `PairBand` and `Prediction` are such."""

    @property
    def base_pair_probs(self) -> FloatArray:
        """(L, L), symmetric."""

    @property
    def unpaired_probs(self) -> FloatArray:
        """(L,)"""

    def likely_pairs(self, threshold: float, floors: Floors | None = None) -> tuple[IntArray, FloatArray]:
        """Pairs of at least this probability, and above the sum of the floors of both ends: (P, 2)
        positions, i < j, sorted, and (P,) probabilities."""

    def probs_of(self, pairs: IntArray) -> FloatArray:
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

    def likely_pairs(self, threshold: float, floors: Floors | None = None) -> tuple[IntArray, FloatArray]:
        """See `PairProbs.likely_pairs`."""
        likely = self.base_pair_probs >= threshold
        if floors is not None:
            likely &= self.base_pair_probs > floors[:, None] + floors
        pairs = np.argwhere(np.triu(likely, k=1))
        return pairs, self.probs_of(pairs)

    def probs_of(self, pairs: IntArray) -> FloatArray:
        """See `PairProbs.probs_of`."""
        return self.base_pair_probs[pairs[:, 0], pairs[:, 1]]


def confidence(dot_bracket: str, pair_probs: PairProbs) -> float:
    """Mean probability of the state of each nucleotide: its pair, or being unpaired.

    A pair further apart than the window of a model has probability 0.
    """
    probs = pair_probs.unpaired_probs.copy()
    pairs = pairs_from_dot_bracket(dot_bracket)
    probs[pairs] = pair_probs.probs_of(pairs)[:, None]
    return float(probs.clip(0.0, 1.0).mean(dtype=np.float64))


def expected_f1(dot_bracket: str, pair_probs: PairProbs) -> float:
    """Expected F1 of the pairs, 0 to 1: twice the expected number of right pairs, over the number of pairs in
    the structure plus the expected number of true pairs.

    The ratio of expectations stands for the expectation of the ratio. Without printed pairs F1 is 1 if the
    RNA has none, else 0; the result is then 1 / (1 + expected number of true pairs), the probability that
    there is none if their number is geometric: pairs come in helices, so it varies more than Poisson's.
    """
    num_true = (1.0 - pair_probs.unpaired_probs.astype(np.float64)).sum() / 2
    pairs = pairs_from_dot_bracket(dot_bracket)
    if not len(pairs):
        return float(1.0 / (1.0 + num_true))
    num_right = pair_probs.probs_of(pairs).sum(dtype=np.float64)
    return float(min(2 * num_right / (len(pairs) + num_true), 1.0))


def decode_band(
    sequence: str,
    pair_probs: PairProbs,
    *,
    gamma: float = 1.0,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """`decode_nested` without the (L, L) table, for long sequences.

    Pairs of a probability below 0.001 are left out unless the constraint asks for them, and N pairs with
    nothing.
    """
    unpaired = pair_probs.unpaired_probs.astype(np.float64)
    unpaired = penalise_unpaired(unpaired, constraint, bound=max(gamma, 1.0))
    pairs, probs = pair_probs.likely_pairs(_MIN_PAIR_PROB, unpaired / (2.0 * gamma))
    i, j = pairs.T
    possible = may_pair(sequence, i, j, max_span=max_span, constraint=constraint)
    more_i, more_j = pairs_of_demanded(sequence, constraint, max_span=max_span)
    chosen = best_nested(
        np.concatenate([i[possible], more_i]),
        np.concatenate([j[possible], more_j]),
        np.concatenate([2.0 * gamma * probs[possible].astype(np.float64), np.zeros(len(more_i))]),
        unpaired,
        length=len(sequence),
    )
    return dot_bracket_from_pairs(chosen, len(sequence))


def with_crossing_pairs(
    sequence: str,
    dot_bracket: str,
    pair_probs: PairProbs,
    *,
    gamma: float,
    min_helix_prob: float = 0.0,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """The structure with pseudoknots, as `add_crossing_pairs` finds them."""
    unpaired = pair_probs.unpaired_probs
    pairs, probs = pair_probs.likely_pairs(_MIN_PAIR_PROB, unpaired / (2.0 * gamma))
    return add_crossing_pairs(
        sequence,
        dot_bracket,
        pairs,
        probs,
        unpaired,
        gamma=gamma,
        min_helix_prob=min_helix_prob,
        max_span=max_span,
        constraint=constraint,
    )


def without_doubtful_pairs(
    dot_bracket: str, pair_probs: PairProbs, min_confidence: float, constraint: Constraint | None = None
) -> str:
    """The structure without pairs of a lower probability, but for those that the constraint asks for."""
    pairs = pairs_from_dot_bracket(dot_bracket)
    kept = pair_probs.probs_of(pairs) >= min_confidence
    if constraint is not None:
        kept |= constraint.must_pair[pairs].any(axis=1)
    return dot_bracket_from_pairs(pairs[kept], len(dot_bracket))
