"""Metrics, computed in two steps so that intervals and paired tests need no second pass over a test set.

First every item becomes a few numbers; then the numbers of all items, or of a resample of them, become the
metric. The numbers of an item are either counts that are added up (confusions, squared errors) or rows that
are pooled (scores with labels, for AUC). Labels are those of the task, the same for every model.

Shape letters: N items, C classes, L positions, K numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna import agreement
from mprna.errors import DataError, RunError
from mprna.folding.confidence import ensemble_defect
from mprna.folding.vienna import fold_ensemble, fold_mfe
from mprna.rna.scores import NUM_LABELS, label_confusion, mean_label_f1, pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

RELATIVE: Final = 1e-6
"""A standard deviation below this share of the values counts as 0: it is rounding, as of float32."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """How one number is computed from many items."""

    name: str
    item: Callable[[Any, Any], Floats]
    """From truth and prediction of one item to its numbers: (K,) if additive, else rows (L, K)."""
    value: Callable[[Floats], float]
    """From the summed or pooled numbers to the metric."""
    by_weights: Callable[[Floats], Callable[[Floats], float]] | None = None
    """From pooled rows to the metric as a function of their weights; None if numbers are summed."""
    centre: Callable[[Floats], Floats] | None = None
    """From the numbers of all items, (N, K), to those that are summed in their place."""
    lower_is_better: bool = False
    names_missed: bool = False
    """Whether reports name the items whose first number is 0."""

    @property
    def additive(self) -> bool:
        """Whether the numbers of items are summed; else their rows are pooled."""
        return self.by_weights is None

    def numbers(self, items: Sequence[Floats]) -> Floats:
        """Those of all items, a row each if they are summed, else pooled."""
        rows = np.stack(list(items)) if self.additive else np.concatenate(list(items))
        return self.centre(rows) if self.centre else rows


def evaluate(metric: Metric, items: Sequence[Floats]) -> float:
    """The metric over items.

    Raises:
        DataError: no items.
    """
    if not len(items):
        raise DataError(f"no item to score by {metric.name}")
    numbers = metric.numbers(items)
    return metric.value(numbers.sum(axis=0) if metric.additive else numbers)


def confusion_item(truth: Any, scores: Any) -> Floats:
    """Counts of (true class, predicted class) over the scored positions, flat. *Shape:* (C * C,)

    Args:
        truth: a class number, or (L,) with -1 where nothing is scored.
        scores: (C,) or (L, C); the largest wins.
    """
    rows = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    labels = np.atleast_1d(np.asarray(truth))
    _check_rows(labels, rows)
    counts = np.zeros((rows.shape[1], rows.shape[1]))
    scored = labels >= 0
    np.add.at(counts, (labels[scored], rows[scored].argmax(axis=1)), 1)
    return counts.ravel()


def score_item(truth: Any, scores: Any) -> Floats:
    """Scores and label of every scored position: AUC needs scores, never hard labels. *Shape:* (L, C + 1)"""
    rows = np.atleast_2d(np.asarray(scores, dtype=np.float64))
    labels = np.atleast_1d(np.asarray(truth))
    _check_rows(labels, rows)
    return np.column_stack([rows, labels])[labels >= 0]


def structure_item(truth: str, predicted: str) -> Floats:
    """Counts of (true, predicted) over `( ) .` and, as a fourth column, other symbols. *Shape:* (12,)"""
    return label_confusion(truth, predicted).ravel()


def pair_item(truth: str, predicted: str) -> Floats:
    """Strict pair F1 of one RNA, pseudoknots included, and 1 to count the items. *Shape:* (2,)"""
    pairs = pair_scores(pairs_from_dot_bracket(truth), pairs_from_dot_bracket(predicted))
    return np.array([pairs.f1, 1.0])


def solved_item(target: str, sequence: str) -> Floats:
    """1 if the sequence folds into the target (by minimum free energy) else 0, and 1. *Shape:* (2,)

    Args:
        sequence: a design; empty where there is none.
    """
    return np.array([_is_design(target, sequence) and fold_mfe(sequence)[0] == target, 1.0])


def defect_item(target: str, sequence: str) -> Floats:
    """Ensemble defect of a design (1 if there is no design), and 1. *Shape:* (2,)"""
    if not _is_design(target, sequence):
        return np.ones(2)
    return np.array([ensemble_defect(target, fold_ensemble(sequence).base_pair_probs), 1.0])


def _is_design(target: str, sequence: str) -> bool:
    if sequence and len(sequence) != len(target):
        raise RunError(f"a sequence of {len(sequence)} nt for a target of {len(target)}")
    return bool(sequence)


def error_item(truth: Any, predicted: Any) -> Floats:
    """Number of positions, then the sum of squared errors of each target; row i is nucleotide i in both.

    *Shape:* (L, K), (L or more, K) -> (1 + K,)
    """
    wanted, given = np.atleast_2d(truth), np.atleast_2d(predicted)
    if len(given) < len(wanted) or given.shape[1] != wanted.shape[1]:
        raise RunError(f"predictions {given.shape} do not fit labels {wanted.shape}")
    errors = (wanted - given[: len(wanted)]) ** 2
    return np.concatenate([[len(wanted)], errors.sum(axis=0)])


def moment_item(truth: Any, predicted: Any) -> Floats:
    """1, y, p, y^2, p^2 and y p; see `centred`, which needs the first three. *Shape:* (6,)"""
    y, p = float(np.ravel(truth)[0]), float(np.ravel(predicted)[0])
    return np.array([1.0, y, p, y * y, p * p, y * p])


def label_item(truth: Any, scores: Any) -> Floats:
    """True positives, false positives, false negatives per label; a score above 0.5 says yes. (3 * C,)"""
    wanted, given = np.asarray(truth) > 0.5, np.asarray(scores) > 0.5
    if wanted.shape != given.shape:
        raise RunError(f"{given.shape} scores for {wanted.shape} labels")
    return np.concatenate([wanted & given, ~wanted & given, wanted & ~given]).astype(np.float64)


def label_score_item(truth: Any, scores: Any) -> Floats:
    """Scores of all labels, then the labels, in one row. *Shape:* (1, 2 * C)"""
    wanted, given = np.asarray(truth, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    if wanted.shape != given.shape:
        raise RunError(f"{given.shape} scores for {wanted.shape} labels")
    return np.concatenate([given, wanted])[None]


def macro_f1(confusion: Floats) -> float:
    """Mean F1 over the classes that occur in truth or prediction."""
    return agreement.macro_f1(_square(confusion))


def token_macro_f1(confusion: Floats) -> float:
    """`rna.scores.token_macro_f1` from summed counts."""
    return mean_label_f1(confusion.reshape(NUM_LABELS, -1))


def matthews(confusion: Floats) -> float:
    """Matthews' correlation for any number of classes (Gorodkin 2004); 0 where it is undefined."""
    return agreement.matthews(_square(confusion))


