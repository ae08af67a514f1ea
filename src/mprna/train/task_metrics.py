"""Metrics of fine-tuning, over all scored places of a validation set.

Shape letters: N scored places, C classes or numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mprna.agreement import auc, contests, macro_f1, matthews

Floats = npt.NDArray[np.floating]
Classes = npt.NDArray[np.int64]


def classification_metrics(logits: Floats, classes: Classes) -> dict[str, float]:
    """`accuracy`, `macro_f1`, `mcc`, and `auc` (macro, one class against the rest).

    The AUC is left out where every place has the same class.

    *Shape:* (N, C), (N,)
    """
    confusion = np.zeros((logits.shape[1], logits.shape[1]))
    np.add.at(confusion, (classes, logits.argmax(1)), 1)
    metrics = {
        "accuracy": float(np.trace(confusion) / confusion.sum()),
        "macro_f1": macro_f1(confusion),
        "mcc": matthews(confusion),
    }
    areas = [auc(*contest) for contest in contests(logits.astype(np.float64), classes)]
    return metrics | ({"auc": float(np.mean(areas))} if areas else {})


def regression_metrics(predicted: Floats, true: Floats) -> dict[str, float]:
    """`mse`, and `mcrmse`: the mean of the columns' root mean squared errors; NaN is not scored.

    *Shape:* (N, C) each
    """
    squares = (predicted.astype(np.float64) - true) ** 2
    roots = np.sqrt(np.nanmean(squares, axis=0))
    return {"mse": float(np.nanmean(squares)), "mcrmse": float(roots.mean())}
