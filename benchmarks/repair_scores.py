"""Scores of `repair.py`, each a function of weights, so that a bootstrap is a change of weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mprna.agreement import auc_by_weights

BOOTSTRAPS = 1_000

Scores = Callable[[np.ndarray], tuple[float, float]]
"""Two scores at these weights of nucleotides. *Shape:* (N,) in"""


def weighted_auc(scores: np.ndarray, positive: np.ndarray) -> Scores:
    """ROC-AUC, ties counted half, and average precision, as functions of the weights of nucleotides."""
    scores = scores.round(12)  # what differs by rounding is a tie
    area = auc_by_weights(scores, positive)
    _, level = np.unique(-scores, return_inverse=True)

    def values(weights: np.ndarray) -> tuple[float, float]:
        hits = np.bincount(level, weights * positive)
        misses = np.bincount(level, weights * ~positive)
        if not hits.any() or not misses.any():
            return float("nan"), float("nan")
        above = hits.cumsum()
        precision = above / np.maximum((hits + misses).cumsum(), 1e-12)
        return area(weights), float((hits * precision).sum() / hits.sum())

    return values


def confusion_scores(truth: np.ndarray, guess: np.ndarray) -> Scores:
    """Macro-F1 over the four bases, and accuracy, as functions of the weights of nucleotides."""

    def values(weights: np.ndarray) -> tuple[float, float]:
        table = np.bincount(4 * truth + guess, weights, minlength=16).reshape(4, 4)
        right = table.diagonal()
        f1 = 2 * right / np.maximum(table.sum(0) + table.sum(1), 1e-12)
        return float(f1.mean()), float(right.sum() / table.sum())

    return values


def intervals(values: Scores, window: np.ndarray) -> list[str]:
    """Both values with their intervals over windows; nan where there is nothing to score."""
    if not len(window):
        return ["nan", "nan"]
    _, window = np.unique(window, return_inverse=True)
    num_windows = int(window.max()) + 1
    rng = np.random.default_rng(0)
    draws = (
        np.bincount(rng.integers(num_windows, size=num_windows), minlength=num_windows)[window]
        for _ in range(BOOTSTRAPS)
    )
    bounds = np.nanquantile([values(draw) for draw in draws], [0.025, 0.975], axis=0)
    return [
        f"{value:.3f} ({low:.3f}-{high:.3f})"
        for value, low, high in zip(values(np.ones(len(window))), *bounds, strict=True)
    ]


def calibration_error(probs: np.ndarray, positive: np.ndarray) -> float:
    """Expected calibration error over 10 bins of equal number."""
    parts = [(part, hits) for part, hits in bins(probs, positive) if len(part)]
    return float(sum(abs(p.mean() - hits.mean()) * len(p) for p, hits in parts) / max(len(probs), 1))


def bins(probs: np.ndarray, positive: np.ndarray, num_bins: int = 10) -> list[tuple[np.ndarray, np.ndarray]]:
    """Both, cut in the order of `probs` into bins of equal number."""
    order = np.argsort(probs, kind="stable")
    return [(probs[part], positive[part]) for part in np.array_split(order, num_bins)]
