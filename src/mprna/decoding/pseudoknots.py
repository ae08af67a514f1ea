"""Pairs that cross a nested structure: what is left of the candidates, nested again, layer by layer.

Shape letters: L nucleotides, C candidate pairs, P pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import may_pair
from mprna.decoding.nested import best_nested
from mprna.rna.constraints import Constraint
from mprna.rna.helices import stacks_of
from mprna.rna.pseudoknots import loop_numbers, split_layers
from mprna.rna.structure import Pairs, dot_bracket_from_pairs, pairs_from_dot_bracket

MAX_LAYERS: Final = 4
"""As many as there are kinds of brackets in `()[]{}<>`."""


def add_crossing_pairs(
    sequence: str,
    dot_bracket: str,
    pairs: Pairs,
    pair_probs: npt.NDArray[np.floating],
    unpaired_probs: npt.NDArray[np.floating],
    *,
    gamma: float,
    min_stem_prob: float = 0.0,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """The structure with pairs that cross it, each layer of the maximum expected accuracy of `decode_nested`.

    A layer holds pairs of nucleotides that no earlier one uses and that cross the first one. A crossing
    pair that stacks on no other is left out: without a stem it is more often an error than a pseudoknot.
    So is a stem that is not sure enough as a whole.

    Args:
        sequence: clean letters, ACGUN.
        dot_bracket: a valid nested structure, which stays as it is.
        pairs: candidates, 0-based, i < j.
            *Shape:* (C, 2)
        pair_probs: theirs.
            *Shape:* (C,)
        unpaired_probs: *Shape:* (L,)
        gamma: above 1 predicts more pairs, below 1 fewer.
        min_stem_prob: least sum of the probabilities of a stem, directly stacked pairs.
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: which nucleotides pair with nothing, or in one direction only; its forced pairs may be
            crossed.

    Returns:
        Dot-bracket of `()[]{}<>`, in which `()` is a largest nested part.
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
        layer = best_nested(i[possible], j[possible], gains[possible], unpaired, length=len(sequence))
        among = np.isin(i, layer[:, 0]) & np.isin(j, layer[:, 1])
        probs = dict(zip(map(tuple, pairs[among].tolist()), pair_probs[among].tolist(), strict=True))
        layer = _sure_stems(layer, probs, min_stem_prob)
        if not len(layer):
            break
        chosen = np.concatenate([chosen, layer])
    layers = split_layers(chosen[np.argsort(chosen[:, 0])])[:MAX_LAYERS]
    return dot_bracket_from_pairs(np.concatenate(layers), len(sequence))


def _sure_stems(pairs: Pairs, probs: Mapping[tuple[int, int], float], min_prob: float) -> Pairs:
    """Those in stems of two pairs or more whose probabilities sum to at least this. *Shape:* (P, 2)"""
    sure = [
        pair
        for stem in stacks_of(pairs)
        if len(stem) > 1 and sum(probs[i, j] for i, j in stem.tolist()) >= min_prob
        for pair in stem.tolist()
    ]
    return np.array(sorted(sure), dtype=np.int64).reshape(-1, 2)
