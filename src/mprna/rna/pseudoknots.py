"""Pairs that cross: i < k < j < l for two pairs (i, j) and (k, l).

All functions take pairs as `structure.check_pairs` returns them: i < j, sorted by i, no position twice.

Shape letters: P pairs, E = 2 P endpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mprna.rna.structure import Pairs


def has_pseudoknot(pairs: Pairs) -> bool:
    """Whether any two pairs cross, which the minimum free energy models of RNAfold cannot express.

    *Shape:* (P, 2)

    >>> has_pseudoknot(np.array([(0, 4), (2, 6)]))
    True
    """
    enclosing: list[int] = []
    for i, j in pairs.tolist():
        while enclosing and enclosing[-1] < i:
            enclosing.pop()
        if enclosing and enclosing[-1] < j:
            return True
        enclosing.append(j)
    return False


def nested_pairs(pairs: Pairs) -> Pairs:
    """A largest subset of pairs without crossings: as few pairs as possible are dropped.

    Pairs that cross nothing are kept. Among the others an exact dynamic program over their E endpoints
    counts how many can stay between any two endpoints, in O(E^2) time and memory; of equally large
    subsets it keeps the pairs that open first.

    *Shape:* (P, 2) -> (at most P, 2)

    >>> nested_pairs(np.array([(0, 9), (1, 8), (4, 12)])).tolist()
    [[0, 9], [1, 8]]
    """
    if not has_pseudoknot(pairs):
        return pairs
    crossing = _crosses_another(pairs)
    keep = ~crossing
    keep[crossing] = _largest_nested(pairs[crossing])
    return pairs[keep]


def split_layers(pairs: Pairs) -> list[Pairs]:
    """Nested layers of a structure: the largest first, then the largest of what is left, and so on.

    *Shape:* (P, 2) -> a list of (P', 2); an empty list without pairs

    >>> [layer.tolist() for layer in split_layers(np.array([(0, 9), (1, 8), (4, 12)]))]
    [[[0, 9], [1, 8]], [[4, 12]]]
    """
    layers = []
    while len(pairs):
        layer = nested_pairs(pairs)
        layers.append(layer)
        if len(layer) == len(pairs):
            break
        pairs = pairs[~np.isin(pairs[:, 0], layer[:, 0])]
    return layers


def loop_numbers(pairs: Pairs, length: int) -> npt.NDArray[np.int64]:
    """Number of each nucleotide's loop in a nested structure; the ends of each pair have one for themselves.

    A further pair crosses one of `pairs`, or shares a nucleotide with it, unless both of its ends have the
    same number.

    *Shape:* (P, 2) -> (L,)

    >>> loop_numbers(np.array([(1, 5)]), 7).tolist()
    [0, 2, 1, 1, 1, 2, 0]
    """
    numbers = np.zeros(length, dtype=np.int64)
    for number, (i, j) in enumerate(pairs.tolist()):  # outer pairs come before those that they enclose
        numbers[i : j + 1] = 2 * number + 1
        numbers[[i, j]] = 2 * number + 2
    return numbers


def _crosses_another(pairs: Pairs) -> npt.NDArray[np.bool_]:
    i, j = pairs.T
    crosses = (i[:, None] < i) & (i < j[:, None]) & (j[:, None] < j)
    return np.asarray(crosses.any(axis=0) | crosses.any(axis=1))


def _largest_nested(pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Which pairs to keep. *Shape:* (P, 2) -> (P,)"""
    endpoints = np.sort(pairs, axis=None)
    opens, closes = np.searchsorted(endpoints, pairs).T
    closing = dict(zip(opens.tolist(), closes.tolist(), strict=True))

    # counts[a, b]: most nested pairs among the endpoints a <= x < b.
    num_endpoints = len(endpoints)
    counts = np.zeros((num_endpoints + 1, num_endpoints + 1), dtype=np.int32)
    for a in range(num_endpoints - 1, -1, -1):
        counts[a] = counts[a + 1]
        if a in closing:
            b = closing[a]
            kept = 1 + counts[a + 1, b] + counts[b + 1, b + 1 :]
            np.maximum(counts[a, b + 1 :], kept, out=counts[a, b + 1 :])

    keep = set()
    spans = [(0, num_endpoints)]
    while spans:
        a, b = spans.pop()
        while a < b and counts[a, b] > 0:
            close = closing.get(a, b)
            if close < b and counts[a, b] == 1 + counts[a + 1, close] + counts[close + 1, b]:
                keep.add(a)
                spans.append((a + 1, close))
                a = close + 1
            else:
                a += 1
    return np.array([a in keep for a in opens.tolist()], dtype=np.bool_)
