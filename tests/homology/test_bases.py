"""What letters of relatives say: by hand for one, and in the right direction for many."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.homology.alignment import Alignment
from mprna.homology.bases import (
    DEPENDENCE,
    IN_FRAME,
    NEAR,
    TRANSITIONS,
    base_evidence,
    identities,
    letter_trust,
)
from mprna.homology.relatives import Relative

from .conftest import random_rna

RNA = random_rna(120, 1)


def all_of(same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every letter is known."""
    return same, np.ones_like(same)


def relative(sequence: str, start: int = 0) -> Relative:
    """Aligned without gaps, from `start` on."""
    places = np.arange(len(sequence))
    return Relative("known", sequence, Alignment(1.0, start + places, places))


@pytest.mark.parametrize("place", [0, 2, 30, 77, 119])
def test_letters_are_believed_by_their_neighbours_and_not_by_themselves(place):
    rng = np.random.default_rng(place)
    same = rng.random(120) < 0.7
    flipped = same.copy()
    flipped[place] ^= True
    np.testing.assert_array_equal(identities(*all_of(same))[place], identities(*all_of(flipped))[place])
    for column, offsets in enumerate((NEAR, IN_FRAME)):
        values = [same[place + offset] for offset in offsets if 0 <= place + offset < 120]
        expected = np.log((sum(values) + 1) / (len(values) - sum(values) + 0.5))
        assert identities(*all_of(same))[place, column] == pytest.approx(expected)


def test_a_letter_among_equal_ones_is_believed_more():
    near, far = np.ones(60, dtype=bool), np.arange(60) % 2 == 0
    assert (letter_trust(*all_of(near)) > letter_trust(*all_of(far))).all()
    assert (letter_trust(*all_of(near)) < 1).all()


def test_a_third_position_is_judged_by_third_positions():
    """Where only every third letter differs, it is believed less than the letters between."""
    same = np.arange(90) % 3 != 2
    believed = letter_trust(*all_of(same))
    assert believed[2::3].max() < min(believed[0::3].min(), believed[1::3].min())


def test_the_likelihood_of_one_letter():
    known = "C" + RNA[1:]
    seen = "A" + RNA[1:]
    found = base_evidence(seen, [relative(known)])
    t = letter_trust(*all_of(np.arange(120) > 0))[0]
    other = (1 - t) * (1 - TRANSITIONS) / 2
    likelihood = np.exp(found.log_likelihood)
    np.testing.assert_allclose(likelihood[0], [other, t, other, (1 - t) * TRANSITIONS])
    np.testing.assert_allclose(likelihood.sum(axis=1), 1)


def test_more_relatives_say_it_more_firmly_but_not_as_if_they_were_strangers():
    margins = []
    for number in (1, 2, 4):
        likelihood = base_evidence(RNA, [relative(RNA)] * number).log_likelihood[60]
        best = np.sort(likelihood)
        margins.append(best[-1] - best[-2])
    assert margins[1] / margins[0] == pytest.approx(2 ** (1 - DEPENDENCE))
    assert margins[2] / margins[0] == pytest.approx(4 ** (1 - DEPENDENCE))
    assert 0 < DEPENDENCE < 1


def test_nothing_is_said_where_nothing_is_aligned_or_known():
    found = base_evidence(RNA, [relative(RNA[20:40] + "N" + RNA[41:60], start=20)])
    assert found.num_relatives.tolist() == [0] * 20 + [1] * 20 + [0] + [1] * 19 + [0] * 60
    assert (found.log_likelihood[found.num_relatives == 0] == 0).all()
    assert (base_evidence(RNA, []).log_likelihood == 0).all()


@pytest.mark.parametrize("length", [1, 20, 80])
def test_a_gap_of_unknown_letters_is_filled_by_an_equal_relative(length):
    """Unknown letters of the RNA say nothing against its relative."""
    start = 20
    seen = RNA[:start] + "N" * length + RNA[start + length :]
    found = base_evidence(seen, [relative(RNA)])
    assert "".join("ACGU"[base] for base in found.log_likelihood.argmax(axis=1)) == RNA
    assert np.exp(found.log_likelihood).max(axis=1).min() > 0.8


def test_letters_unknown_in_both_are_neither_alike_nor_different():
    hidden = RNA[:50] + "N" * 10 + RNA[60:]
    both, one = base_evidence(hidden, [relative(hidden)]), base_evidence(hidden, [relative(RNA)])
    known = np.r_[0:50, 60:120]
    np.testing.assert_array_equal(both.log_likelihood[known], one.log_likelihood[known])
