"""Linear models by convex optimisation: the same answer from any start.

Shape letters: N observations, H features, C classes, K targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mprna.bench.metrics import Floats
from mprna.errors import MissingExtraError
from mprna.softmax import log_softmax

MAX_STEPS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Scores of standardised features. *Shape:* weights (H, C), bias (C,), mean and scale (H,)"""

    weights: Floats
    bias: Floats
    mean: Floats
    scale: Floats

    def scores(self, features: npt.NDArray[Any]) -> Floats:
        """Logits or values. *Shape:* (N, H) -> (N, C)"""
        return np.asarray((features - self.mean) / self.scale @ self.weights + self.bias)


def fit_softmax(
    features: npt.NDArray[Any], labels: npt.NDArray[Any], num_classes: int, ridge: float
) -> Linear:
    """Multinomial logistic regression: mean cross-entropy of the logits plus ridge / 2 |weights|^2.

    *Shape:* (N, H), (N,)

    Raises:
        MissingExtraError: scipy is not installed.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("logistic regression", "bench") from error
    mean, scale, design = _standardize(features)
    num, width = design.shape
    targets = np.eye(num_classes)[labels]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat[:-num_classes].reshape(width, num_classes)
        log_probs = log_softmax(design @ weights + flat[-num_classes:])
        errors = (np.exp(log_probs) - targets) / num
        gradient = np.concatenate([(design.T @ errors + ridge * weights).ravel(), errors.sum(axis=0)])
        value = -(targets * log_probs).sum() / num + ridge / 2 * (weights**2).sum()
        return float(value), gradient

    start = np.zeros((width + 1) * num_classes)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": MAX_STEPS}).x
    return Linear(found[:-num_classes].reshape(width, num_classes), found[-num_classes:], mean, scale)


def fit_ridge(features: npt.NDArray[Any], targets: Floats, ridge: float) -> Linear:
    """Least squares plus ridge N / 2 |weights|^2, in closed form. *Shape:* (N, H), (N, K)"""
    mean, scale, design = _standardize(features)
    centre = targets.mean(axis=0)
    curvature = design.T @ design / len(design) + ridge * np.eye(design.shape[1])
    weights = np.linalg.solve(curvature, design.T @ (targets - centre) / len(design))
    return Linear(weights, centre, mean, scale)


def _standardize(features: npt.NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    table = np.asarray(features, dtype=np.float64)
    mean, scale = table.mean(axis=0), table.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    return mean, scale, (table - mean) / scale
