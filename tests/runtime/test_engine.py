"""Pair probabilities: against loops, and what must hold for any scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.runtime import engine
from mprna.runtime.engine import Prediction, cap_rows, pair_band


def prediction(band: np.ndarray) -> Prediction:
    empty = np.zeros((len(band), 0), dtype=np.float32)
    return Prediction(
        hidden_states=empty, lm_logits=empty, repair_logits=empty, structure_probs=empty, pair_band=band
    )


def logits(length: int, seed: int, scale: float = 4.0) -> np.ndarray:
    """As the pair head gives them: symmetric over nucleotides, impossible pairs at the minimum."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(scale=scale, size=(length, length))
    scores = scores + scores.T
    near = abs(np.subtract.outer(np.arange(length), np.arange(length))) < 4
    scores[near] = np.finfo(np.float32).min
    return np.column_stack([rng.normal(size=length), scores]).astype(np.float32)


def by_loops(scores: np.ndarray) -> np.ndarray:
    length = len(scores)
    rows = [np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in scores.astype(np.float64)]
    probs = np.zeros((length, length))
    for i in range(length):
        for j in range(length):
            probs[i, j] = np.sqrt(rows[i][1 + j] * rows[j][1 + i])
    totals = np.maximum(probs.sum(axis=1), 1.0)
    return probs / np.maximum.outer(totals, totals)


@pytest.mark.parametrize("length", [1, 2, 5, 17])
def test_pair_probabilities_are_those_of_the_definition(length):
    scores = logits(length, seed=length)
    found = prediction(pair_band(scores)).base_pair_probs
    np.testing.assert_allclose(found, by_loops(scores), atol=1e-6)


@given(st.integers(1, 30), st.integers(0, 10_000), st.sampled_from([0.1, 4.0, 40.0]))
def test_pair_probabilities_are_a_distribution(length, seed, scale):
    result = prediction(pair_band(logits(length, seed, scale)))
    probs = result.base_pair_probs
    assert np.isfinite(probs).all()
    np.testing.assert_array_equal(probs, probs.T)
    assert probs.sum(axis=1).max() <= 1 + 1e-5
    assert not probs.diagonal().any()
    np.testing.assert_allclose(result.unpaired_probs, (1 - probs.sum(axis=1)).clip(0, 1), atol=1e-5)


def test_two_ends_that_disagree_meet_in_the_middle():
    scores = np.full((6, 7), -50.0, dtype=np.float32)
    scores[:, 0] = 0.0
    scores[0, 6] = np.log(9.0)  # 0 says 0.9
    scores[5, 1] = np.log(1 / 9)  # 5 says 0.1
    probs = prediction(pair_band(scores)).base_pair_probs
    assert probs[0, 5] == pytest.approx(0.3, abs=1e-5)


def test_a_position_is_never_paired_more_than_once():
    band = np.zeros((9, 9), dtype=np.float32)
    band[0, 4] = band[0, 8] = 0.9
    capped = prediction(cap_rows(band)).base_pair_probs
    assert capped[0].sum() == pytest.approx(1.0)
    assert capped[0, 4] == pytest.approx(0.5)


def test_likely_pairs_are_sorted_pairs_with_their_probabilities():
    band = np.zeros((8, 5), dtype=np.float32)
    band[1, 4], band[0, 4], band[2, 4] = 0.25, 0.5, 0.1
    pairs, probs = prediction(band).likely_pairs(0.25)
    assert pairs.tolist() == [[0, 4], [1, 5]]
    assert probs.tolist() == [0.5, 0.25]


@pytest.mark.parametrize("block_cells", [1, 40, 4_000_000])
def test_likely_pairs_are_above_the_floors_of_both_ends(block_cells, monkeypatch):
    monkeypatch.setattr(engine, "_BLOCK_CELLS", block_cells)
    rng = np.random.default_rng(0)
    band, floors = rng.random((30, 7), dtype=np.float32), rng.random(30) * 0.6 - 0.1
    for distance in range(7):
        band[30 - distance :, distance] = 0.0
    pairs, probs = prediction(band).likely_pairs(0.2, floors)
    expected = [
        [i, i + d]
        for i in range(30)
        for d in range(min(7, 30 - i))
        if band[i, d] >= 0.2 and band[i, d] > floors[i] + floors[i + d]
    ]
    assert pairs.tolist() == expected
    assert probs.tolist() == [band[i, j - i] for i, j in expected]
    assert 10 < len(expected) < 150


def test_a_narrow_band_is_zero_elsewhere():
    band = np.zeros((8, 5), dtype=np.float32)
    band[3, 4] = 0.5
    probs = prediction(band).base_pair_probs
    assert np.argwhere(probs).tolist() == [[3, 7], [7, 3]]
