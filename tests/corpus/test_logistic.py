from __future__ import annotations

import numpy as np
import pytest

from mprna.corpus.logistic import fit_logistic
from mprna.softmax import logit, sigmoid


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
