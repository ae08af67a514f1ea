"""Bayes' rule over the letters of a nucleotide."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mprna.predict.repair_calibration import RepairCalibration, base_posterior
from mprna.predict.repair_features import FEATURES

CALIBRATION = RepairCalibration(
    seen=(1.0, 0.2, -0.3), unknown=(0.8, 0.0, 0.0), window=60, fitted_on="nothing"
)


def by_hand(features, base: int, rate: float, coefficients, possible) -> np.ndarray:
    weights = []
    for other in range(4):
        score = sum(c * f for c, f in zip(coefficients, features[other], strict=True))
        prior = float(possible[other]) if base == 4 else 1 - rate if other == base else rate / 3
        weights.append(prior * np.exp(score))
    return np.array(weights) / sum(weights)


@given(st.integers(0, 4), st.floats(1e-6, 0.7), st.integers(0, 10_000))
def test_the_posterior_is_bayes_rule(base, rate, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(1, 4, len(FEATURES)))
    possible = rng.random((1, 4)) < 0.5
    possible[0, rng.integers(4)] = True
    found = base_posterior(
        features, CALIBRATION, bases=np.array([base]), rates=np.array([rate]), possible=possible
    )
    used = CALIBRATION.unknown if base == 4 else CALIBRATION.seen
    np.testing.assert_allclose(found[0], by_hand(features[0], base, rate, used, possible[0]), atol=1e-12)
