"""Logistic regression with fractional targets: numpy only.

Shape letters: N observations, K columns.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.softmax import sigmoid

Floats = npt.NDArray[np.float64]

_RIDGE: Final = 1e-3
_MAX_STEPS: Final = 50
_TOLERANCE: Final = 1e-9


def fit_logistic(columns: Floats, targets: Floats) -> Floats:
    """Intercept and weights that maximise the Bernoulli likelihood of targets from 0 to 1 (Newton).

    Columns are standardised inside, with a ridge of 0.001 an observation, so that equal columns do no harm.

    *Shape:* (N, K), (N,) -> (K + 1,)

    Raises:
        ValueError: the targets are all equal, or the steps do not converge.
    """
    if np.ptp(targets) == 0.0:
        raise ValueError(f"all {len(targets)} targets are {targets[0]:g}")
    mean, scale = columns.mean(axis=0), columns.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)  # equal values differ by what rounding leaves
    design = np.column_stack([np.ones(len(columns)), (columns - mean) / scale])
    ridge = _RIDGE * len(columns) * np.diag([0.0, *np.ones(columns.shape[1])])
    weights = np.zeros(design.shape[1])
    for _ in range(_MAX_STEPS):
        expected = sigmoid(design @ weights)
        gradient = design.T @ (targets - expected) - ridge @ weights
        curvature = (design * (expected * (1.0 - expected))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        weights += step
        if np.abs(step).max() < _TOLERANCE:
            slopes = weights[1:] / scale
            return np.concatenate([[weights[0] - slopes @ mean], slopes])
    raise ValueError(f"no fit after {_MAX_STEPS} steps")
