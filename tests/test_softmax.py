"""Scores to probabilities."""

from __future__ import annotations

import numpy as np

from mprna.softmax import softmax


def test_large_numbers_and_the_precision_stay() -> None:
    probs = softmax(np.array([[1e4, 1e4, -1e30]], dtype=np.float32))
    assert probs.tolist() == [[0.5, 0.5, 0.0]]
    assert probs.dtype == np.float32
