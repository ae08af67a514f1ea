"""Sequences of any length through a network that was trained on short ones.

A sequence longer than the window is read in windows that overlap by half. There are two ways to join them:
`predict` and `predict_pair_band` average what the windows say, weighted by the distance from their edges;
`split_windows` keeps every nucleotide from the one window in whose middle it is. Pairs up to half a window
apart are always seen; pairs further apart than a window never.

Shape letters: L nucleotides of the sequence, W of a window, T = W + 2 tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from mprna.runtime.engine import (
    FloatArray,
    PairBand,
    Prediction,
    band_from_probs,
    cap_rows,
    downstream,
    pair_band,
)
from mprna.softmax import softmax
from mprna.tokenizer import TokenIds, Tokenizer


class NetworkArrays(NamedTuple):
    """The outputs of the network for one window, special tokens included."""

    hidden_states: FloatArray
    """*Shape:* (T, H)"""
    lm_logits: FloatArray
    """*Shape:* (T, 24)"""
    repair_logits: FloatArray
    """*Shape:* (T, 4)"""
    structure_logits: FloatArray
    """*Shape:* (T, 3)"""
    partner_logits: FloatArray
    """Column 0 = unpaired. *Shape:* (T, T)"""


Network = Callable[[TokenIds], NetworkArrays]
"""Runs one row of token ids, (T,)."""

WindowProbs = Callable[[slice], FloatArray]
"""Pair probabilities within a window of a sequence, (W, W)."""


def predict(network: Network, sequence: str, max_length: int) -> Prediction:
    """Run a clean sequence in one piece, or in windows of `max_length` nucleotides where it is longer."""
    if len(sequence) <= max_length:
        return _predict_window(network, sequence)
    return _merge_windows(network, sequence, max_length)


def predict_pair_band(window_probs: WindowProbs, length: int, width: int) -> PairBand:
    """Pair probabilities of a sequence of `length` nucleotides, read in windows of `width`, for pairs less
    than `width` apart. A sequence that is no longer is one window.

    Args:
        window_probs: symmetric pair probabilities of a window by itself.
            *Shape:* (W, W)
    """
    return PairBand(pair_band=cap_rows(_mean_band(window_probs, length, min(width, length))))


def _mean_band(window_probs: WindowProbs, length: int, width: int) -> FloatArray:
    weight = _band_weight(_edge_distance(width))
    band = _WeightedMean(length)
    for start in window_starts(length, width):
        window = slice(start, start + width)
        band.add(start, band_from_probs(window_probs(window)), weight)
    return band.result()


def window_starts(length: int, width: int) -> list[int]:
    """Starts of windows that overlap by at least half and together cover every position once or more.

    >>> window_starts(10, 4)
    [0, 2, 4, 6]
    >>> window_starts(9, 4)
    [0, 2, 4, 5]
    """
    return [*range(0, length - width, max(width // 2, 1)), length - width]


class KeptWindow(NamedTuple):
    """A window, and the part of it whose answers are kept; 0-based, ends excluded."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def split_windows(length: int, window: int) -> Iterator[KeptWindow]:
    """Windows that overlap by half; every nucleotide is kept from the one whose edges are farthest.

    >>> [tuple(w) for w in split_windows(10, 8)]
    [(0, 8, 0, 5), (2, 10, 5, 10)]

    Raises:
        ValueError: a window of less than 2 nt.
    """
    if window < 2:
        raise ValueError(f"window of {window} nt; expected at least 2")
    window = min(window, length)
    starts = window_starts(length, window)
    borders = [(last + window + start) // 2 for last, start in pairwise(starts)]
    keep_starts, keep_ends = [0, *borders], [*borders, length]
    for start, keep_start, keep_end in zip(starts, keep_starts, keep_ends, strict=True):
        yield KeptWindow(start, start + window, keep_start, keep_end)


def _predict_window(network: Network, sequence: str) -> Prediction:
    output = network(Tokenizer().encode(sequence))
    return Prediction(
        hidden_states=output.hidden_states[1:-1],
        lm_logits=output.lm_logits[1:-1],
        repair_logits=output.repair_logits[1:-1],
        structure_probs=softmax(output.structure_logits[1:-1]),
        pair_band=pair_band(output.partner_logits[1:-1, :-1]),
    )


def _merge_windows(network: Network, sequence: str, width: int) -> Prediction:
    weight = _edge_distance(width)
    band_weight = _band_weight(weight)
    hidden, lm, repair, structure = (_WeightedMean(len(sequence)) for _ in range(4))
    band = _WeightedMean(len(sequence))
    for start in window_starts(len(sequence), width):
        window = _predict_window(network, sequence[start : start + width])
        hidden.add(start, window.hidden_states, weight[:, None])
        lm.add(start, window.lm_logits, weight[:, None])
        repair.add(start, window.repair_logits, weight[:, None])
        structure.add(start, window.structure_probs, weight[:, None])
        band.add(start, window.pair_band, band_weight)
    return Prediction(
        hidden_states=hidden.result(),
        lm_logits=lm.result(),
        repair_logits=repair.result(),
        structure_probs=structure.result(),
        pair_band=cap_rows(band.result()),
    )


def _edge_distance(width: int) -> FloatArray:
    """How far each position is from what lies outside of the window. *Shape:* (W,)"""
    ramp = np.arange(1, width + 1, dtype=np.float32)
    return np.minimum(ramp, ramp[::-1])


def _band_weight(weight: FloatArray) -> FloatArray:
    """The product of both positions' weights; 0 where i + d lies outside. *Shape:* (W,) to (W, W)"""
    product: FloatArray = weight[:, None] * downstream(weight, len(weight))
    return product


class _WeightedMean:
    """Mean of overlapping windows, position by position."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._sum: FloatArray | None = None
        self._weight: FloatArray | None = None

    def add(self, start: int, values: FloatArray, weight: FloatArray) -> None:
        """Add one window: (W, C) values with (W, 1) or (W, C) weights."""
        if self._sum is None or self._weight is None:
            self._sum = np.zeros((self._length, values.shape[1]), dtype=np.float32)
            self._weight = np.zeros((self._length, weight.shape[1]), dtype=np.float32)
        self._sum[start : start + len(values)] += values * weight
        self._weight[start : start + len(values)] += weight

    def result(self) -> FloatArray:
        if self._sum is None or self._weight is None:
            raise ValueError("no window was added")
        covered = self._weight > 0  # a band reaches over the end of the sequence
        return np.divide(self._sum, self._weight, out=self._sum, where=covered)
