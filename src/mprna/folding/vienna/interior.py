"""Energies of interior loops, bulges and stacks: of many loops at once, from tables that ViennaRNA fills.

Of the nearest-neighbour model this file knows only that the smallest loops have an energy each, and that the
energy of all others is a sum: of their size, and of each pair with its neighbours in the loop.

Shape letters: N loops.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna.library import BASE_CODES, PAIR_TYPES, loop_parameters, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL

Codes = npt.NDArray[np.int64]
Table = npt.NDArray[np.float64]

MAX_LOOP: Final = 30
"""Unpaired nucleotides of an interior loop, as in ViennaRNA."""

_NUMBERS: Final = {pair: number for number, pair in enumerate(PAIR_TYPES, 1)}
TYPES: Final = np.array(
    [[_NUMBERS.get(first + second, 0) for second in BASE_CODES] for first in BASE_CODES], dtype=np.int64
)
"""Number of the pair type by the codes of both letters; 0 where they do not pair."""

_SMALL: Final = ((0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2))
"""Unpaired nucleotides on both sides of the loops that have an energy each."""
_KINDS: Final = ((0, 2), (1, 3), (2, 3), (3, 3))
"""One loop of every other kind; kinds differ in what pairs and their neighbours add."""
_PAIRS: Final = range(1, len(PAIR_TYPES) + 1)
_BASES: Final = range(len(BASE_CODES))


class InteriorWeights:
    """Boltzmann weights of loops under `DEFAULT_MODEL`. Making it takes a fifth of a second."""

    def __init__(self) -> None:
        self._energy = viennarna().E_IntLoop
        self._parameters = loop_parameters(DEFAULT_MODEL)
        sizes = range(MAX_LOOP + 1)
        self._size = np.zeros((MAX_LOOP + 1, MAX_LOOP + 1))
        self._kind = np.zeros_like(self._size, dtype=np.int64)
        self._small = np.full_like(self._kind, -1)
        for left, right in product(sizes, sizes):
            if left + right <= MAX_LOOP:
                self._size[left, right] = self._of(left, right)
                self._kind[left, right] = _kind_of(left, right)
        for number, (left, right) in enumerate(_SMALL):
            self._small[left, right] = number
        self._pair = np.zeros((len(_KINDS), len(PAIR_TYPES) + 1, len(_BASES), len(_BASES)))
        for number, kind in enumerate(_KINDS):
            for pair, *beside in product(_PAIRS, _BASES, _BASES):
                self._pair[number, pair, *beside] = self._of(*kind, pair, 1, *beside) - self._of(*kind)
        pairs, bases = [len(PAIR_TYPES) + 1] * 2, [len(_BASES)] * 4
        self._exact = np.zeros((len(_SMALL), *pairs, *bases))
        for number, size in enumerate(_SMALL):
            for features in product(_PAIRS, _PAIRS, *[_BASES] * 4):
                self._exact[number, *features] = self._of(*size, *features)

    def _of(self, left: int, right: int, outer: int = 1, inner: int = 1, *beside: int) -> int:
        """Energy of one loop, 0.01 kcal/mol; `beside` as of E_IntLoop, all N unless given."""
        neighbours = (*beside, 0, 0, 0, 0)[:4]
        return int(self._energy(left, right, outer, inner, *neighbours, self._parameters))

    def energies(self, codes: Codes, i: Codes, j: Codes, k: Codes, m: Codes) -> Table:
        """In 0.01 kcal/mol, of loops between the outer pairs (i, j) and the inner pairs (k, m).

        Args:
            codes: of the letters (`BASE_CODES`), the first at index 1.
            i, j, k, m: 1-based positions; at most `MAX_LOOP` nucleotides of a loop are unpaired.
                *Shape:* (N,) each, and of the result
        """
        left, right = k - i - 1, j - m - 1
        outer, inner = TYPES[codes[i], codes[j]], TYPES[codes[m], codes[k]]
        beside = codes[i + 1], codes[j - 1], codes[k - 1], codes[m + 1]
        kind = self._kind[left, right]
        found: Table = self._size[left, right] + self._pair[kind, outer, beside[0], beside[1]]
        found += self._pair[kind, inner, beside[3], beside[2]]
        small = np.flatnonzero(self._small[left, right] >= 0)
        features = (self._small[left, right], outer, inner, *beside)
        found[small] = self._exact[tuple(feature[small] for feature in features)]
        return found

    def __call__(self, codes: Codes, i: Codes, j: Codes, k: Codes, m: Codes) -> Table:
        """Boltzmann weights of the same."""
        weights: Table = np.exp(self.energies(codes, i, j, k, m) / (-100 * DEFAULT_MODEL.thermal_energy))
        return weights


@lru_cache(maxsize=1)
def interior_weights() -> InteriorWeights:
    return InteriorWeights()


def _kind_of(left: int, right: int) -> int:
    """Place in `_KINDS`."""
    fewer, more = sorted((left, right))
    return fewer if fewer < 2 or (fewer, more) == (2, 3) else 3
