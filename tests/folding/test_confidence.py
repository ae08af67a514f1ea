from __future__ import annotations

import numpy as np
import pytest
import RNA
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.folding.confidence import assigned_state_probs, ensemble_defect
from mprna.folding.vienna import fold_ensemble

RIVALS = "GGGGAAAACCCCAAAAGGGG"


def vienna_defect(sequence: str, dot_bracket: str) -> float:
    compound = RNA.fold_compound(sequence)
    compound.exp_params_rescale(compound.mfe()[1])
    compound.pf()
    return float(compound.ensemble_defect(dot_bracket))


@given(sequence=st.text("ACGU", min_size=1, max_size=60))
def test_defect_equals_vienna_s_own(sequence):
    ensemble = fold_ensemble(sequence)
    for dot_bracket in (ensemble.mfe_dot_bracket, "." * len(sequence)):
        expected = vienna_defect(sequence, dot_bracket)
        assert ensemble_defect(dot_bracket, ensemble.base_pair_probs) == pytest.approx(expected, abs=1e-5)


def test_state_probs_position_by_position():
    probs = np.zeros((8, 8), dtype=np.float32)
    for i, j, p in [(0, 6, 0.7), (0, 7, 0.2), (1, 5, 0.6)]:
        probs[i, j] = probs[j, i] = p
    expected = [0.7, 0.6, 1.0, 1.0, 1.0, 0.6, 0.7, 0.8]
    confidence = assigned_state_probs("((...)).", probs)
    assert confidence.dtype == np.float32
    assert confidence == pytest.approx(expected)
    assert ensemble_defect("((...)).", probs) == pytest.approx(1 - np.mean(expected))


def test_pseudoknotted_pairs_count():
    probs = np.zeros((8, 8))
    probs[0, 4] = probs[4, 0] = probs[2, 7] = probs[7, 2] = 0.5
    assert assigned_state_probs("(.[.)..]", probs).tolist() == [0.5, 1, 0.5, 1, 0.5, 1, 1, 0.5]


def test_rows_that_sum_to_more_than_one_stay_probabilities():
    confidence = assigned_state_probs("(...).", np.full((6, 6), 0.9))
    assert confidence == pytest.approx([0.9, 0, 0, 0, 0.9, 0])


def test_likelier_structures_have_smaller_defects():
    probs = fold_ensemble(RIVALS).base_pair_probs
    defects = [ensemble_defect(text, probs) for text in (fold_ensemble(RIVALS).mfe_dot_bracket, "." * 20)]
    assert 0 <= defects[0] < defects[1] <= 1


def test_bad_input():
    with pytest.raises(ValueError, match=r"shape \(3, 3\) for a structure of 4 nt"):
        assigned_state_probs("....", np.zeros((3, 3)))
    with pytest.raises(StructureError):
        assigned_state_probs("(...", np.zeros((4, 4)))
    with pytest.raises(ValueError, match="empty"):
        ensemble_defect("", np.zeros((0, 0)))
