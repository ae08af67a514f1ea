"""Pseudo-energies against every structure, with ViennaRNA's own energies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.decoding.hybrid import MIN_LOG_ODDS, decode_hybrid, pair_log_odds
from mprna.errors import FoldingError
from mprna.folding.vienna import EnergyModel, energy_of, fold_ensemble, fold_mfe
from mprna.rna.canonical import check_structure
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket

HAIRPINS = "GGGGAAAACCCCAAAAGGGG"  # CCCC pairs with the GGGG on either side
LEFT, RIGHT = "((((....))))........", "........((((....))))"


def probs_of(dot_bracket, p):
    probs = np.zeros((len(dot_bracket), len(dot_bracket)), dtype=np.float32)
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        probs[i, j] = probs[j, i] = p
    return probs


def pseudo_energy(pairs, probs, weight, model):
    """The documented formula, pair by pair."""
    unpaired = np.maximum(1 - probs.sum(axis=1, dtype=float), 0.01)
    odds = [float(probs[i, j]) ** 2 / (unpaired[i] * unpaired[j]) for i, j in pairs]
    return -weight * model.thermal_energy * sum(max(np.log(x), -4.0) if x else -4.0 for x in odds)


@pytest.mark.parametrize("weight", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("seed", range(8))
def test_is_the_cheapest_structure(seed, weight, valid_structures, symmetric_probs):
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGU"), p=[0.1, 0.35, 0.35, 0.2], size=14))
    probs = symmetric_probs(rng, 14, sharpness=3.0)
    model = EnergyModel(temperature=45.0)

    def cost(dot_bracket):
        pairs = pairs_from_dot_bracket(dot_bracket).tolist()
        return energy_of(sequence, dot_bracket, model) + pseudo_energy(pairs, probs, weight, model)

    found = cost(decode_hybrid(sequence, probs, weight=weight, energy_model=model))
    best = min(cost(dot_bracket_from_pairs(list(s), 14)) for s in valid_structures(sequence))
    assert found == pytest.approx(best, abs=0.005 * 5 + 1e-6)  # ViennaRNA rounds every bonus to 0.01


@given(sequence=st.text("ACGUN", min_size=1, max_size=60))
def test_no_weight_is_the_plain_mfe(sequence):
    ones = np.ones((len(sequence), len(sequence)), dtype=np.float32)
    assert decode_hybrid(sequence, ones, weight=0.0) == fold_mfe(sequence)[0]


def test_log_odds_of_pairs():
    probs = probs_of("(...)(...)", 0.0)
    assert (pair_log_odds(probs) == MIN_LOG_ODDS).all()
    probs[0, 4] = probs[4, 0] = 0.5  # as probable as both ends unpaired: 0.5^2 = 0.5 * 0.5
    probs[5, 9] = probs[9, 5] = 1.0
    log_odds = pair_log_odds(probs)
    assert log_odds[0, 4] == pytest.approx(0.0)
    assert log_odds[5, 9] == pytest.approx(np.log(1 / 0.01**2))
    assert (log_odds == log_odds.T).all()


def test_a_model_without_opinion_costs_each_pair_the_same():
    """Little enough that a stable hairpin stays."""
    zeros = np.zeros((len(HAIRPINS), len(HAIRPINS)), dtype=np.float32)
    assert decode_hybrid(HAIRPINS, zeros, weight=0.2) in (LEFT, RIGHT)


@given(sequence=st.text("ACGUN", min_size=1, max_size=60), seed=st.integers(0, 2**32 - 1))
def test_is_always_valid(sequence, seed, symmetric_probs):
    """Also where the model believes in pairs that are not canonical or too close."""
    probs = symmetric_probs(np.random.default_rng(seed), len(sequence), sharpness=5.0)
    check_structure(sequence, decode_hybrid(sequence, probs, weight=3.0))


@pytest.mark.parametrize("wanted", [LEFT, RIGHT])
def test_belief_decides_between_rivals(wanted):
    assert decode_hybrid(HAIRPINS, probs_of(wanted, 0.9), weight=1.0) == wanted


def test_belief_in_nonsense_does_not_unfold():
    """Certain of A-A pairs only: they get a bonus that nothing can use."""
    probs = probs_of("....(...)...(...)...", 1.0)
    assert decode_hybrid(HAIRPINS, probs, weight=0.2) in (LEFT, RIGHT)


def test_energy_model_is_obeyed():
    probs = probs_of(LEFT, 0.5)
    assert decode_hybrid(HAIRPINS, probs, weight=1.0, energy_model=EnergyModel(max_span=11)) != LEFT


def test_own_ensemble_as_belief_keeps_a_certain_structure():
    sequence = "GGGGGCAAAAGCCCCC"
    ensemble = fold_ensemble(sequence)
    decoded = decode_hybrid(sequence, ensemble.base_pair_probs, weight=1.0)
    assert decoded == ensemble.mfe_dot_bracket == "((((((....))))))"


def test_bad_input():
    with pytest.raises(ValueError, match="shape"):
        decode_hybrid("ACGU", np.zeros((3, 3)), weight=1.0)
    with pytest.raises(ValueError, match="outside"):
        decode_hybrid("ACGU", np.full((4, 4), np.nan), weight=1.0)
    for weight in (-1.0, np.nan):
        with pytest.raises(ValueError, match="weight"):
            decode_hybrid("ACGU", np.zeros((4, 4)), weight=weight)
    with pytest.raises(FoldingError, match="pseudo-energies"):
        decode_hybrid("ACGU", np.ones((4, 4)), weight=1e6)
    with pytest.raises(FoldingError, match="empty"):
        decode_hybrid("", np.zeros((0, 0)), weight=1.0)
