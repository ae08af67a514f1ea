"""Measures of agreement are what their definitions say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mprna.agreement import auc, contests, macro_f1, matthews, ranks, spearman


def test_auc_is_the_share_of_ordered_pairs() -> None:
    rng = np.random.default_rng(1)
    scores, positive = rng.integers(0, 5, size=40).astype(float), rng.random(40) < 0.4
    pairs = list(itertools.product(scores[positive], scores[~positive]))
    expected = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs) / len(pairs)
    assert auc(scores, positive) == pytest.approx(expected)
    assert np.isnan(auc(scores, np.ones(40, bool)))


def test_spearman_is_the_correlation_of_ranks() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.integers(0, 9, size=(2, 50)).astype(float)
    expected = np.corrcoef(ranks(first), ranks(second))[0, 1]
    assert spearman(first, second) == pytest.approx(expected)
    assert spearman(first, np.exp(first)) == pytest.approx(1.0)
    assert np.isnan(spearman(first, np.zeros(50)))


def test_macro_f1_leaves_out_classes_that_do_not_occur() -> None:
    confusion = np.array([[3.0, 1.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]])
    assert macro_f1(confusion) == pytest.approx((6 / 7 + 4 / 5) / 2)
    assert np.isnan(macro_f1(np.zeros((2, 2))))


def test_matthews_of_two_classes_is_the_textbook_formula() -> None:
    tp, fn, fp, tn = 5.0, 2.0, 1.0, 7.0
    expected = (tp * tn - fp * fn) / np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert matthews(np.array([[tn, fp], [fn, tp]])) == pytest.approx(expected)
    assert matthews(np.array([[4.0, 0.0], [3.0, 0.0]])) == 0.0


def test_two_classes_are_one_contest() -> None:
    scores, classes = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 4.0]]), np.array([1, 0, 1])
    ((margins, positive),) = contests(scores, classes)
    assert (margins.tolist(), positive.tolist()) == ([1.0, -2.0, 3.0], [True, False, True])


def test_a_class_without_members_or_without_others_is_in_no_contest() -> None:
    scores, classes = np.random.default_rng(3).normal(size=(9, 3)), np.arange(9) % 2 * 2
    found = [positive.tolist() for _, positive in contests(scores, classes)]
    assert found == [(classes == 0).tolist(), (classes == 2).tolist()]
    assert contests(scores, np.zeros(9)) == contests(scores[:, :2], np.ones(9)) == []


@pytest.mark.parametrize("num_classes", [2, 3])
def test_what_all_scores_of_a_row_have_more_changes_no_area(num_classes: int) -> None:
    rng = np.random.default_rng(4)
    scores, classes = rng.normal(size=(40, num_classes)), rng.integers(0, num_classes, 40)
    areas = [auc(*contest) for contest in contests(scores, classes)]
    assert [auc(*contest) for contest in contests(scores + rng.normal(size=(40, 1)), classes)] == areas
