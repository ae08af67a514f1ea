"""Reactivities become likelihood ratios, and their loss is that of a hand count."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from chemical_mapping import (  # noqa: E402
    EDGES,
    MAX_LOG_RATIO,
    Profile,
    fit_log_ratios,
    log_ratios_of,
    mapping_loss,
    read_profiles,
)


def test_what_is_reactive_is_likely_to_be_unpaired() -> None:
    rng = np.random.default_rng(0)
    profiles, unpaired = [], []
    for _ in range(200):
        open_ = rng.random(40) < 0.5
        reactivity = np.where(open_, rng.normal(1.2, 0.2, 40), rng.normal(0.2, 0.1, 40)).astype(np.float32)
        profiles.append(Profile("".join(rng.choice(list("ACGU"), 40)), reactivity))
        # An ensemble that is right in three of four cases.
        right = rng.random(40) < 0.75
        unpaired.append(np.where(right == open_, 0.7, 0.3).astype(np.float32))
    by_bin = fit_log_ratios(profiles, unpaired)
    assert by_bin.shape == (4, len(EDGES) + 1)
    bins = np.digitize([0.2, 1.2], EDGES)
    assert (by_bin[:, bins[0]] < -1).all()
    assert (by_bin[:, bins[1]] > 1).all()
    assert abs(by_bin).max() <= MAX_LOG_RATIO


def test_what_was_not_measured_says_nothing() -> None:
    by_bin = np.arange(4 * (len(EDGES) + 1), dtype=np.float32).reshape(4, -1)
    profile = Profile("ACGUA", np.array([-1.0, 0.05, 9.0], dtype=np.float32))
    width = len(EDGES) + 1
    assert log_ratios_of(profile, by_bin).tolist() == [0, width + 1, 3 * width - 1, 0, 0]


def test_the_loss_is_the_likelihood_of_independent_pairs() -> None:
    log_odds = torch.tensor([[[0.0, 1.0, -2.0], [1.0, 0.0, 0.5], [-2.0, 0.5, 0.0]]], requires_grad=True)
    counted = torch.tensor([[[False, True, True], [False, False, False], [False, False, False]]])
    ratios = torch.tensor([[2.0, 0.0, -1.0]])
    loss = mapping_loss(log_odds, counted, ratios)
    free = 1 / (1 + np.exp([1.0, -2.0]))  # of the pairs (0, 1) and (0, 2)
    expected = [free[0] * free[1], free[1]]
    likelihood = [1 - u + u * np.exp(ratio) for u, ratio in zip(expected, (2.0, -1.0), strict=True)]
    assert loss.item() == pytest.approx(-np.log(likelihood).sum(), abs=1e-6)
    loss.backward()
    assert log_odds.grad[0, 0, 1] > 0  # reactive, so it should pair less


def test_bad_and_test_rows_are_left_out_and_one_fold_is_held_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    rows = [
        {"sequence": "GGAA", "reactivity": [1.0]},
        {"sequence": "GGAC", "reactivity": [1.0], "SN_filter": 0},
        {"sequence": "GGAG", "reactivity": [1.0], "SN_filter": 1, "in_rgb_mrna_test": True},
        {"sequence": "GGAT", "reactivity": [1.0], "SN_filter": 1, "kfold": 0},
        {"sequence": "GGCC", "reactivity": [1.0], "SN_filter": 1, "kfold": 3},
    ]
    with gzip.open(path, "wt") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)
    learned, held_out = read_profiles([path])
    assert [profile.sequence for profile in learned] == ["GGAA", "GGCC"]
    assert [profile.sequence for profile in held_out] == ["GGAU"]
