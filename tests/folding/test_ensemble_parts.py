"""The parts of an ensemble, against ViennaRNA's probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.folding.ensemble_parts import EnsembleParts, product
from mprna.folding.vienna import fold_ensemble

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"


def test_inside_times_outside_is_the_probability_of_a_pair():
    parts, probs = EnsembleParts(TRNA), fold_ensemble(TRNA).base_pair_probs
    found = (parts.inside * parts.outside)[1:-1, 1:-1]
    np.testing.assert_allclose(found + found.T, probs, atol=1e-5)
    np.testing.assert_allclose(parts.unpaired[1:-1], 1 - probs.sum(axis=0), atol=1e-5)


def test_likely_pairs_are_listed_from_both_ends():
    parts = EnsembleParts(TRNA)
    by_start, by_end = parts.by_start, parts.by_end
    assert set(zip(by_start.i, by_start.j, strict=True)) == set(zip(by_end.i, by_end.j, strict=True))
    assert (1, 72) in set(zip(by_start.i, by_start.j, strict=True))
    for first, last in ((-5, 0), (1, 1), (7, 12), (70, 90), (77, 120)):
        assert by_start.among(first, last).i.tolist() == [i for i in by_start.i if first <= i <= last]
        assert by_end.among(first, last).j.tolist() == [j for j in by_end.j if first <= j <= last]


@pytest.mark.parametrize("size", [1, 47, 48, 100])
def test_product_is_a_product(size):
    one, other = np.random.default_rng(size).random((2, size, size))
    np.testing.assert_allclose(product(one, other), one @ other, rtol=1e-12)
