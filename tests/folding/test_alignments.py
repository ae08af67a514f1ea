"""An alignment folded as one: as a sequence where it is one, and mutations count."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.errors import FoldingError
from mprna.folding.vienna import EnergyModel, alignment_pair_probs, pair_probs

HAIRPIN = "AAUAGAAAACUAUU"
COMPENSATED = "AUAUGAAAACAUAU"
"""Pairs of other letters."""
BROKEN = "AUAUGAAAACUAUU"
"""The same changes of the first strand alone."""


@pytest.mark.parametrize("model", [EnergyModel(), EnergyModel(parameters="langdon2018", temperature=30)])
def test_one_row_is_a_sequence(model):
    np.testing.assert_array_equal(alignment_pair_probs([HAIRPIN], model), pair_probs(HAIRPIN, model))


def test_mutations_that_compensate_each_other_are_evidence():
    i, j = [0, 1, 2, 3, 4], [13, 12, 11, 10, 9]
    compensated, alike, broken = (
        alignment_pair_probs([HAIRPIN, row])[i, j] for row in (COMPENSATED, HAIRPIN, BROKEN)
    )
    assert (compensated[1:4] > alike[1:4]).all()
    assert (broken[1:4] < alike[1:4]).all()


def test_gaps_and_unknown_letters_are_no_error():
    probs = alignment_pair_probs([HAIRPIN, "-NUAGAAAACUAU-", "-" * len(HAIRPIN)])
    assert probs.shape == (14, 14)
    np.testing.assert_array_equal(probs, probs.T)
    assert probs.sum(axis=1).max() <= 1 + 1e-5


def test_rows_of_other_lengths_are_told():
    with pytest.raises(FoldingError, match="does not accept this alignment of 2 RNAs"):
        alignment_pair_probs([HAIRPIN, HAIRPIN[1:]])
