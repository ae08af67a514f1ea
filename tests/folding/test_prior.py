"""The prior: exactly the mean of two ensembles, whatever was loaded before."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.errors import FoldingError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import EnergyModel, fold_ensemble, mean_pair_probs

TURNER, LANGDON = EnergyModel(), EnergyModel(parameters="langdon2018")
SEQUENCES = {
    "one letter": "G",
    "short": "GGGAAACCC",
    "trna": "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA",
    "no scale needed": "GC" * 125,
    "would overflow without scale": "GC" * 300,
}


def mean_of_ensembles(sequence: str, *models: EnergyModel) -> np.ndarray:
    return np.mean([fold_ensemble(sequence, model).base_pair_probs for model in models], axis=0)


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=list(SEQUENCES))
def test_is_the_mean_of_the_ensembles(sequence):
    expected = mean_of_ensembles(sequence, TURNER, LANGDON)
    np.testing.assert_allclose(mean_pair_probs(sequence, [TURNER, LANGDON]), expected, atol=1e-6)


def test_one_model_is_its_ensemble_bit_by_bit():
    sequence = SEQUENCES["trna"]
    np.testing.assert_array_equal(
        mean_pair_probs(sequence, [LANGDON]), fold_ensemble(sequence, LANGDON).base_pair_probs
    )


def test_does_not_disturb_the_sets_that_others_load():
    before = fold_ensemble(SEQUENCES["trna"], TURNER)
    mean_pair_probs(SEQUENCES["trna"], [LANGDON, EnergyModel(parameters="andronescu2007")])
    after = fold_ensemble(SEQUENCES["trna"], TURNER)
    assert after.mfe == before.mfe
    np.testing.assert_array_equal(after.base_pair_probs, before.base_pair_probs)


def test_the_second_set_has_the_other_settings_of_the_first():
    model = EnergyModel(temperature=60.0, max_span=20)
    second = EnergyModel(temperature=60.0, max_span=20, parameters="langdon2018")
    expected = mean_of_ensembles(SEQUENCES["trna"], model, second)
    np.testing.assert_allclose(prior_pair_probs(SEQUENCES["trna"], model), expected, atol=1e-6)


def test_no_model_is_an_error():
    with pytest.raises(ValueError, match="no energy model"):
        mean_pair_probs("GGGAAACCC", [])


def test_letters_are_checked():
    with pytest.raises(FoldingError):
        mean_pair_probs("GGGXAACCC", [TURNER])
