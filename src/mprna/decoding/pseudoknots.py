"""Pairs that cross a nested structure: what is left of the candidates, nested again, layer by layer.

Shape letters: L nucleotides, C candidate pairs, P pairs.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import may_pair
from mprna.decoding.nested import best_nested
from mprna.rna.constraints import Constraint
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
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """The structure with pairs that cross it, each layer of the maximum expected accuracy of `decode_nested`.

    A layer holds pairs of nucleotides that no earlier one uses and that cross the first one. A crossing
    pair that stacks on no other is left out: without a stem it is more often an error than a pseudoknot.

    Args:
        sequence: clean letters, ACGUN.
        dot_bracket: a valid nested structure, which stays as it is.
        pairs: candidates, 0-based, i < j.
            *Shape:* (C, 2)
        pair_probs: theirs.
            *Shape:* (C,)
        unpaired_probs: *Shape:* (L,)
        gamma: above 1 predicts more pairs, below 1 fewer.
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
        layer = _stacked(layer)
        if not len(layer):
            break
        chosen = np.concatenate([chosen, layer])
    layers = split_layers(chosen[np.argsort(chosen[:, 0])])[:MAX_LAYERS]
    return dot_bracket_from_pairs(np.concatenate(layers), len(sequence))


def _stacked(pairs: Pairs) -> Pairs:
    """Those that enclose another one directly, or are enclosed so. *Shape:* (P, 2)"""
    known = set(map(tuple, pairs.tolist()))
    stacked = [(i + 1, j - 1) in known or (i - 1, j + 1) in known for i, j in pairs.tolist()]
    return pairs[np.array(stacked, dtype=np.bool_)]
