"""How sure pair probabilities are of a structure, and which of its pairs are doubtful."""

from __future__ import annotations

import numpy as np

from mprna.decoding.pair_probs import PairProbs
from mprna.rna.constraints import Constraint
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket


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


def without_doubtful_pairs(
    dot_bracket: str, pair_probs: PairProbs, min_confidence: float, constraint: Constraint | None = None
) -> str:
    """The structure without pairs of a lower probability, but for those that the constraint asks for."""
    pairs = pairs_from_dot_bracket(dot_bracket)
    kept = pair_probs.probs_of(pairs) >= min_confidence
    if constraint is not None:
        kept |= constraint.must_pair[pairs].any(axis=1)
    return dot_bracket_from_pairs(pairs[kept], len(dot_bracket))
