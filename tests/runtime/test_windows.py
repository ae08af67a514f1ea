"""Windows: they cover, they agree with one piece where context does not matter, and weights are right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.runtime.windows import NetworkArrays, predict, predict_pair_band, window_starts
from mprna.tokenizer import Tokenizer

RNG = np.random.default_rng(0)
TABLE = RNG.normal(size=(24, 6)).astype(np.float32)


def context_free(input_ids: np.ndarray) -> NetworkArrays:
    """A network that looks at each token alone, and pairs G with C at a distance of 5."""
    states = TABLE[input_ids]
    scores = np.full((len(input_ids), len(input_ids)), -60.0, dtype=np.float32)
    scores[:, 0] = 0.0
    guanine, cytosine = Tokenizer().encode("GC")[1:3]
    for i in range(len(input_ids) - 5):
        if (input_ids[i], input_ids[i + 5]) == (guanine, cytosine):
            scores[i, i + 5] = scores[i + 5, i] = 1.0
    return NetworkArrays(states, states[:, :4], states[:, :4], states[:, :3], scores)


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))


@given(st.integers(1, 400), st.integers(1, 60))
def test_windows_cover_and_overlap_by_half(length, width):
    if length <= width:
        return
    starts = window_starts(length, width)
    assert starts[0] == 0
    assert starts[-1] == length - width
    steps = np.diff(starts)
    assert (steps >= 1).all()
    assert (steps <= max(width // 2, 1)).all()


@pytest.mark.parametrize("length", [21, 30, 39, 40, 57, 100])
def test_windows_equal_one_piece_where_context_does_not_matter(length):
    text = sequence(length)
    whole = predict(context_free, text, max_length=length)
    pieces = predict(context_free, text, max_length=20)
    for name in ("hidden_states", "lm_logits", "repair_logits", "structure_probs", "unpaired_probs"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), atol=1e-5, err_msg=name)
    assert pieces.pair_band.shape == (length, 20)
    np.testing.assert_allclose(pieces.base_pair_probs, whole.base_pair_probs, atol=1e-5)


def test_a_sequence_of_the_window_length_is_one_piece():
    calls = []

    def counting(input_ids):
        calls.append(len(input_ids))
        return context_free(input_ids)

    predict(counting, sequence(20), max_length=20)
    predict(counting, sequence(21), max_length=20)
    assert calls == [22, 22, 22]


def test_the_middle_of_a_window_counts_more_than_its_edge():
    def by_call(input_ids):
        output = context_free(input_ids)
        by_call.number += 1.0
        return output._replace(hidden_states=np.full((len(input_ids), 1), by_call.number, dtype=np.float32))

    by_call.number = -1.0
    hidden = predict(by_call, sequence(12), max_length=8).hidden_states[:, 0]
    assert hidden[:4].tolist() == [0.0] * 4
    assert hidden[8:].tolist() == [1.0] * 4
    # Positions 4..7: distance to the nearer edge is 4, 3, 2, 1 in the first window, 1, 2, 3, 4 in the second.
    np.testing.assert_allclose(hidden[4:8], [0.2, 0.4, 0.6, 0.8], rtol=1e-6)


def test_no_pair_reaches_over_the_end():
    pieces = predict(context_free, sequence(50), max_length=20)
    for distance in range(1, 20):
        assert not pieces.pair_band[50 - distance :, distance].any()


# Pair networks


def pair_table(length: int, reach: int) -> np.ndarray:
    """Symmetric pair probabilities of pairs up to `reach` apart; rows sum to less than 1."""
    probs = np.triu(np.random.default_rng(length).random((length, length)) / (4 * reach), k=1)
    probs[np.triu_indices(length, k=reach + 1)] = 0.0
    return (probs + probs.T).astype(np.float32)


@pytest.mark.parametrize("length", [1, 5, 20, 21, 30, 57, 100])
def test_pair_windows_equal_one_piece_where_context_does_not_matter(length):
    table = pair_table(length, reach=9)
    band = predict_pair_band(lambda window: table[window, window], length, 20)
    assert band.pair_band.shape == (length, min(length, 20))
    np.testing.assert_allclose(band.base_pair_probs, table, atol=1e-6)
    np.testing.assert_allclose(band.unpaired_probs, 1 - table.sum(axis=1), atol=1e-5)


def test_a_pair_in_the_middle_of_a_window_counts_more_than_at_its_edge():
    seen = []

    def by_call(window):
        seen.append(window)
        return np.full((8, 8), 0.01 * len(seen), dtype=np.float32)

    band = predict_pair_band(by_call, 12, 8).pair_band
    assert seen == [slice(0, 8), slice(4, 12)]
    # Positions 4 and 6 are 4 and 2 from the end of the first window, 1 and 3 from the start of the second.
    assert band[4, 2] == pytest.approx((4 * 2 * 0.01 + 1 * 3 * 0.02) / (4 * 2 + 1 * 3))
    assert band[0, 7] == pytest.approx(0.01)
    assert band[0, 2] == pytest.approx(0.01)


def test_merged_windows_leave_no_nucleotide_more_pairs_than_one():
    probs = (0.3 * (1 - np.eye(10))).astype(np.float32)
    band = predict_pair_band(lambda _: probs, 25, 10)
    assert band.pair_band.max() > 0.1
    assert band.base_pair_probs.sum(axis=1).max() <= 1 + 1e-5
