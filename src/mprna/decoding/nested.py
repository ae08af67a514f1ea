"""The optimal structure without pseudoknots, given a sparse list of candidate pairs.

Shape letters: L nucleotides, C candidate pairs, P pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import (
    candidate_pairs,
    check_probs,
    pairs_of_demanded,
    penalise_unpaired,
)
from mprna.decoding.pair_probs import MIN_PAIR_PROB, PairProbs
from mprna.rna.constraints import Constraint, may_pair
from mprna.rna.structure import Pairs, dot_bracket_from_pairs

Positions = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


def decode_nested(
    sequence: str,
    base_pair_probs: npt.NDArray[np.floating],
    *,
    gamma: float = 1.0,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """Structure of maximum expected accuracy (MEA).

    Of all nested structures of canonical pairs with hairpins of three or more, the one with the largest

        sum over its pairs of 2 gamma p_ij  +  sum over its unpaired nucleotides of q_i,

    where q_i = 1 - sum_j p_ij is the probability that i is unpaired (0 where the sum exceeds 1).
    Source: Do et al. 2006 (CONTRAfold), doi:10.1093/bioinformatics/btl246; Lu et al. 2009.

    Args:
        sequence: clean letters, ACGUN.
        base_pair_probs: symmetric.
            *Shape:* (L, L)
        gamma: above 1 predicts more pairs, below 1 fewer.
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: the structure is the best of those that meet it; where there are none, of those that
            leave as few nucleotides as possible unpaired that must pair.

    >>> probs = np.zeros((7, 7))
    >>> probs[0, 6] = probs[6, 0] = 0.9
    >>> decode_nested("GAAAAAC", probs)
    '(.....)'

    Raises:
        ValueError: probabilities of another shape or outside of 0 to 1, or a gamma below 0.
    """
    length = len(sequence)
    check_probs("base_pair_probs", base_pair_probs, (length, length))
    if not gamma >= 0:
        raise ValueError(f"gamma {gamma}, expected at least 0")
    unpaired = (1.0 - base_pair_probs.sum(axis=1, dtype=np.float64)).clip(0.0)
    unpaired = penalise_unpaired(unpaired, constraint, bound=max(gamma, 1.0))

    def gains_of(probs: npt.NDArray[np.floating]) -> Scores:
        return probs.astype(np.float64) * (2.0 * gamma)

    i, j = candidate_pairs(
        sequence,
        lambda rows: gains_of(base_pair_probs[rows]) - unpaired[rows, None] - unpaired,
        max_span=max_span,
        constraint=constraint,
    )
    gains = gains_of(base_pair_probs[i, j])
    pairs = best_nested(i, j, gains, unpaired, length=length)
    return dot_bracket_from_pairs(pairs, length)


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
    pairs, probs = pair_probs.likely_pairs(MIN_PAIR_PROB, unpaired / (2.0 * gamma))
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


def best_nested(
    pairs_i: Positions,
    pairs_j: Positions,
    gains: Scores,
    unpaired: Scores,
    *,
    length: int,
) -> Pairs:
    """Nested subset of the candidates with the largest sum of gains and of unpaired scores.

    Scores are counted relative to the structure without pairs, so a candidate is worth its gain less the
    unpaired scores of its two ends; candidates worth nothing cannot improve any structure and are dropped.
    With M[s, e] the best sum inside positions s..e, for s from right to left,

        M[s, e] = max(M[s+1, e], max over candidates (s, k), k <= e, of worth + M[s+1, k-1] + M[k+1, e])

    over all e at once. A candidate that does not beat the M[s, k] found so far cannot beat anything further
    right either, because M[s, k] + M[k+1, e] <= M[s, e] (sparsification, Wexler et al. 2007).

    M is kept only between candidates that may enclose it, so memory is O(L times the largest span), and a
    1-D table serves the positions that nothing encloses.

    Args:
        pairs_i, pairs_j: 0-based ends of the candidates, i < j, in any order.
            *Shape:* (C,) each
        gains: what each candidate adds, finite.
            *Shape:* (C,)
        unpaired: what each unpaired position adds, finite.
            *Shape:* (L,)
        length: L.

    Returns:
        The chosen pairs, sorted.
        *Shape:* (P, 2)
    """
    worth = gains - unpaired[pairs_i] - unpaired[pairs_j]
    useful = worth > 0
    i, j, worth = pairs_i[useful], pairs_j[useful], worth[useful]
    order = np.lexsort((j, i))
    return _trace(_fill(i[order], j[order], worth[order], length))


class _Table(NamedTuple):
    """What the trace needs of the filled dynamic program."""

    j: Positions  # (C,) right ends, sorted by left end, then right end
    starts: list[int]  # (L + 1,) candidates that open at s are starts[s]:starts[s + 1]
    inside: Scores  # (C,) M[i + 1, j - 1]
    closed: Scores  # (C,) worth + inside
    rows: dict[int, Scores]  # rows[s][n] = M[s, s + n - 1], for all s just right of a candidate
    kept: dict[int, list[int]]  # candidates that improved M[s, :], where any opens at s
    exterior: Scores  # (L + 1,) M[s, L - 1]


def _fill(i: Positions, j: Positions, worth: Scores, length: int) -> _Table:
    starts = i.searchsorted(np.arange(length + 1)).tolist()
    widths = (_reach(i, j, length) - np.arange(length + 1)).clip(0).tolist()
    follow_pairs = set((j + 1).tolist())
    inside, closed = np.empty(len(j)), np.empty(len(j))
    exterior = np.zeros(length + 1)
    empty = np.zeros(1)
    rows = {length: empty}
    kept: dict[int, list[int]] = {}
    row = empty
    for s in range(length - 1, -1, -1):
        exterior[s] = exterior[s + 1]
        opening = slice(starts[s], starts[s + 1])
        enclosed, row = row, np.concatenate((empty, row[: widths[s]]))
        if opening.start < opening.stop:
            ends = j[opening]
            inside[opening] = enclosed[ends - s - 1]
            closed[opening] = worth[opening] + inside[opening]
            exterior[s] = (closed[opening] + exterior[ends + 1]).max(initial=exterior[s])
            kept[s] = _improve(row, s, opening.start, closed[opening], ends, rows)
        if s in follow_pairs:
            rows[s] = row
    return _Table(j, starts, inside, closed, rows, kept, exterior)


def _reach(i: Positions, j: Positions, length: int) -> Positions:
    """Right end (exclusive) of the positions that can be enclosed together with position s.

    *Shape:* (L + 1,)
    """
    reach = np.zeros(length + 1, dtype=np.int64)
    np.maximum.at(reach, i + 1, j)
    return np.maximum.accumulate(reach)


def _improve(
    row: Scores, s: int, first: int, closed: Scores, ends: Positions, rows: dict[int, Scores]
) -> list[int]:
    """Enter the candidates that open at s into M[s, :], in place; return those that improved it."""
    sizes = ends - s + 1
    enclosed = sizes[: sizes.searchsorted(len(row))]
    kept = []
    for c in (closed[: len(enclosed)] > row[enclosed]).nonzero()[0].tolist():
        size, value = int(sizes[c]), closed[c]
        if value > row[size]:
            right = row[size:]
            np.maximum(right, value + rows[s + size][: len(right)], out=right)
            kept.append(first + c)
    return kept


def _trace(table: _Table) -> Pairs:
    pairs = []
    inner = []  # (start, end, M[start, end]) of what is still to be traced
    s, length = 0, len(table.exterior) - 1
    while s < length:
        if table.exterior[s] == table.exterior[s + 1]:
            s += 1
            continue
        opening = slice(table.starts[s], table.starts[s + 1])
        best = int(np.argmax(table.closed[opening] + table.exterior[table.j[opening] + 1]))
        c = table.starts[s] + best
        k = int(table.j[c])
        pairs.append((s, k))
        inner.append((s + 1, k - 1, table.inside[c]))
        s = k + 1
    while inner:
        pairs += _trace_inner(table, *inner.pop(), inner)
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def _trace_inner(
    table: _Table, s: int, end: int, value: float, inner: list[tuple[int, int, float]]
) -> list[tuple[int, int]]:
    """Pairs of s..end that nothing else in s..end encloses; what they enclose is put on `inner`."""
    pairs = []
    while value > 0:
        for c in table.kept.get(s, ()):
            k = int(table.j[c])
            # The same sum as in _improve, so one of them is equal to the last bit.
            if k <= end and table.closed[c] + (rest := table.rows[k + 1][end - k]) == value:
                pairs.append((s, k))
                inner.append((s + 1, k - 1, table.inside[c]))
                s, value = k + 1, rest
                break
        else:
            s += 1
    return pairs