def auc(rows: Floats) -> float:
    """Area under the ROC curve; for more than two classes the mean of one against the rest."""
    return auc_by_weights(rows)(np.ones(len(rows)))


def auc_by_weights(rows: Floats) -> Callable[[Floats], float]:
    """`auc` as a function of the weights of the rows."""
    contests = agreement.contests(rows[:, :-1], rows[:, -1])
    values = [agreement.auc_by_weights(*contest) for contest in contests]
    return lambda weights: float(np.mean([value(weights) for value in values])) if values else float("nan")


def label_auc(rows: Floats) -> float:
    """Mean area under the ROC curve over the labels that some items have and others lack."""
    return label_auc_by_weights(rows)(np.ones(len(rows)))


def label_auc_by_weights(rows: Floats) -> Callable[[Floats], float]:
    """`label_auc` as a function of the weights of the rows."""
    scores, labels = np.split(rows, 2, axis=1)
    values = [agreement.auc_by_weights(*column) for column in zip(scores.T, labels.T > 0.5, strict=True)]
    return lambda weights: _mean_of_known([value(weights) for value in values])


def _mean_of_known(values: Sequence[float]) -> float:
    """Without nan, as of labels that a resample lacks; nan where all are."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def centred(moments: Floats) -> Floats:
    """What R2 and Pearson's correlation are sums of: moments without the mean, in which digits would be lost.

    Args:
        moments: `moment_item` of all items. *Shape:* (N, 6)

    Returns:
        1, y, p, y^2, p^2, y p and (y - p)^2, the first two in units of their root mean squares, the last in
        that of y. *Shape:* (N, 7)
    """
    truth, given = moments[:, 1], moments[:, 2]
    units = [float(np.sqrt(np.square(values).mean())) or 1.0 for values in (truth, given)]
    y, p = ((values - values.mean()) / unit for values, unit in zip((truth, given), units, strict=True))
    error = (truth - given) / units[0]
    return np.column_stack([np.ones(len(y)), y, p, y * y, p * p, y * p, error * error])


def r2(moments: Floats) -> float:
    """Coefficient of determination; nan for constant truth."""
    n, y, _, yy, _, _, error = moments
    spread = yy - y * y / n
    return float(1.0 - error / spread) if spread > RELATIVE**2 * n else float("nan")


def pearson(moments: Floats) -> float:
    """Pearson's correlation; nan where one side is constant."""
    n, y, p, yy, pp, yp, _ = moments
    spreads = np.array([yy - y * y / n, pp - p * p / n])
    if (spreads <= RELATIVE**2 * n).any():
        return float("nan")
    return float((yp - y * p / n) / np.sqrt(spreads.prod()))


def mean(total: Floats) -> float:
    """Mean of the items' first numbers, the second being 1."""
    return float(total[0] / total[1])


def root_mean_squared(errors: Floats) -> float:
    """Mean over targets of the root of the mean squared error (MCRMSE; RMSE for one target)."""
    return float(np.sqrt(errors[1:] / errors[0]).mean())


def label_macro_f1(counts: Floats) -> float:
    """Mean F1 over labels, each yes or no."""
    tp, fp, fn = counts.reshape(3, -1)
    return agreement.mean_f1(tp, tp + fn, tp + fp)


def _square(confusion: Floats) -> Floats:
    """*Shape:* (C * C,) to (C, C)"""
    return confusion.reshape(int(np.sqrt(confusion.size)), -1)


def _check_rows(labels: npt.NDArray[Any], rows: Floats) -> None:
    if len(labels) != len(rows) or labels.max(initial=-1) >= rows.shape[1]:
        raise RunError(f"scores {rows.shape} do not fit {len(labels)} labels up to {labels.max(initial=-1)}")


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("token_macro_f1", structure_item, token_macro_f1),
        Metric("pair_f1", pair_item, mean),
        Metric("macro_f1", confusion_item, macro_f1),
        Metric("mcc", confusion_item, matthews),
        Metric("auc", score_item, auc, auc_by_weights),
        Metric("mcrmse", error_item, root_mean_squared, lower_is_better=True),
        Metric("rmse", error_item, root_mean_squared, lower_is_better=True),
        Metric("r2", moment_item, r2, centre=centred),
        Metric("pearson", moment_item, pearson, centre=centred),
        Metric("label_macro_f1", label_item, label_macro_f1),
        Metric("label_auc", label_score_item, label_auc, label_auc_by_weights),
        Metric("solved", solved_item, mean, names_missed=True),
        Metric("ensemble_defect", defect_item, mean, lower_is_better=True),
    )
}
"""Metrics by the names that tasks use."""
