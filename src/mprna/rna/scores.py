"""How well a predicted structure agrees with a known one.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import StructureError

LABELS: Final = "()."
"""What `token_macro_f1` counts; every other bracket of the truth is left out."""

_LABEL_NUMBERS: Final = {label: number for number, label in enumerate(LABELS)}


@dataclass(frozen=True, slots=True)
class PairScores:
    """Agreement of two sets of base pairs, each value 0 to 1."""

    precision: float
    """Share of the predicted pairs that are true."""
    recall: float
    """Share of the true pairs that are predicted; also called sensitivity."""
    f1: float
    """Harmonic mean of both."""


def pair_scores(
    true_pairs: npt.ArrayLike, predicted_pairs: npt.ArrayLike, *, tolerance: int = 0
) -> PairScores:
    """Precision, recall and F1 over base pairs of one RNA.

    Two empty structures agree (all scores 1); against an empty one nothing is found (all scores 0).

    Args:
        tolerance: how far one end of a pair (not both) may have slipped and still count. 0 is strict;
            1 is the custom of Mathews (RNA 10, 1178, 2004).

    *Shape:* (P, 2), (P', 2)

    >>> pair_scores([(0, 8), (1, 7)], [(0, 8), (1, 6), (2, 5)], tolerance=1)
    PairScores(precision=0.6666666666666666, recall=1.0, f1=0.8)
    """
    true, predicted = _as_set(true_pairs), _as_set(predicted_pairs)
    if not true or not predicted:
        same = float(true == predicted)
        return PairScores(same, same, same)
    precision = _share_found(predicted, true, tolerance)
    recall = _share_found(true, predicted, tolerance)
    total = precision + recall
    return PairScores(precision, recall, 2 * precision * recall / total if total else 0.0)


def matthews_correlation(true_pairs: npt.ArrayLike, predicted_pairs: npt.ArrayLike, length: int) -> float:
    """Matthews' correlation over all L (L - 1) / 2 possible pairs, -1 to 1.

    Where it is undefined because one of the structures is empty: 1 for equal structures, else 0.

    *Shape:* (P, 2), (P', 2)

    >>> round(matthews_correlation([(0, 8), (1, 7)], [(0, 8)], length=9), 3)
    0.697
    """
    true, predicted = _as_set(true_pairs), _as_set(predicted_pairs)
    if true == predicted:
        return 1.0
    tp = len(true & predicted)
    fp, fn = len(predicted) - tp, len(true) - tp
    tn = length * (length - 1) // 2 - tp - fp - fn
    scale = sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / scale if scale else 0.0


def token_macro_f1(true_dot_brackets: Iterable[str], predicted_dot_brackets: Iterable[str]) -> float:
    """Mean F1 of the labels `(`, `)` and `.` over all nucleotides of a whole set, 0 to 1.

    Positions where the truth has another bracket (a pseudoknot) are left out; such brackets in the
    prediction are wrong answers. A label that occurs nowhere is left out of the mean.

    >>> round(token_macro_f1(["((...))"], ["(.....)"]), 3)
    0.694

    Raises:
        StructureError: a prediction that is not as long as its truth, or no nucleotide to score.
        ValueError: more truths than predictions, or the other way round.
    """
    confusion = np.zeros((len(LABELS), len(LABELS) + 1), dtype=np.int64)
    couples = zip(true_dot_brackets, predicted_dot_brackets, strict=True)
    for number, (true, predicted) in enumerate(couples, 1):
        if len(true) != len(predicted):
            raise StructureError(f"structure {number}: {len(predicted)} symbols predicted for {len(true)} nt")
        np.add.at(confusion, _scored_labels(true, predicted), 1)
    num_hits = np.diagonal(confusion)
    num_uses = confusion.sum(axis=1) + confusion[:, : len(LABELS)].sum(axis=0)
    if not num_uses.any():
        raise StructureError("no nucleotide to score")
    used = num_uses > 0
    return float(np.mean(2 * num_hits[used] / num_uses[used]))


def _as_set(pairs: npt.ArrayLike) -> set[tuple[int, int]]:
    """Both ends of every pair, the smaller first."""
    table = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    return {(i, j) for i, j in table.tolist()}


def _share_found(wanted: set[tuple[int, int]], among: set[tuple[int, int]], tolerance: int) -> float:
    slips = range(-tolerance, tolerance + 1)
    found = sum(any((i + slip, j) in among or (i, j + slip) in among for slip in slips) for i, j in wanted)
    return found / len(wanted)


def _scored_labels(true: str, predicted: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Label numbers of the scored positions; 3 is a predicted symbol that is no label."""
    wanted, given = _labels(true), _labels(predicted)
    scored = wanted < len(LABELS)
    return wanted[scored], given[scored]


def _labels(dot_bracket: str) -> npt.NDArray[np.int64]:
    return np.array([_LABEL_NUMBERS.get(symbol, len(LABELS)) for symbol in dot_bracket], dtype=np.int64)
