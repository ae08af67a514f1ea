"""The ensemble of an RNA, taken apart: what is inside and outside of its pairs and multiloop branches.

Inside and outside as in McCaskill 1990, doi:10.1002/bip.360290621.

Shape letters: L nucleotides. Positions count from 1 in this file, as in ViennaRNA.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from mprna.folding.vienna import BASE_CODES, TYPES, Codes, Table, partition_arrays, stem_weights

MIN_REFERENCE_PROB: Final = 1e-9
"""Pairs of a lower probability in the reference are not looked at."""
_TINY: Final = 1e-14
"""Least probability of being unpaired."""
_BLOCK: Final = 48
"""Rows and columns of the blocks in `product`; see there."""


class LikelyPairs(NamedTuple):
    """All likely pairs (i, j), i < j, sorted by i or by j."""

    i: Codes
    j: Codes
    inside: Table
    """Weights of everything that a pair encloses, the pair included."""
    outside: Table
    """Weights of everything else, over the partition function."""
    bounds: Codes
    """[n]: how many of the positions that they are sorted by come before n."""

    def among(self, first: int, last: int) -> LikelyPairs:
        """Those whose position lies from `first` to `last`."""
        part = slice(self.bounds[max(first, 0)], self.bounds[min(last + 1, len(self.bounds) - 1)])
        return LikelyPairs(self.i[part], self.j[part], self.inside[part], self.outside[part], self.bounds)


class EnsembleParts:
    """Weights of the parts of one ensemble. Making them takes one partition function and three products of
    (L, L) matrices.

    Args:
        sequence: clean letters, ACGUN.

    Raises:
        FoldingError: ViennaRNA cannot fold it.
    """

    def __init__(self, sequence: str) -> None:
        arrays = partition_arrays(sequence)
        self.length = len(sequence)
        self.codes = np.array([0, *(BASE_CODES.index(letter) for letter in sequence), 0])
        """Code of each letter, with a 0 before the first and after the last."""
        self.stems = stem_weights()
        self.scale = np.append(arrays.scale, 0.0)  # of 2 nt even where there is one
        """Scale of the weight of n nucleotides, by n; it keeps long RNAs from overflowing."""
        self.before, self.after = arrays.before, arrays.after
        """Weight of all structures of 1 to i, and of i to L."""
        self.total = arrays.before[self.length]
        """The partition function."""
        unpaired = 1.0 - (arrays.probs.sum(axis=0) + arrays.probs.sum(axis=1))
        self.unpaired = unpaired.clip(_TINY)  # below 0 by rounding, where a pair is next to certain
        """Probabilities."""
        self.inside = arrays.paired
        """[i, j]: everything that the pair encloses, the pair included."""
        self.outside = np.divide(
            arrays.probs, arrays.paired, out=np.zeros_like(arrays.probs), where=arrays.paired > 0
        )
        """[i, j]: everything else, over the partition function."""
        self.shifted = np.zeros_like(arrays.multi)
        """[i, u]: one or more branches of a multiloop in i + 1 to u - 1."""
        self.shifted[:-1, 1:] = arrays.multi[1:, :-1]
        last = np.zeros_like(arrays.multi)  # [u, j]: one branch that begins at u, in u to j - 1
        last[:, 1:] = arrays.multi_last[:, :-1]
        self.multi_inside = product(self.shifted, last)
        """[i, j]: two or more branches in i + 1 to j - 1."""
        self.multi_outside, self.multi_beside = self._branches()
        """[i, j]: everything outside of one branch, and of several that fill i to j."""
        i, j = np.nonzero(arrays.probs >= MIN_REFERENCE_PROB)
        self.by_start = self._likely_pairs(i, j, order=i)
        """Likely pairs, sorted by i."""
        self.by_end = self._likely_pairs(i, j, order=j)
        """Sorted by j."""

    def _likely_pairs(self, i: Codes, j: Codes, order: Codes) -> LikelyPairs:
        bounds = np.searchsorted(np.sort(order), np.arange(self.length + 3))
        by_order = np.argsort(order, kind="stable")
        i, j = i[by_order], j[by_order]
        return LikelyPairs(i, j, self.inside[i, j], self.outside[i, j], bounds)

    def _branches(self) -> tuple[Table, Table]:
        """[i, j]: everything outside of a branch i to j of a multiloop, without the weight of its own stem;
        and the same outside of several branches that fill i to j."""
        size = self.length + 2
        i, j = np.nonzero(self.outside)
        closing = np.zeros((size, size))  # [k, l]: everything outside of a pair that closes a multiloop
        closing[i, j] = self.outside[i, j] * self.closing_weight(self.codes, i, j)
        first = np.zeros((size, size))  # [i, l]: closed by (k, l), nothing paired between k and i
        for row in range(2, size):
            first[row] = self.scale[1] * first[row - 1] + closing[row - 1]
        later = product(self.shifted.T, closing)  # [i, l]: branches between k and i
        gaps = np.zeros((size, size))  # [j, l]: nothing paired between j and l
        distance = np.arange(size)[None] - np.arange(size)[:, None]
        gaps[distance >= 1] = self.scale[np.minimum(distance[distance >= 1] - 1, self.length)]
        beside = product(first + later, (self.shifted + gaps).T)
        return beside - product(first, gaps.T), beside

    def closing_weight(self, codes: Codes, i: Codes | int, j: Codes | int) -> Table:
        """Weight of closing a multiloop with the pairs (i, j), in a sequence with these codes."""
        kinds = TYPES[codes[j], codes[i]]  # as seen from inside
        found: Table = (
            self.stems.multi[kinds, codes[j - 1], codes[i + 1]] * self.stems.closing * self.scale[2]
        )
        return found


def product(one: Table, other: Table) -> Table:
    """Product of square matrices, in blocks so small that BLAS uses one thread for each: with several,
    the last bits would depend on their number."""
    found = np.zeros_like(other)
    starts = range(0, len(one), _BLOCK)
    for i in starts:
        rows = slice(i, i + _BLOCK)
        for k in starts:
            middle = slice(k, k + _BLOCK)
            for j in starts:
                columns = slice(j, j + _BLOCK)
                found[rows, columns] += one[rows, middle] @ other[middle, columns]
    return found
