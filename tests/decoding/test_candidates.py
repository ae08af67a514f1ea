from __future__ import annotations

import numpy as np
import pytest

from mprna.decoding import candidates
from mprna.decoding.candidates import candidate_pairs, check_probs
from mprna.rna.canonical import pair_types


@pytest.mark.parametrize("cells", [1, 7, 100, 10**6])
def test_equals_dense_table_for_any_block_size(cells, monkeypatch):
    monkeypatch.setattr(candidates, "_BLOCK_CELLS", cells)
    rng = np.random.default_rng(0)
    sequence = "".join(rng.choice(list("ACGUN"), size=37))
    excess = rng.normal(size=(37, 37))
    i, j = candidate_pairs(sequence, lambda rows: excess[rows])
    assert np.argwhere(np.triu(pair_types(sequence) & (excess > 0))).tolist() == np.stack([i, j], 1).tolist()


@pytest.mark.parametrize("max_span", [1, 5, 6, 20, 37, 100])
def test_max_span_counts_both_ends(max_span):
    sequence = "GC" * 18 + "G"
    i, j = candidate_pairs(sequence, lambda rows: np.ones((37, 37))[rows], max_span=max_span)
    all_i, all_j = candidate_pairs(sequence, lambda rows: np.ones((37, 37))[rows])
    short = all_j - all_i + 1 <= max_span
    assert (i.tolist(), j.tolist()) == (all_i[short].tolist(), all_j[short].tolist())


@pytest.mark.parametrize("sequence", ["", "A", "GAAC", "NNNNNNNN"])
def test_sequences_that_cannot_pair(sequence):
    i, j = candidate_pairs(sequence, lambda rows: np.ones((len(sequence), len(sequence)))[rows])
    assert (i.tolist(), j.tolist()) == ([], [])


def test_check_probs_forgives_rounding_only():
    check_probs("p", np.array([1.00001, -0.00001]), (2,))
    with pytest.raises(ValueError, match="p outside of 0 to 1"):
        check_probs("p", np.array([1.1]), (1,))
    with pytest.raises(ValueError, match=r"p of shape \(1,\), expected \(2,\)"):
        check_probs("p", np.array([1.0]), (2,))
