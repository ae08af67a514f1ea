"""How good a calibration is: ranking, thresholds and reliability, with 95 % bootstrap intervals.

Shape letters: N RNAs, M nucleotides of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.agreement import Floats, auc, spearman
from mprna.corpus.calibrate import Observation, Validation
from mprna.corpus.fidelity import RNA_FEATURES, Calibration, Folded
from mprna.rna.structure import UNPAIRED

GOOD_F1: Final = 0.8
"""For the AUC, a structure counts as good if its pair F1 is at least this."""

THRESHOLDS: Final = (0.0, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8)
STATE_EDGES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
F1_EDGES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
NUM_BOOTSTRAPS: Final = 500

Interval = list[float]
"""Value, lower and upper end."""


def report(
    observations: Sequence[Observation],
    validation: Validation,
    calibration: Calibration,
    shuffled: Sequence[Folded],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Everything that is to be said about a calibration, as plain values.

    Args:
        observations: what it was fitted to.
        validation: cross-validated predictions for them.
        calibration: fitted to all of them; judges the shuffled sequences.
        shuffled: folds of shuffled sequences.
        seed: of the bootstrap.
    """
    f1 = np.array([seen.f1 for seen in observations])
    control = np.array([calibration.expected_f1(folded) for folded in shuffled])
    picks = np.random.default_rng(seed).integers(len(f1), size=(NUM_BOOTSTRAPS, len(f1)))
    return {
        "mean_f1": _interval(lambda rows: f1[rows].mean(), picks),
        "predictors": _predictors(observations, validation, f1, picks),
        "thresholds": [_threshold(x, validation.expected_f1, f1, control, picks) for x in THRESHOLDS],
        "shuffled": _control(shuffled, observations),
        "f1_reliability": reliability_curve(validation.expected_f1, f1, F1_EDGES, np.arange(len(f1)), seed),
        "states": _states(observations, validation, seed),
    }


def _interval(statistic: Callable[[npt.NDArray[np.int64]], Any], picks: npt.NDArray[np.int64]) -> Interval:
    """A statistic of chosen rows, and the 2.5 and 97.5 % points over bootstrap samples."""
    samples = [float(statistic(rows)) for rows in picks]
    value = float(statistic(np.arange(picks.shape[1])))
    low, high = np.nanpercentile(samples, (2.5, 97.5)) if not np.isnan(samples).all() else (value, value)
    return [round(x, 4) for x in (value, float(low), float(high))]


def _predictors(
    observations: Sequence[Observation], validation: Validation, f1: Floats, picks: npt.NDArray[np.int64]
) -> dict[str, dict[str, Interval]]:
    """Every quantity alone and the fit, by how well they rank."""
    good = f1 >= GOOD_F1
    features = np.array([seen.features for seen in observations])
    scores = {"fit": validation.expected_f1} | dict(zip(RNA_FEATURES, features.T, strict=True))
    return {
        name: {
            "spearman": _interval(lambda rows, s=score: spearman(s[rows], f1[rows]), picks),  # type: ignore[misc]
            "auc": _interval(lambda rows, s=score: auc(s[rows], good[rows]), picks),  # type: ignore[misc]
        }
        for name, score in scores.items()
    }


def _threshold(
    least: float, expected: Floats, f1: Floats, control: Floats, picks: npt.NDArray[np.int64]
) -> dict[str, Any]:
    """What `--min-fidelity` keeps, and how good it is."""
    kept = expected >= least

    def observed(rows: npt.NDArray[np.int64]) -> float:
        chosen = rows[kept[rows]]
        return float(f1[chosen].mean()) if len(chosen) else float("nan")

    return {
        "min_fidelity": least,
        "kept": _interval(lambda rows: kept[rows].mean(), picks),
        "expected_f1": round(float(expected[kept].mean()), 4) if kept.any() else None,
        "observed_f1": _interval(observed, picks) if kept.any() else None,
        "shuffled_kept": round(float((control >= least).mean()), 4) if len(control) else None,
    }


