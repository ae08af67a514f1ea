"""Metrics against hand counts and rna.scores; each known defect of the published evaluation would be seen."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.record import plain_items
from mprna.bench.statistics import draw_items, interval, resampled
from mprna.errors import DataError
from mprna.rna.scores import token_macro_f1
from mprna.train.task_metrics import classification_metrics, multilabel_metrics

TRUTHS = ["((...))", "([.)].", "......"]
GUESSES = ["(.....)", "(...).", "(....)"]


def value(name: str, truths: list[object], predictions: list[object]) -> float:
    metric = METRICS[name]
    return evaluate(metric, [metric.item(t, p) for t, p in zip(truths, predictions, strict=True)])


def test_token_macro_f1_is_that_of_rna_scores() -> None:
    assert value("token_macro_f1", TRUTHS, GUESSES) == pytest.approx(token_macro_f1(TRUTHS, GUESSES))


def test_structures_have_one_label_set_for_every_model() -> None:
    """A model that never says `)` is averaged over three labels all the same, and `[` is no way out."""
    assert value("token_macro_f1", ["(...)"], ["....."]) == pytest.approx(2 * 3 / (3 + 5) / 3)
    assert value("token_macro_f1", ["(...)"], ["[...]"]) == pytest.approx(1 / 3)


def test_pair_f1_counts_pseudoknots_and_is_a_mean_over_rnas() -> None:
    assert value("pair_f1", ["([.)].", "(...)"], ["(..)..", "(...)"]) == pytest.approx((2 / 3 + 1) / 2)


def test_macro_f1_and_mcc_by_hand() -> None:
    truths, scores = [0, 0, 1, 1], [[9, 1], [1, 9], [1, 9], [1, 9]]
    assert value("macro_f1", truths, scores) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert value("mcc", truths, scores) == pytest.approx(2 / np.sqrt(3 * 2 * 2 * 1))
    assert value("mcc", [0, 1], [[1, 0], [1, 0]]) == 0.0


def test_auc_needs_scores_not_hard_labels() -> None:
    """Both sets of scores have the same hard labels; only one ranks perfectly."""
    truths = [0, 0, 1, 1]
    ranked = [[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]]
    hard = [[1, 0], [1, 0], [1, 0], [1, 0]]
    assert value("auc", truths, ranked) == 1.0
    assert value("auc", truths, hard) == 0.5


@pytest.mark.parametrize("present", [[0, 1], [0, 1, 2], [0, 2]])
def test_auc_is_that_of_fine_tuning(present: list[int]) -> None:
    """Of one class against the rest, and of the classes that occur."""
    rng = np.random.default_rng(1)
    classes, logits = rng.choice(present, 60), rng.normal(size=(60, present[-1] + 1))
    assert value("auc", list(classes), list(logits)) == classification_metrics(logits, classes)["auc"]


def test_auc_of_one_class_is_not_defined() -> None:
    assert np.isnan(value("auc", [1, 1], [[0.0, 1.0, 2.0]] * 2))


def test_auc_pools_the_positions_of_all_sequences() -> None:
    truths = [np.array([0, 1]), np.array([0, -1])]
    scores = [[[0, 1], [0, 3]], [[0, 2], [0, 9]]]
    assert value("auc", truths, scores) == 1.0


def test_repair_scores_mutated_positions_only() -> None:
    truth = np.array([-1, 2, -1])
    right = [[9, 0, 0, 0], [0, 0, 9, 0], [9, 0, 0, 0]]
    assert value("macro_f1", [truth], [right]) == 1.0


def test_mcrmse_is_aligned() -> None:
    """Labels that are shifted by one against the nucleotides cost."""
    truth = np.array([[0.0, 1.0], [1.0, 0.0], [5.0, 2.0]])
    longer = np.vstack([truth, [[7.0, 7.0]]])
    assert value("mcrmse", [truth], [longer]) == 0.0
    assert value("mcrmse", [truth], [np.vstack([[[0.0, 0.0]], truth])]) > 1.0
    assert value("mcrmse", [np.zeros((2, 2))], [[[3.0, 0.0], [3.0, 4.0]]]) == pytest.approx(
        (3 + np.sqrt(8)) / 2
    )


def test_regression_by_numpy() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=30)
    p = y + rng.normal(size=30)
    assert value("pearson", list(y), list(p)) == pytest.approx(np.corrcoef(y, p)[0, 1])
    assert value("r2", list(y), list(p)) == pytest.approx(
        1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    )
    assert np.isnan(value("r2", [0.1] * 30, list(p)))
    assert np.isnan(value("pearson", list(y), [1.0] * 30))


def test_small_spreads_about_large_means_are_defined() -> None:
    """Also from a record, which has nine digits; a spread of float32's rounding is none."""
    rng = np.random.default_rng(1)
    y = 10_000 + rng.uniform(-5, 5, 50)
    p = 17.5753 + 0.0251 * rng.uniform(size=50) + 1e-3 * (y - 10_000)
    items = [METRICS["pearson"].item(*pair) for pair in zip(y, p, strict=True)]
    rounded = [np.array(item) for item in plain_items(items)]
    for read in (items, rounded):
        assert evaluate(METRICS["pearson"], read) == pytest.approx(np.corrcoef(y, p)[0, 1], abs=1e-6)
        expected = 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()
        assert evaluate(METRICS["r2"], read) == pytest.approx(expected, rel=1e-6)
    low, high = interval(resampled(METRICS["pearson"], rounded, draw_items(50)))
    assert low < np.corrcoef(y, p)[0, 1] < high
    assert np.isnan(value("pearson", list(y), list(17.5753 * (1 + 1e-7 * rng.uniform(-1, 1, 50)))))
    assert np.isnan(value("r2", [0.0] * 50, list(p)))


def test_labels_by_hand() -> None:
    assert value("label_macro_f1", [[1, 0], [1, 1]], [[0.9, 0.1], [0.2, 0.7]]) == pytest.approx(
        (2 / 3 + 1) / 2
    )


def test_the_auc_of_labels_is_that_of_fine_tuning() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (40, 3)).astype(float)
    truth[:, 2] = 1.0  # all have it
    scores = rng.random((40, 3))
    own = value("label_auc", list(truth), list(scores))
    assert own == pytest.approx(multilabel_metrics(scores, truth)["auc"])
    assert np.isnan(value("label_auc", list(truth[:, 2:]), list(scores[:, 2:])))
    items = [METRICS["label_auc"].item(*pair) for pair in zip(truth, scores, strict=True)]
    low, high = interval(resampled(METRICS["label_auc"], items, draw_items(40)))
    assert low < own < high


def test_predictions_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"3,.* scores for .*2,.* labels"):
        value("label_auc", [np.zeros(2)], [np.zeros(3)])
    with pytest.raises(DataError, match="do not fit"):
        value("auc", [np.array([0, 1])], [[[1.0, 0.0]]])
    with pytest.raises(DataError, match="do not fit"):
        value("mcrmse", [np.zeros((3, 2))], [np.zeros((2, 2))])
    with pytest.raises(DataError, match="no item"):
        evaluate(METRICS["mcc"], [])
