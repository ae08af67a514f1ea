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

from mprna.agreement import mean_f1
from mprna.alphabet import STRUCTURE_SYMBOLS
from mprna.errors import StructureError

NUM_LABELS: Final = len(STRUCTURE_SYMBOLS)

_LABEL_OF_BYTE: Final = np.full(256, -1, dtype=np.int64)
_LABEL_OF_BYTE[np.frombuffer(STRUCTURE_SYMBOLS.encode(), dtype=np.uint8)] = range(NUM_LABELS)


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
    confusion = np.zeros((NUM_LABELS, NUM_LABELS + 1))
    couples = zip(true_dot_brackets, predicted_dot_brackets, strict=True)
    for number, (true, predicted) in enumerate(couples, 1):
        if len(true) != len(predicted):
            raise StructureError(f"structure {number}: {len(predicted)} symbols predicted for {len(true)} nt")
        confusion += label_confusion(true, predicted)
    if not confusion.any():
        raise StructureError("no nucleotide to score")
    return mean_label_f1(confusion)


def label_confusion(true: str, predicted: str) -> npt.NDArray[np.float64]:
    """Counts of (true, predicted) over `( ) .`, and of other predicted symbols as a fourth column.

    Positions where the truth has another bracket are left out.

    *Shape:* (3, 4)

    Raises:
        ValueError: a prediction that is not as long as its truth.
    """
    if len(true) != len(predicted):
        raise ValueError(f"{len(predicted)} symbols predicted for {len(true)} nt")
    wanted, given = labels_of(true), labels_of(predicted)
    counts = np.zeros((NUM_LABELS, NUM_LABELS + 1))
    np.add.at(counts, (wanted[wanted >= 0], given[wanted >= 0]), 1)  # -1 is the last column
    return counts


def mean_label_f1(confusion: npt.NDArray[np.float64]) -> float:
    """Mean F1 over the labels that occur, of summed `label_confusion`; nan if none does. *Shape:* (3, 4)"""
    return mean_f1(np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)[:NUM_LABELS])


def labels_of(dot_bracket: str) -> npt.NDArray[np.int64]:
    """Place of every symbol in `STRUCTURE_SYMBOLS`; -1, not scored, for other brackets. *Shape:* (L,)

    >>> labels_of("(.[)]").tolist()
    [0, 2, -1, 1, -1]
    """
    return _LABEL_OF_BYTE[np.frombuffer(dot_bracket.encode("ascii", "replace"), dtype=np.uint8)]


def _as_set(pairs: npt.ArrayLike) -> set[tuple[int, int]]:
    """Both ends of every pair, the smaller first."""
    table = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    return {(i, j) for i, j in table.tolist()}


def _share_found(wanted: set[tuple[int, int]], among: set[tuple[int, int]], tolerance: int) -> float:
    slips = range(-tolerance, tolerance + 1)
    found = sum(any((i + slip, j) in among or (i, j + slip) in among for slip in slips) for i, j in wanted)
    return found / len(wanted)
