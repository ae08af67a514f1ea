"""Scores to probabilities, and to their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[Any]:
    """Softmax over the last axis, in the precision of the logits.

    >>> softmax(np.array([[1e4, 1e4, -1e30]])).tolist()
    [[0.5, 0.5, 0.0]]
    """
    with np.errstate(under="ignore"):
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """1 / (1 + exp(-logit)), without overflow.

    >>> sigmoid([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return 0.5 * (1.0 + np.tanh(0.5 * np.asarray(logits, dtype=np.float64)))


def logit(probability: npt.ArrayLike, *, margin: float = 1e-4) -> npt.NDArray[np.float64]:
    """Log-odds of probabilities, which are first moved `margin` away from 0 and 1."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), margin, 1.0 - margin)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def log_softmax(logits: npt.NDArray[np.floating]) -> npt.NDArray[Any]:
    """Logarithms of `softmax`, exact where it rounds to 0.

    >>> log_softmax(np.array([0.0, -1000.0])).tolist()
    [0.0, -1000.0]
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    with np.errstate(under="ignore"):
        return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
