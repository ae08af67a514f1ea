"""From features to probabilities: a logistic regression that belongs to one set of weights.

The probability that base b stood where x is seen is proportional to

    prior(b; x) * evidence(b) * exp(sum of coefficient * feature(b)),

with the prior 1 - rate for b = x and rate / 3 for the others. The rate is thus exchanged without a new fit.
Where the base is unknown, the prior is even over the bases that its code stands for. The evidence is that of
relatives, if there are any.

Shape letters: L nucleotides, K features.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.digest import file_sha256
from mprna.errors import ModelError
from mprna.files import read_json, write_json
from mprna.model.layout import WEIGHTS_FILE
from mprna.predict.repair_features import FEATURES, Floats
from mprna.runtime.engine import IntArray

CALIBRATION_FILE: Final = "repair.json"
SCHEMA: Final = {"schema": "mprna.repair", "version": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairCalibration:
    """Coefficients in the order of `FEATURES`, and the window in which the model reads."""

    seen: tuple[float, ...]
    """Where a base is seen."""
    unknown: tuple[float, ...]
    """Where none is; those of features that need one are 0."""
    window: int
    """Nucleotides."""
    fitted_on: str = ""
    """What it was fitted on, for people."""


def load_calibration(model_dir: Path) -> RepairCalibration:
    """The calibration in a model directory.

    Raises:
        ModelError: there is none, it is damaged, or it was fitted to other weights.
    """
    path = model_dir / CALIBRATION_FILE
    if not path.exists():
        raise ModelError(f"{model_dir}: not calibrated for repair; fit {path.name} with runs/repair.py")
    content = read_json(path)
    if not _is_valid(content):
        raise ModelError(
            f"{path}: not a repair calibration of this version; fit it again with runs/repair.py"
        )
    if content["weights_sha256"] != file_sha256(model_dir / WEIGHTS_FILE):
        raise ModelError(
            f"{path}: fitted to other weights than {WEIGHTS_FILE}; fit it again with runs/repair.py"
        )
    seen, unknown = (tuple(content[key][name] for name in FEATURES) for key in ("seen", "unknown"))
    return RepairCalibration(
        seen=seen, unknown=unknown, window=content["window"], fitted_on=content.get("fitted_on", "")
    )


def save_calibration(calibration: RepairCalibration, model_dir: Path) -> None:
    """Write a calibration for the weights in `model_dir`; the manifest is to be written afterwards."""
    content = SCHEMA | {
        "weights_sha256": file_sha256(model_dir / WEIGHTS_FILE),
        "window": calibration.window,
        "seen": dict(zip(FEATURES, calibration.seen, strict=True)),
        "unknown": dict(zip(FEATURES, calibration.unknown, strict=True)),
        "fitted_on": calibration.fitted_on,
    }
    write_json(content, model_dir / CALIBRATION_FILE)


def base_posterior(
    features: Floats,
    calibration: RepairCalibration,
    *,
    bases: IntArray,
    rates: Floats,
    possible: npt.NDArray[np.bool_],
    log_likelihood: Floats | float = 0.0,
) -> Floats:
    """Probability of each base to be the original one; rows sum to 1.

    Args:
        features: *Shape:* (L, 4, K)
        bases: what is seen, 0-3 for A C G U and 4 for an unknown base. *Shape:* (L,)
        rates: prior probability of a substitution, between 0 and 1. *Shape:* (L,)
        possible: of an unknown base, the bases it may be. *Shape:* (L, 4)
        log_likelihood: of further evidence, given each base. *Shape:* (L, 4)

    *Shape:* (L, 4)
    """
    is_base = np.arange(features.shape[1]) == bases[:, None]
    is_seen = is_base.any(axis=1)[:, None]
    prior = np.where(is_base, 1.0 - rates[:, None], rates[:, None] / 3.0)
    prior = np.where(is_seen, prior, possible)
    coefficients = np.where(is_seen, calibration.seen, calibration.unknown)
    score = np.einsum("lbk,lk->lb", features, coefficients) + log_likelihood
    weight = prior * np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def _is_valid(content: dict[str, Any]) -> bool:
    if any(content.get(key) != value for key, value in SCHEMA.items()):
        return False
    for key in ("seen", "unknown"):
        found = content.get(key)
        if not isinstance(found, dict) or set(found) != set(FEATURES):
            return False
        if not all(isinstance(value, (int, float)) and abs(value) < np.inf for value in found.values()):
            return False
    window = content.get("window")
    return isinstance(window, int) and window > 1 and isinstance(content.get("weights_sha256"), str)
