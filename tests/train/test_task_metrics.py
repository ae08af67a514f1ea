"""Metrics against their definitions, counted by hand or pair by pair."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from mprna.rna.scores import token_macro_f1
from mprna.train.task_metrics import classification_metrics, multilabel_metrics, regression_metrics


def test_the_binary_metrics_are_those_of_the_textbook() -> None:
    positive = np.array([0.9, 0.8, 0.6, 0.6, 0.3, 0.1])
    classes = np.array([1, 1, 0, 1, 1, 0])
    logits = np.stack([np.log(1 - positive), np.log(positive)], axis=1)
    found = classification_metrics(logits, classes)
    tp, fp, fn, tn = 3, 1, 1, 1
    mcc = (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    couples = list(product(positive[classes == 1], positive[classes == 0]))
    auc = np.mean([(a > b) + (a == b) / 2 for a, b in couples])
    assert found == pytest.approx({"accuracy": 4 / 6, "macro_f1": (0.75 + 0.5) / 2, "mcc": mcc, "auc": auc})


def test_macro_f1_is_that_of_structures() -> None:
    true, predicted = "((...))", "(.....)"
    logits = np.eye(3)[["().".index(symbol) for symbol in predicted]]
    classes = np.array(["().".index(symbol) for symbol in true])
    assert classification_metrics(logits, classes)["macro_f1"] == pytest.approx(
        token_macro_f1([true], [predicted])
    )


def test_one_class_has_no_area() -> None:
    found = classification_metrics(np.eye(2)[[0, 1]], np.array([0, 0]))
    assert "auc" not in found
    assert found["mcc"] == 0


def test_labels_are_scored_one_by_one_and_unknown_ones_not_at_all() -> None:
    true = np.array([[1, 0, 1], [0, 1, np.nan], [1, 1, 1]])
    logits = np.array([[2.0, 1.0, 1.0], [3.0, 2.0, -9.0], [-1.0, 0.5, -1.0]])
    found = multilabel_metrics(logits, true)
    f1 = [
        2 / 4,
        4 / 5,
        2 / 3,
    ]  # twice the hits, by those that have the label and those that are said to
    assert found == pytest.approx({"macro_f1": np.mean(f1), "auc": (0 + 0.5) / 2})  # all known have the third
    assert "auc" not in multilabel_metrics(logits[:1], true[:1])


def test_columns_are_averaged_after_the_root() -> None:
    true = np.array([[0.0, 0.0], [0.0, np.nan]])
    found = regression_metrics(np.array([[3.0, 1.0], [4.0, 9.0]]), true)
    assert found == pytest.approx({"mse": 26 / 3, "mcrmse": (np.sqrt(12.5) + 1) / 2})
