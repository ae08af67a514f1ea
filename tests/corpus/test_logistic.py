from __future__ import annotations

import itertools

import numpy as np
import pytest

from mprna.corpus.logistic import auc, fit_logistic, logit, ranks, sigmoid, spearman


def test_fit_of_one_flag_is_the_log_odds_of_both_groups() -> None:
    """A saturated model has a closed form; the ridge moves it a little."""
    flag = np.repeat([0.0, 1.0], [1000, 3000])
    targets = np.concatenate([np.repeat([0.0, 1.0], [800, 200]), np.repeat([0.0, 1.0], [900, 2100])])
    intercept, weight = fit_logistic(flag[:, None], targets)
    assert intercept == pytest.approx(logit(0.2), abs=0.03)
    assert intercept + weight == pytest.approx(logit(0.7), abs=0.03)


def test_fit_finds_known_weights_from_fractions() -> None:
    rng = np.random.default_rng(0)
    columns = rng.normal(3.0, 2.0, size=(4000, 2))
    targets = sigmoid(0.5 + columns @ [1.0, -0.7])
    weights = fit_logistic(columns, targets)
    assert weights == pytest.approx([0.5, 1.0, -0.7], abs=0.05)


def test_constant_and_equal_columns_do_no_harm() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    targets = (x > 0).astype(float) * 0.8 + 0.1
    columns = np.column_stack([x, x, np.full(500, 7.0)])
    weights = fit_logistic(columns, targets)
    assert weights[1] == pytest.approx(weights[2])
    assert weights[3] == 0.0


def test_constant_targets_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="all 9 targets are 1"):
        fit_logistic(np.arange(9.0)[:, None], np.ones(9))


def test_logit_and_sigmoid_are_inverse_within_the_margin() -> None:
    probabilities = np.array([0.001, 0.3, 0.999])
    assert sigmoid(logit(probabilities)) == pytest.approx(probabilities)
    assert sigmoid(logit([0.0, 1.0], margin=0.01)) == pytest.approx([0.01, 0.99])


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
