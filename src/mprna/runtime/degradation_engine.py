"""What a degradation engine answers, and the windows in which long RNAs are read.

Shape letters: L nucleotides, T targets.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

import numpy as np

from mprna.runtime.engine import FloatArray, IntArray

TARGETS: Final = ("reactivity", "deg_Mg_pH10", "deg_pH10", "deg_Mg_50C", "deg_50C")
"""SHAPE reactivity, and degradation with and without 10 mM Mg2+ at pH 10 or at 50 °C, in the units of the
OpenVaccine data set."""

_LETTERS: Final = "ACGUN"


class Degradation(NamedTuple):
    """Per-nucleotide predictions."""

    mean: FloatArray
    """*Shape:* (L, T)"""
    sd: FloatArray
    """Expected error, one standard deviation. *Shape:* (L, T)"""


class DegradationEngine(Protocol):
    """A loaded degradation model. One sequence at a time, so an answer never depends on its neighbours."""

    max_length: int
    """Longest sequence to be read in one piece, nucleotides."""
    score_scale: float
    """How much larger the error of a sum over nucleotides is than if their errors were independent."""

    def predict_degradation(self, sequence: str, probs: FloatArray) -> Degradation:
        """Args:
            sequence: clean letters, ACGUN.
            probs: symmetric pair probabilities. *Shape:* (L, L)

        Raises:
            ValueError: probabilities of another shape.
        """
        ...


def base_ids(sequence: str) -> IntArray:
    """0-3 for A C G U, 4 for N. *Shape:* (L,)"""
    return np.array([_LETTERS.index(letter) for letter in sequence], dtype=np.int64)


class Window(NamedTuple):
    """A piece of a sequence, and the part of it whose answers are kept; 0-based, ends excluded."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def split_windows(length: int, window: int) -> Iterator[Window]:
    """Windows that overlap by half; every nucleotide is kept from the one whose edges are farthest.

    >>> [tuple(w) for w in split_windows(10, 8)]
    [(0, 8, 0, 5), (2, 10, 5, 10)]

    Raises:
        ValueError: a window of less than 2 nt.
    """
    if window < 2:
        raise ValueError(f"window of {window} nt; expected at least 2")
    starts = [0]
    while starts[-1] + window < length:
        starts.append(min(starts[-1] + window // 2, length - window))
    borders = [(last + window + start) // 2 for last, start in itertools.pairwise(starts)]
    keep_starts, keep_ends = [0, *borders], [*borders, length]
    for start, keep_start, keep_end in zip(starts, keep_starts, keep_ends, strict=True):
        yield Window(start, min(start + window, length), keep_start, keep_end)
