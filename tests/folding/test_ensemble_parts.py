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
    ends = {(i, pair.other) for i, pairs in enumerate(parts.pairs_from) for pair in pairs}
    assert ends == {(pair.other, j) for j, pairs in enumerate(parts.pairs_to) for pair in pairs}
    assert (1, 72) in ends


@pytest.mark.parametrize("size", [1, 47, 48, 100])
def test_product_is_a_product(size):
    one, other = np.random.default_rng(size).random((2, size, size))
    np.testing.assert_allclose(product(one, other), one @ other, rtol=1e-12)
