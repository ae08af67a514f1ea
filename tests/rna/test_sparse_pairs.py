from __future__ import annotations

import numpy as np
import pytest

from mprna.rna.sparse_pairs import MIN_PACKED_PROB, SPARSE_PAIR, pack_pairs, unpack_pairs


def test_pairs_come_back_to_the_last_byte_and_improbable_ones_are_left_out() -> None:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((40, 40)) ** 8, 4)
    probs = (upper + upper.T).astype(np.float32)
    data = pack_pairs(probs)
    pairs = unpack_pairs(data)
    assert len(data) == 5 * len(pairs)
    kept = upper >= MIN_PACKED_PROB
    assert {(int(pair["first"]), int(pair["second"])) for pair in pairs} == set(
        zip(*(part.tolist() for part in np.nonzero(kept)), strict=True)
    )
    assert pairs["prob"] / 255 == pytest.approx(upper[kept], abs=0.5 / 255 + 1e-6)
    assert 0 < kept.sum() < (upper > 0).sum()


def test_an_rna_without_pairs_and_one_with_a_certain_pair() -> None:
    assert pack_pairs(np.zeros((0, 0))) == pack_pairs(np.zeros((7, 7))) == b""
    assert len(unpack_pairs(b"")) == 0
    certain = np.zeros((300, 300))
    certain[2, 299] = certain[299, 2] = 1.000001  # as float32 sums may be
    assert unpack_pairs(pack_pairs(certain)).tolist() == [(2, 299, 255)]


def test_bytes_that_are_cut_off_are_an_error() -> None:
    with pytest.raises(ValueError, match="multiple"):
        unpack_pairs(b"1234")
    assert SPARSE_PAIR.itemsize == 5