def _control(shuffled: Sequence[Folded], observations: Sequence[Observation]) -> dict[str, Any]:
    """Share of shuffled and of real RNAs that simple filters keep."""
    filters: dict[str, Callable[[Folded], bool]] = {
        "NED < 0.1": lambda folded: folded.fidelity > 0.9,
        "agreement >= 0.9": lambda folded: folded.agreement >= 0.9,
    }
    real = [seen.folded for seen in observations]
    return {
        "num_shuffled": len(shuffled),
        "kept": {
            name: {"real": _share(real, keeps), "shuffled": _share(shuffled, keeps)}
            for name, keeps in filters.items()
        },
    }


def _share(folds: Sequence[Folded], keeps: Callable[[Folded], bool]) -> float | None:
    return round(sum(map(keeps, folds)) / len(folds), 4) if folds else None


def _states(observations: Sequence[Observation], validation: Validation, seed: int) -> dict[str, Any]:
    """Reliability of the state probabilities of paired and unpaired nucleotides, raw and recalibrated."""
    raw = np.concatenate([seen.folded.state_probs for seen in observations]).astype(np.float64)
    calibrated = np.concatenate(validation.state_probs).astype(np.float64)
    right = np.concatenate([seen.right for seen in observations]).astype(np.float64)
    paired = np.concatenate([seen.folded.partners != UNPAIRED for seen in observations])
    rna = np.repeat(np.arange(len(observations)), [len(seen.right) for seen in observations])
    result: dict[str, Any] = {}
    for state, chosen in (("paired", paired), ("unpaired", ~paired)):
        for name, probs in (("raw", raw), ("calibrated", calibrated)):
            curve = reliability_curve(probs[chosen], right[chosen], STATE_EDGES, rna[chosen], seed)
            result[f"{state}_{name}"] = {
                "brier": round(float(((probs[chosen] - right[chosen]) ** 2).mean()), 4),
                "calibration_error": calibration_error(curve),
                "curve": curve,
            }
    return result


def calibration_error(curve: Sequence[dict[str, Any]]) -> float:
    """Mean distance between predicted and observed, weighted by numbers (ECE)."""
    total = sum(int(row["n"]) for row in curve)
    distance = sum(row["n"] * abs(row["predicted"] - row["observed"][0]) for row in curve)
    return round(float(distance) / total, 4)


def points_of(curve: Sequence[dict[str, Any]]) -> tuple[list[float], list[Interval]]:
    """What is drawn of a curve: predicted, and observed with intervals."""
    return [row["predicted"] for row in curve], [row["observed"] for row in curve]


def reliability_curve(
    predicted: Floats, observed: Floats, edges: Sequence[float], rna: npt.NDArray[np.int64], seed: int
) -> list[dict[str, Any]]:
    """Predicted against observed in bins; intervals from bootstraps of whole RNAs.

    Args:
        predicted, observed: 0 to 1.
            *Shape:* (M,)
        edges: of the bins, in order; values outside go to the first or last.
        rna: number of the RNA that each value belongs to.
            *Shape:* (M,)
        seed: of the bootstrap.
    """
    num_rnas = int(rna.max()) + 1
    bins = np.clip(np.searchsorted(edges, predicted, side="right") - 1, 0, len(edges) - 2)
    counts, hits = (np.zeros((len(edges) - 1, num_rnas)) for _ in range(2))
    np.add.at(counts, (bins, rna), 1.0)
    np.add.at(hits, (bins, rna), observed)
    draws = np.random.default_rng(seed).multinomial(num_rnas, np.full(num_rnas, 1 / num_rnas), NUM_BOOTSTRAPS)
    rows = []
    for number in np.unique(bins):
        sampled = draws @ counts[number]
        shares = (draws @ hits[number])[sampled > 0] / sampled[sampled > 0]
        value = float(hits[number].sum() / counts[number].sum())
        rows.append(
            {
                "predicted": round(float(predicted[bins == number].mean()), 4),
                "observed": [round(float(x), 4) for x in (value, *np.percentile(shares, (2.5, 97.5)))],
                "n": int(counts[number].sum()),
            }
        )
    return rows
