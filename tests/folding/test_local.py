"""Windows around a site: inside, wide enough, where little is cut, and the same whatever else is asked."""

from __future__ import annotations

import numpy as np
import pytest
import RNA
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FoldingError
from mprna.folding.local import Window, Windows, separated_pairs
from mprna.folding.vienna import fold_ensemble, local_pair_probs

HELIX = "GGCGCAUCGC", "GCGAUGCGCC"


def text(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))


def test_pairs_of_a_short_rna_are_those_of_its_ensemble():
    sequence = text(60)
    pairs, probs = local_pair_probs(sequence, 60)
    table = np.zeros((60, 60))
    table[pairs[:, 0], pairs[:, 1]] = probs
    expected = np.triu(fold_ensemble(sequence).base_pair_probs)
    np.testing.assert_allclose(table, np.where(expected >= 0.01, expected, 0), atol=1e-4)


def test_pairs_are_within_the_span_and_do_not_depend_on_parameters_loaded_before():
    RNA.params_load_RNA_Andronescu2007()
    first = local_pair_probs(text(200), 50)
    RNA.params_load_RNA_Turner2004()
    second = local_pair_probs(text(200), 50)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])
    assert (first[0][:, 1] - first[0][:, 0]).max() < 50


def test_no_pairs_at_all():
    pairs, probs = local_pair_probs("A" * 50, 20)
    assert (pairs.shape, probs.shape) == ((0, 2), (0,))
    with pytest.raises(FoldingError, match="empty"):
        local_pair_probs("", 20)


@given(st.integers(2, 12), st.data())
def test_separated_pairs_by_counting(length, data):
    width = data.draw(st.integers(1, length))
    ends = st.integers(0, length - 1)
    pairs = data.draw(st.lists(st.tuples(ends, ends).filter(lambda p: p[0] < p[1]), max_size=6))
    table = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    probs = np.arange(1, len(pairs) + 1) / 8
    expected = [
        sum(
            prob
            for (i, j), prob in zip(pairs, probs, strict=True)
            if (start <= i < start + width) != (start <= j < start + width)
        )
        for start in range(length - width + 1)
    ]
    np.testing.assert_allclose(separated_pairs(table, probs, length, width), expected, atol=1e-12)


@pytest.mark.parametrize("length", [1, 30, 100])
def test_a_short_rna_is_looked_at_as_a_whole(length):
    windows = Windows(text(length), 100)
    assert {windows.around(i, i) for i in range(length)} == {Window(0, length)}


def test_a_site_has_a_quarter_of_the_window_on_both_sides():
    windows = Windows(text(400), 80)
    for site in range(400):
        start, end = windows.around(site, site)
        assert end - start == 80
        assert start == 0 or site - start >= 20
        assert end == 400 or end - 1 - site >= 20


def test_a_helix_is_not_cut_where_that_can_be_helped():
    sequence = "A" * 100 + HELIX[0] + "A" * 20 + HELIX[1] + "A" * 100
    windows = Windows(sequence, 60)
    assert [Window(100, 140) for _ in range(3)] == [
        Window(max(start, 100), min(end, 140))
        for start, end in (windows.around(i, i) for i in (105, 118, 132))
    ]


def test_sites_far_apart_get_a_wider_window():
    windows = Windows(text(500), 100)
    start, end = windows.around(100, 300)
    assert start <= 50
    assert end >= 351
    assert windows.around(0, 499) == Window(0, 500)
