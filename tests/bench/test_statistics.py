"""Intervals cover, paired tests see paired differences, ranks are those of scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.statistics import average_ranks, draw_items, holm, interval, paired_p, resampled

PAIR_F1 = METRICS["pair_f1"]


def items(values: object) -> list[np.ndarray]:  # type: ignore[type-arg]
    return [np.array([value, 1.0]) for value in np.asarray(values)]


def test_interval_of_a_mean_is_that_of_the_normal_theory() -> None:
    values = np.random.default_rng(1).uniform(size=400)
    low, high = interval(resampled(PAIR_F1, items(values), draw_items(400)))
    half = 1.96 * values.std() / 20
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.15 * half)


def test_pooled_and_additive_metrics_resample_the_same_items() -> None:
    metric = METRICS["auc"]
    rows = [np.array([[0.0, score, label]]) for score, label in ((0.1, 0), (0.9, 1), (0.8, 1), (0.3, 0))]
    values = resampled(metric, rows, draw_items(4))
    assert np.nanmin(values) == 1.0


def test_a_resampled_auc_is_that_of_the_repeated_items() -> None:
    """With ties, items of several rows, and more classes than two."""
    metric, rng = METRICS["auc"], np.random.default_rng(4)
    for num_classes in (2, 3):
        rows = [
            np.column_stack([rng.integers(0, 4, (3, num_classes)), rng.integers(0, num_classes, 3)])
            for _ in range(30)
        ]
        draws = draw_items(30)[:20]
        repeated = [evaluate(metric, [rows[i] for i in np.repeat(np.arange(30), draw)]) for draw in draws]
        np.testing.assert_allclose(resampled(metric, rows, draws), repeated, rtol=1e-12)


def test_clusters_are_drawn_as_a_whole_and_as_often_as_there_are() -> None:
    draws = draw_items(5, ["x", "y", "x", "z", "z"])
    assert (draws[:, 0] == draws[:, 2]).all()
    assert (draws[:, 3] == draws[:, 4]).all()
    assert (draws[:, [0, 1, 3]].sum(axis=1) == 3).all()
    assert draws.std() > 0


def test_a_small_but_constant_difference_is_seen_by_the_paired_test() -> None:
    noisy = np.random.default_rng(2).uniform(size=200)
    draws = draw_items(200)
    a, b = (resampled(PAIR_F1, items(values), draws) for values in (noisy, noisy - 0.01))
    assert paired_p(a, b) == pytest.approx(2 / 1001)
    assert paired_p(a, a) == 1.0


def test_paired_test_of_no_difference_is_seldom_small() -> None:
    rng, draws = np.random.default_rng(3), draw_items(100)
    p_values = [
        paired_p(*(resampled(PAIR_F1, items(rng.uniform(size=100)), draws) for _ in range(2)))
        for _ in range(40)
    ]
    assert sum(p < 0.05 for p in p_values) <= 6


def test_holm_by_hand_and_never_above_one() -> None:
    assert holm([0.01, 0.02, 0.9]) == pytest.approx([0.03, 0.04, 0.9])
    assert holm([0.6, 0.7]) == [1.0, 1.0]


def test_average_ranks_turn_around_where_lower_is_better() -> None:
    table = {"a": [0.9, 0.1, 1.0], "b": [0.8, 0.2, float("nan")], "c": [0.9, 0.3, 2.0]}
    first = stats.rankdata([-0.9, -0.8, -0.9])
    expected = (first + np.array([1, 2, 3])) / 2
    ranks = average_ranks(table, [False, True, False])
    assert list(ranks.values()) == pytest.approx(expected.tolist())
