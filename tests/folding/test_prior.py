"""The prior: pair probabilities of a set, and half way between two, whatever was loaded before."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.errors import FoldingError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import (
    CONTRAFOLD,
    PARAMETER_SETS,
    EnergyModel,
    fold_ensemble,
    pair_probs,
)

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
def test_are_those_of_the_ensemble(sequence):
    for model in (TURNER, LANGDON):
        expected = fold_ensemble(sequence, model).base_pair_probs
        np.testing.assert_allclose(pair_probs(sequence, model), expected, atol=1e-6)
        np.testing.assert_allclose(pair_probs(sequence, parameters=(model.parameters,)), expected, atol=1e-6)


def test_are_those_of_the_ensemble_bit_by_bit():
    sequence = SEQUENCES["trna"]
    np.testing.assert_array_equal(
        pair_probs(sequence, LANGDON), fold_ensemble(sequence, LANGDON).base_pair_probs
    )


def test_does_not_disturb_the_sets_that_others_load():
    before = fold_ensemble(SEQUENCES["trna"], TURNER)
    pair_probs(SEQUENCES["trna"], EnergyModel(parameters="andronescu2007"))
    after = fold_ensemble(SEQUENCES["trna"], TURNER)
    assert after.mfe == before.mfe
    np.testing.assert_array_equal(after.base_pair_probs, before.base_pair_probs)


@pytest.mark.parametrize("parameters", ["turner2004", "andronescu2007"])
def test_the_prior_has_parameters_of_its_own_and_the_other_settings_of_the_model(parameters):
    model = EnergyModel(temperature=60.0, max_span=20, parameters=parameters)
    prior = prior_pair_probs(SEQUENCES["trna"], model)
    expected = pair_probs(SEQUENCES["trna"], model, parameters=("langdon2018", CONTRAFOLD))
    np.testing.assert_array_equal(prior, expected)
    assert np.abs(prior - prior_pair_probs(SEQUENCES["trna"])).max() > 0.1
    assert not np.triu(prior, k=20).any()


def test_letters_are_checked():
    with pytest.raises(FoldingError):
        pair_probs("GGGXAACCC", TURNER)


# Energies half way between two sets


@pytest.mark.parametrize("name", PARAMETER_SETS)
def test_the_mean_of_a_set_and_itself_is_that_set(name, capfd):
    rng = np.random.default_rng(0)
    sequence = "".join(rng.choice(list("ACGU"), size=150))
    same = EnergyModel(parameters=name, temperature=50.0)
    found = pair_probs(sequence, same, parameters=(name, name))
    np.testing.assert_allclose(found, fold_ensemble(sequence, same).base_pair_probs, atol=1e-6)
    assert capfd.readouterr().err == ""


def test_the_odds_of_a_single_pair_are_the_geometric_mean():
    """Where there is one structure with pairs, its free energy is half way between both."""
    sequence = "GAAAAC"
    odds = []
    for probs in (
        fold_ensemble(sequence, TURNER).base_pair_probs,
        fold_ensemble(sequence, LANGDON).base_pair_probs,
        pair_probs(sequence, parameters=("turner2004", "langdon2018")),
    ):
        assert np.count_nonzero(np.triu(probs)) == 1
        odds.append(probs[0, 5] / (1 - probs[0, 5]))
    assert odds[0] != pytest.approx(odds[1], rel=0.1)
    assert odds[2] == pytest.approx(np.sqrt(odds[0] * odds[1]), rel=0.02)  # energies are rounded to 0.01


def test_the_mean_is_near_that_of_the_ensembles_and_not_the_same():
    rng = np.random.default_rng(0)
    sequence = "".join(rng.choice(list("ACGU"), size=150))
    mean, one = (
        pair_probs(sequence, parameters=("turner2004", "langdon2018")),
        fold_ensemble(sequence, TURNER),
    )
    two = mean_of_ensembles(sequence, TURNER, LANGDON)
    assert np.abs(mean - two).max() > 0.01
    assert np.abs(mean - two).sum() < np.abs(one.base_pair_probs - two).sum() * 1.5


@pytest.mark.parametrize("sequence", SEQUENCES.values(), ids=list(SEQUENCES))
def test_the_mean_is_a_table_of_probabilities_at_any_length(sequence):
    probs = pair_probs(sequence, parameters=("turner2004", "langdon2018"))
    np.testing.assert_array_equal(probs, probs.T)
    assert probs.min() >= 0
    assert probs.sum(axis=1).max() <= 1 + 1e-4
    assert len(sequence) < 9 or probs.max() > 0.1


@pytest.mark.parametrize("name", ["turner1999", "andronescu2007"])
def test_sets_with_other_special_hairpins_have_a_mean_too(name):
    sequence = SEQUENCES["trna"]
    probs = pair_probs(sequence, parameters=(name, "langdon2018"))
    ends = mean_of_ensembles(sequence, EnergyModel(parameters=name), LANGDON)
    assert np.abs(probs - ends).sum() < ends.sum()


def test_the_mean_does_not_disturb_the_sets_that_others_load():
    before = fold_ensemble(SEQUENCES["trna"], TURNER).base_pair_probs
    pair_probs(SEQUENCES["trna"], EnergyModel(temperature=31.0), parameters=("turner2004", CONTRAFOLD))
    np.testing.assert_array_equal(fold_ensemble(SEQUENCES["trna"], TURNER).base_pair_probs, before)
