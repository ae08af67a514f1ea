"""Metrics of fine-tuning, over all scored places of a validation set.

Shape letters: N scored places, C classes, labels or numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mprna.agreement import auc, contests, macro_f1, matthews, mean_f1

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


def multilabel_metrics(logits: Floats, true: Floats) -> dict[str, float]:
    """`macro_f1` of what has a probability above 0.5, and `auc`, each the mean over labels.

    NaN is not scored. The AUC is over the labels that some places have and others lack, and left out where
    there are none.

    *Shape:* (N, C) each
    """
    known, has = ~np.isnan(true), true == 1
    said = (logits > 0) & known
    metrics = {"macro_f1": mean_f1((said & has).sum(0), has.sum(0), said.sum(0))}
    columns = [(logits[known[:, c], c], has[known[:, c], c]) for c in range(true.shape[1])]
    areas = [auc(scores.astype(np.float64), own) for scores, own in columns if own.any() and not own.all()]
    return metrics | ({"auc": float(np.mean(areas))} if areas else {})


def regression_metrics(predicted: Floats, true: Floats) -> dict[str, float]:
    """`mse`, and `mcrmse`: the mean of the columns' root mean squared errors; NaN is not scored.

    *Shape:* (N, C) each
    """
    squares = (predicted.astype(np.float64) - true) ** 2
    roots = np.sqrt(np.nanmean(squares, axis=0))
    return {"mse": float(np.nanmean(squares)), "mcrmse": float(roots.mean())}
