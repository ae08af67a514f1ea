"""Where to cut a long RNA, so that folding a part of it says what the whole would say.

Shape letters: L nucleotides, P pairs, W of a window.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna import local_pair_probs

Pairs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Window(NamedTuple):
    """0-based, the end excluded."""

    start: int
    end: int


class Windows:
    """The window in which a site is looked at; depends on the sequence, the width and the site alone.

    Of all windows that leave a quarter of their width on both sides of the site (or end with the RNA),
    the one that separates the fewest pairs, by the pair probabilities of RNAplfold; among equals the one with
    the site nearest to its middle. An RNA that is no longer than a window is looked at as a whole.

    Args:
        sequence: clean letters, ACGUN.
        width: of the windows, nucleotides.
    """

    def __init__(self, sequence: str, width: int) -> None:
        self._length = len(sequence)
        self._width = min(width, len(sequence))
        if self._width == self._length:
            self._separated = np.zeros(1)
        else:
            pairs, probs = local_pair_probs(sequence, self._width)
            self._separated = separated_pairs(pairs, probs, self._length, self._width)

    def around(self, first: int, last: int) -> Window:
        """The window for a site from `first` to `last`; wider for sites that do not fit."""
        margin = self._width // 4
        if last - first + 1 + 2 * margin > self._width:
            return Window(max(first - self._width // 2, 0), min(last + 1 + self._width // 2, self._length))
        latest = self._length - self._width
        low = min(max(last + margin + 1 - self._width, 0), latest)
        high = max(min(first - margin, latest), 0)
        starts = np.arange(low, high + 1)
        middle = (first + last + 1 - self._width) / 2
        cost = self._separated[starts].round(2) + 1e-6 * np.abs(starts - middle)
        start = int(starts[np.argmin(cost)])
        return Window(start, start + self._width)


def separated_pairs(pairs: Pairs, probs: Floats, length: int, width: int) -> Floats:
    """Expected number of pairs with one end inside and one outside, for every start of a window.

    *Shape:* (P, 2), (P,) to (L - W + 1,)

    >>> separated_pairs(np.array([[0, 3]]), np.array([0.5]), length=6, width=3).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    steps = np.zeros(length + 1)
    i, j = pairs.T
    for end in (i, j):  # windows that hold this end
        np.add.at(steps, np.maximum(end - width + 1, 0), probs)
        np.add.at(steps, end + 1, -probs)
    both = j - i < width
    np.add.at(steps, np.maximum(j[both] - width + 1, 0), -2.0 * probs[both])
    np.add.at(steps, i[both] + 1, 2.0 * probs[both])
    counts: Floats = steps.cumsum()[: length - width + 1]
    return counts
