"""Scores to probabilities, and to their logarithms."""

from __future__ import annotations

import numpy as np

from mprna.softmax import log_softmax, softmax


def test_large_numbers_and_the_precision_stay() -> None:
    probs = softmax(np.array([[1e4, 1e4, -1e30]], dtype=np.float32))
    assert probs.tolist() == [[0.5, 0.5, 0.0]]
    assert probs.dtype == np.float32


def test_logarithms_are_those_of_the_probabilities() -> None:
    logits = np.random.default_rng(0).normal(scale=5.0, size=(7, 4))
    np.testing.assert_allclose(log_softmax(logits), np.log(softmax(logits)), rtol=1e-12)


def test_logarithms_of_what_rounds_to_zero_are_finite() -> None:
    logits = np.array([[1e4, 0.0, -1e4]], dtype=np.float32)
    assert softmax(logits).tolist() == [[1.0, 0.0, 0.0]]
    assert log_softmax(logits).tolist() == [[0.0, -1e4, -2e4]]
    assert log_softmax(logits).dtype == np.float32


def test_underflow_is_no_error_where_others_are() -> None:
    with np.errstate(all="raise"):
        assert softmax(np.array([0.0, -1e4])).tolist() == [1.0, 0.0]
        assert log_softmax(np.array([0.0, -1e4])).tolist() == [0.0, -1e4]
