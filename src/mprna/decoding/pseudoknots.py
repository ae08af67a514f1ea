"""Pseudoknots: pairs that cross a nested structure, found layer by layer among the candidates that are left.

Shape letters: L nucleotides, C candidate pairs, P pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.nested import best_nested
from mprna.decoding.pair_probs import MIN_PAIR_PROB, PairProbs
from mprna.rna.constraints import Constraint, may_pair
from mprna.rna.helices import helices_of_pairs
from mprna.rna.pseudoknots import loop_numbers, split_layers
from mprna.rna.structure import Pairs, dot_bracket_from_pairs, pairs_from_dot_bracket

MAX_LAYERS: Final = 4
"""One layer for each kind of bracket in `()[]{}<>`."""


def add_crossing_pairs(
    sequence: str,
    dot_bracket: str,
    pairs: Pairs,
    pair_probs: npt.NDArray[np.floating],
    unpaired_probs: npt.NDArray[np.floating],
    *,
    gamma: float,
    min_helix_prob: float = 0.0,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """Add pseudoknots to a nested structure, one layer of crossing pairs after another.

    Each layer is the nested structure of maximum expected accuracy (as in `decode_nested`) among the
    candidates that cross the given structure and whose nucleotides are still unpaired. Only helices of two
    pairs or more are added: a crossing pair that stacks on no other is more often an error than a
    pseudoknot. A helix must also be probable enough as a whole, see `min_helix_prob`.

    Args:
        sequence: clean letters, ACGUN.
        dot_bracket: a valid nested structure; all of its pairs are kept.
        pairs: candidates, 0-based, i < j.
            *Shape:* (C, 2)
        pair_probs: the probability of each candidate.
            *Shape:* (C,)
        unpaired_probs: *Shape:* (L,)
        gamma: above 1 predicts more pairs, below 1 fewer.
        min_helix_prob: the probabilities of the pairs of a helix must sum to at least this.
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: which nucleotides stay unpaired, or pair in one direction only; its forced pairs may be
            crossed.

    Returns:
        Dot-bracket of `()[]{}<>`, in which `()` are a largest set of pairs that do not cross.
    """
    first = pairs_from_dot_bracket(dot_bracket)
    if not len(first):
        return dot_bracket
    loops = loop_numbers(first, len(sequence))
    i, j = pairs.T
    possible = may_pair(sequence, i, j, max_span=max_span) & (loops[i] != loops[j])
    if constraint is not None:
        possible &= constraint.allows_crossing(i, j)
    gains, unpaired = 2.0 * gamma * pair_probs.astype(np.float64), unpaired_probs.astype(np.float64)
    chosen = first
    for _ in range(MAX_LAYERS - 1):
        possible &= ~(np.isin(i, chosen) | np.isin(j, chosen))
        nested = best_nested(i[possible], j[possible], gains[possible], unpaired, length=len(sequence))
        layer = _sure_helices(nested, _probs_of(nested, pairs, pair_probs), min_helix_prob)
        if not len(layer):
            break
        chosen = np.concatenate([chosen, layer])
    layers = split_layers(chosen[np.argsort(chosen[:, 0])])[:MAX_LAYERS]
    return dot_bracket_from_pairs(np.concatenate(layers), len(sequence))


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
    pairs, probs = pair_probs.likely_pairs(MIN_PAIR_PROB, unpaired / (2.0 * gamma))
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


def _probs_of(
    chosen: Pairs, candidates: Pairs, probs: npt.NDArray[np.floating]
) -> dict[tuple[int, int], float]:
    """Probability by pair, of the chosen candidates and a few others. *Shape:* (P, 2), (C, 2), (C,)"""
    near = np.isin(candidates[:, 0], chosen[:, 0]) & np.isin(candidates[:, 1], chosen[:, 1])
    return dict(zip(map(tuple, candidates[near].tolist()), probs[near].tolist(), strict=True))


def _sure_helices(pairs: Pairs, probs: Mapping[tuple[int, int], float], min_prob: float) -> Pairs:
    """The pairs in helices of two or more whose probabilities sum to at least `min_prob`. *Shape:* (P, 2)"""
    sure = [
        pair
        for helix in helices_of_pairs(pairs)
        if len(helix) > 1 and sum(probs[i, j] for i, j in helix.tolist()) >= min_prob
        for pair in helix.tolist()
    ]
    return np.array(sorted(sure), dtype=np.int64).reshape(-1, 2)
