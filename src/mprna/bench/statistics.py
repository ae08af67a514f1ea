"""How much a difference is worth: bootstrap intervals, paired tests with Holm's correction, ranks.

Shape letters: R resamples, N items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.agreement import ranks
from mprna.bench.metrics import Floats, Metric

NUM_RESAMPLES: Final = 1_000

Draws = npt.NDArray[np.int64]
"""How often every item is drawn in every resample. *Shape:* (R, N)"""


def draw_items(num_items: int, clusters: Sequence[str] = ()) -> Draws:
    """Bootstrap resamples; the same for every model, so that differences are paired.

    Args:
        clusters: what each item is drawn together with, such as its family; each by itself where empty.
    """
    rng = np.random.default_rng(0)
    numbers = np.unique(clusters, return_inverse=True)[1] if clusters else np.arange(num_items)
    num_clusters = int(numbers.max()) + 1
    drawn = rng.integers(0, num_clusters, (NUM_RESAMPLES, num_clusters))
    counts = np.stack([np.bincount(row, minlength=num_clusters) for row in drawn])
    return np.asarray(counts[:, numbers], dtype=np.int64)


def resampled(metric: Metric, items: Sequence[Floats], draws: Draws) -> Floats:
    """The metric of every resample. *Shape:* (R,)"""
    numbers = metric.numbers(items)
    if metric.by_weights is None:
        return np.array([metric.value(total) for total in draws @ numbers])
    value, lengths = metric.by_weights(numbers), [len(item) for item in items]
    return np.array([value(np.repeat(draw, lengths)) for draw in draws])


def interval(values: Floats) -> tuple[float, float]:
    """The 95 % percentile interval of resampled values without the nan among them; nan if all are."""
    if np.isnan(values).all():
        return float("nan"), float("nan")
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def paired_p(first: Floats, second: Floats) -> float:
    """Two-sided bootstrap p-value of no difference, from paired resamples; never below 2 / (R + 1)."""
    differences = (first - second)[~np.isnan(first - second)]
    if not differences.any():
        return 1.0
    smaller = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (smaller + 1) / (len(differences) + 1)))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the given order.

    >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, p_values[index] * (len(p_values) - rank)))
        corrected[index] = largest
    return corrected


def average_ranks(values: Mapping[str, Sequence[float]], lower_is_better: Sequence[bool]) -> dict[str, float]:
    """Mean rank of every model over columns where all have a value; 1 is best, ties share.

    Args:
        values: model to one value per column, nan where there is none.
        lower_is_better: per column.
    """
    table = np.array([list(row) for row in values.values()], dtype=np.float64)
    whole = ~np.isnan(table).any(axis=0)
    if not whole.any():
        return {}
    signed = np.where(lower_is_better, table, -table)[:, whole]
    mean = np.mean([ranks(column) for column in signed.T], axis=0)
    return dict(zip(values, mean.tolist(), strict=True))
