"""How well predictions agree with the truth: F1, Matthews' correlation, ranks and AUC; numpy only.

Shape letters: N observations, C classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mprna.softmax import softmax

Floats = npt.NDArray[np.float64]


def macro_f1(confusion: Floats) -> float:
    """Mean F1 over the classes that occur in truth or prediction; nan where none does.

    Args:
        confusion: counts of (true class, predicted class). *Shape:* (C, C)
    """
    return mean_f1(np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0))


def mean_f1(hits: Floats, true: Floats, predicted: Floats) -> float:
    """The same from counts of right predictions, members and predictions of each class. *Shape:* (C,) each"""
    uses = true + predicted
    used = uses > 0
    return float(np.mean(2 * hits[used] / uses[used])) if used.any() else float("nan")


def matthews(confusion: Floats) -> float:
    """Matthews' correlation for any number of classes (Gorodkin 2004); 0 where it is undefined.

    Args:
        confusion: counts of (true class, predicted class). *Shape:* (C, C)
    """
    true, predicted, total = confusion.sum(axis=1), confusion.sum(axis=0), confusion.sum()
    scale = np.sqrt((total**2 - true @ true) * (total**2 - predicted @ predicted))
    return float((np.trace(confusion) * total - true @ predicted) / scale) if scale else 0.0


def ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share their mean rank.

    >>> ranks(np.array([5.0, 1.0, 5.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def spearman(first: Floats, second: Floats) -> float:
    """Rank correlation, -1 to 1; nan where one of the two is constant."""
    a, b = (ranks(values) - (len(values) + 1) / 2 for values in (first, second))
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale else float("nan")


def auc_by_weights(scores: Floats, positive: npt.NDArray[np.bool_]) -> Callable[[Floats], float]:
    """`auc` as a function of the items' weights; they are sorted once. *Shape:* (N,) to a number"""
    _, level = np.unique(scores, return_inverse=True)

    def value(weights: Floats) -> float:
        hits, misses = (np.bincount(level, weights * kind) for kind in (positive, ~positive))
        pairs = hits.sum() * misses.sum()
        return float(hits @ (misses.cumsum() - misses / 2) / pairs) if pairs else float("nan")

    return value


def auc(scores: Floats, positive: npt.NDArray[np.bool_]) -> float:
    """Probability that a positive scores above a negative (ties half); nan without both kinds."""
    return auc_by_weights(scores, positive)(np.ones(len(scores)))


def contests(scores: Floats, classes: npt.NDArray[np.number]) -> list[tuple[Floats, npt.NDArray[np.bool_]]]:
    """What AUC compares: scores, and which rows should have the higher ones.

    Two classes are one contest; of more, each class that has members and others stands against the rest.

    *Shape:* (N, C), (N,) -> at most C times (N,), (N,)
    """
    if scores.shape[1] == 2:
        found = [(scores[:, 1] - scores[:, 0], classes == 1)]
    else:
        found = [(probs, classes == c) for c, probs in enumerate(softmax(scores).T)]
    return [(values, own) for values, own in found if own.any() and not own.all()]
