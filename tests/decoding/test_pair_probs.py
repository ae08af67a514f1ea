"""Pair probabilities in several forms say the same."""

from __future__ import annotations

import numpy as np

from mprna.decoding.pair_probs import DensePairProbs, WithCertainPairs
from mprna.runtime.engine import PairBand, cap_rows


def test_certain_pairs_beside_a_band_are_those_of_a_table():
    band = np.random.default_rng(0).random((12, 5), dtype=np.float32)
    band[:, :3] = 0.0
    band[np.arange(5)[None] + np.arange(12)[:, None] >= 12] = 0.0
    for end in (0, 1, 10, 11):  # which pair with each other alone
        band[end] = 0.0
        band[[end - d for d in range(3, 5) if end >= d], [d for d in range(3, 5) if end >= d]] = 0.0
    certain = np.array([[0, 11], [1, 10]])
    found = WithCertainPairs(PairBand(pair_band=cap_rows(band)), certain)
    table = DensePairProbs(found.base_pair_probs)
    assert (table.base_pair_probs[certain[:, 0], certain[:, 1]] == 1.0).all()
    np.testing.assert_array_equal(table.base_pair_probs, table.base_pair_probs.T)
    np.testing.assert_allclose(found.unpaired_probs, table.unpaired_probs, atol=1e-6)
    everything = np.argwhere(np.triu(np.ones((12, 12), dtype=bool), k=1))
    np.testing.assert_array_equal(found.probs_of(everything), table.probs_of(everything))
    for floors in (None, np.full(12, 0.1)):
        for one, other in zip(found.likely_pairs(0.2, floors), table.likely_pairs(0.2, floors), strict=True):
            np.testing.assert_array_equal(one, other)
