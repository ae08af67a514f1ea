"""Our one door to ViennaRNA: exactness against enumeration, and every trap behind the door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import RNA
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FoldingError, StructureError, UsageError
from mprna.folding.vienna import (
    MAX_LENGTH,
    PARAMETER_SETS,
    EnergyModel,
    coordinates,
    energy_of,
    fold_ensemble,
    fold_mfe,
    fold_with_bonus,
    vienna_version,
)
from mprna.rna.canonical import check_structure
from mprna.rna.structure import pairs_from_dot_bracket

from .conftest import LONG

SHORT = ["GGGAAACCC", "GGCUAAGCAAAGCC", "GAGCGAAAGCUGCAAAGC", "ACGNGCGAAAGCACGU", "GUGUAAAGUGUAACGU"]
MODELS = [EnergyModel(parameters=name) for name in PARAMETER_SETS]


def all_structures(sequence: str) -> list[str]:
    """Every structure that ViennaRNA knows for the sequence, whatever its energy."""
    return sorted({solution.structure for solution in RNA.fold_compound(sequence).subopt(10_000)})


def energy_or_none(sequence: str, dot_bracket: str, model: EnergyModel) -> float | None:
    try:
        return energy_of(sequence, dot_bracket, model)
    except FoldingError:
        return None


# --- exactness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=list(PARAMETER_SETS))
@pytest.mark.parametrize("sequence", SHORT)
def test_mfe_is_the_least_energy_of_all_structures(sequence, model):
    energies = {text: energy_or_none(sequence, text, model) for text in all_structures(sequence)}
    dot_bracket, mfe = fold_mfe(sequence, model)
    assert len(energies) > 3
    assert mfe == energies[dot_bracket] == min(energy for energy in energies.values() if energy is not None)
    assert None not in energies.values() or model.parameters == "langdon2018"


@pytest.mark.parametrize("model", [EnergyModel(), EnergyModel(temperature=60, dangles=0)], ids=str)
@pytest.mark.parametrize("sequence", SHORT)
def test_ensemble_is_the_boltzmann_sum_over_all_structures(sequence, model):
    structures = all_structures(sequence)
    weights = np.array([np.exp(-energy_of(sequence, s, model) / model.thermal_energy) for s in structures])
    probs = np.zeros((len(sequence), len(sequence)))
    for text, weight in zip(structures, weights / weights.sum(), strict=True):
        for i, j in pairs_from_dot_bracket(text).tolist():
            probs[[i, j], [j, i]] += weight

    ensemble = fold_ensemble(sequence, model)

    # ViennaRNA smooths the Boltzmann factors of mismatches (pf_smooth), and away from 37 °C it rounds
    # energies to 0.01 kcal/mol but not Boltzmann factors.
    tolerance = 1e-3 if model.temperature == 37 else 0.02
    assert ensemble.energy == pytest.approx(-model.thermal_energy * np.log(weights.sum()), abs=tolerance)
    np.testing.assert_allclose(ensemble.base_pair_probs, probs, atol=tolerance)
    assert (ensemble.mfe_dot_bracket, ensemble.mfe) == fold_mfe(sequence, model)
    assert ensemble.base_pair_probs.dtype == np.float32
    assert np.array_equal(ensemble.base_pair_probs, ensemble.base_pair_probs.T)


@pytest.mark.parametrize("seed", range(10))
def test_bonus_minimises_energy_plus_bonus(seed):
    """Also shows that row and column 0 of ViennaRNA's 1-based tables are where we think."""
    rng = np.random.default_rng(seed)
    sequence = SHORT[seed % len(SHORT)]
    length = len(sequence)
    pair_bonus = rng.integers(-300, 300, (length, length)) / 100

    def cost(text):
        i, j = pairs_from_dot_bracket(text).T
        return energy_of(sequence, text) + pair_bonus[i, j].sum()

    found = fold_with_bonus(sequence, pair_bonus)
    assert cost(found) == pytest.approx(min(map(cost, all_structures(sequence))), abs=1e-6)


@given(sequence=st.text("ACGUN", min_size=1, max_size=70), parameters=st.sampled_from(list(PARAMETER_SETS)))
def test_what_is_folded_is_valid_and_has_the_energy_stated(sequence, parameters):
    model = EnergyModel(parameters=parameters)
    ensemble = fold_ensemble(sequence, model)
    check_structure(sequence, ensemble.mfe_dot_bracket)
    assert energy_of(sequence, ensemble.mfe_dot_bracket, model) == ensemble.mfe
    assert ensemble.energy <= ensemble.mfe + 1e-4
    assert ensemble.base_pair_probs.min(initial=0) >= 0
    assert ensemble.base_pair_probs.sum(axis=1).max(initial=0) <= 1 + 1e-4
    assert not ensemble.base_pair_probs[np.array(list(sequence)) == "N"].any()


@given(sequence=st.text("ACGUN", min_size=1, max_size=50), seed=st.integers(0, 2**32 - 1))
def test_bonus_never_makes_an_invalid_structure(sequence, seed):
    """Bonuses on pairs that cannot form are ignored."""
    bonus = np.random.default_rng(seed).normal(-5, 5, (len(sequence), len(sequence)))
    check_structure(sequence, fold_with_bonus(sequence, bonus.clip(-50, 50)))


def test_agrees_with_the_classic_interface():
    dot_bracket, mfe = RNA.fold(LONG)
    assert fold_mfe(LONG) == (dot_bracket, round(mfe, 2))


# --- options -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("span", [MAX_LENGTH, 2**31, 10**20])
def test_a_span_beyond_every_sequence_is_none(span):
    assert fold_mfe("GGGGAAAACCCC", EnergyModel(max_span=span)) == fold_mfe("GGGGAAAACCCC")


def test_max_span_counts_both_ends():
    free = fold_mfe("GGGGAAAACCCC")[0]
    assert free == "((((....))))"
    assert fold_mfe("GGGGAAAACCCC", EnergyModel(max_span=12))[0] == free
    for span in (4, 8, 11):
        model = EnergyModel(max_span=span)
        pairs = pairs_from_dot_bracket(fold_mfe("GGGGAAAACCCC", model)[0])
        i, j = np.nonzero(np.triu(fold_ensemble("GGGGAAAACCCC", model).base_pair_probs))
        assert (np.concatenate([pairs[:, 1] - pairs[:, 0], j - i]) + 1 <= span).all()
        assert energy_of("GGGGAAAACCCC", free, model) == energy_of("GGGGAAAACCCC", free)


def test_temperature_melts():
    assert fold_mfe(LONG, EnergyModel(temperature=100)) == ("." * len(LONG), 0.0)


@pytest.mark.parametrize(
    "options",
    [
        {"parameters": "turner"},
        {"temperature": float("nan")},
        {"temperature": 310.15},
        {"max_span": 0},
        {"dangles": 1},
        {"dangles": 3},
    ],
    ids=str,
)
def test_model_that_vienna_would_not_obey(options):
    with pytest.raises(UsageError, match=next(iter(options)).split("_")[0]):
        EnergyModel(**options)


# --- energy of a structure -----------------------------------------------------------------------------


def test_pseudoknot_brackets_count_as_unpaired():
    assert energy_of("GGGGAAAACCCC", "(((.[[.)))]]") == energy_of("GGGGAAAACCCC", "(((....)))..")
    assert energy_of("GGGGAAAACCCC", "A..........a") == 0.0


def test_pairs_that_are_not_canonical_have_an_energy():
    assert energy_of("GGGGAAAAACCC", "((((....))))") > energy_of("GGGGAAAACCCC", "((((....))))")


@pytest.mark.parametrize(
    "dot_bracket", ["((((.....)))", "((((....)))]", "((((....))x)", ")(..........", "((((....))))"[::-1]]
)
def test_broken_structure(dot_bracket):
    """ViennaRNA answers some of these with a segmentation fault."""
    with pytest.raises(StructureError):
        energy_of("GGGGAAAACCCC", dot_bracket)
    with pytest.raises(StructureError):
        coordinates(dot_bracket)


@pytest.mark.parametrize("dot_bracket", ["(..)........", "(())........", "(((..))....)"])
def test_hairpin_without_energy(dot_bracket):
    with pytest.raises(FoldingError, match="hairpin"):
        energy_of("GGGGAAAACCCC", dot_bracket)


def test_loop_that_only_langdon_excludes():
    """2 x 3 interior loops; every other parameter set has an energy for every valid structure."""
    sequence, dot_bracket = "GGCUAAGCAAAGCC", "(..(....)...)."
    check_structure(sequence, dot_bracket)
    assert energy_of(sequence, dot_bracket) > 0
    with pytest.raises(FoldingError, match="langdon2018"):
        energy_of(sequence, dot_bracket, EnergyModel(parameters="langdon2018"))


def test_large_loops_have_an_energy():
    """ViennaRNA does not search interior loops of more than 30 nt, but models predict them."""
    sequence = "GG" + "A" * 50 + "GGAAAACC" + "AAA" + "CC"
    assert 0 < energy_of(sequence, "((" + "." * 50 + "((....))" + "...))") < 10


def test_unequal_lengths():
    with pytest.raises(FoldingError, match="3 symbols for a sequence of 4 nt"):
        energy_of("ACGU", "...")


# --- sequences -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("sequence", ["A", "AC", "ACGUA", "NNNNNNNNNN"])
def test_sequences_that_cannot_fold(sequence):
    unfolded = "." * len(sequence)
    ensemble = fold_ensemble(sequence)
    assert fold_mfe(sequence) == (unfolded, 0.0)
    assert (ensemble.energy, ensemble.mfe_dot_bracket) == (0.0, unfolded)
    assert str(ensemble.energy) == "0.0"  # ViennaRNA says -0.0
    assert not ensemble.base_pair_probs.any()


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        ("", "empty sequence"),
        ("GGGXXAAAACCC", "symbol 'X'"),
        ("GGGGAAAACCCT", "symbol 'T'"),
        ("ggggaaaacccc", "symbol 'g'"),
        ("GGGG&CCCC", "symbol '&'"),  # two strands to ViennaRNA
        ("GGGG CCCC", "symbol ' '"),
        ("A" * (MAX_LENGTH + 1), "32768 nt; ViennaRNA folds up to 32767 nt"),
    ],
    ids=["empty", "X", "T", "lower", "strands", "space", "long"],
)
def test_sequences_that_vienna_would_fold_as_garbage(sequence, message):
    with pytest.raises(FoldingError, match=message):
        fold_mfe(sequence)
    with pytest.raises(FoldingError, match=message):
        fold_ensemble(sequence)
    with pytest.raises(FoldingError, match=message):
        energy_of(sequence, "." * len(sequence))


def test_garbage_with_a_bonus():
    with pytest.raises(FoldingError, match="symbol 'X'"):
        fold_with_bonus("GGXCC", np.zeros((5, 5)))
    with pytest.raises(FoldingError, match="empty"):
        fold_with_bonus("", np.zeros((0, 0)))


def test_max_length_is_vienna_s_own():
    assert RNA.fold_compound("A" * (MAX_LENGTH + 1)).this is None


def test_partition_function_of_a_stable_rna_does_not_overflow():
    sequence = "G" * 200 + "AAAA" + "C" * 200
    assert RNA.fold_compound(sequence).pf()[1] == 100_000.0  # without rescaling by the MFE
    ensemble = fold_ensemble(sequence)
    assert ensemble.mfe - 5 < ensemble.energy <= ensemble.mfe
    assert ensemble.base_pair_probs.sum(axis=1).max() == pytest.approx(1, abs=1e-3)


def test_partition_function_that_overflows_is_an_error(monkeypatch):
    monkeypatch.setattr(RNA.fold_compound, "exp_params_rescale", lambda compound, mfe: None)
    with pytest.raises(FoldingError, match="partition function of 404 nt is out of range"):
        fold_ensemble("G" * 200 + "AAAA" + "C" * 200)


# --- soft constraints ----------------------------------------------------------------------------------


def test_bonus_turns_the_balance_between_rivals():
    """A few hundredths of kcal/mol over four pairs turn the balance between rivals."""
    sequence, rivals = "GGGGAAAACCCCAAAAGGGG", ("((((....))))........", "........((((....))))")
    energies = [energy_of(sequence, text) for text in rivals]
    assert fold_mfe(sequence)[0] in rivals
    weaker = rivals[int(np.argmax(energies))]
    bonus = np.zeros((20, 20))
    i, j = pairs_from_dot_bracket(weaker).T
    bonus[i, j] = -(abs(energies[0] - energies[1]) + 0.03) / 4
    assert fold_with_bonus(sequence, bonus) == weaker
    assert fold_with_bonus(sequence, bonus.T) == fold_mfe(sequence)[0]  # the upper triangle is read


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 51.0, -1e9])
def test_bonus_that_vienna_s_integers_cannot_hold(value):
    with pytest.raises(FoldingError, match="pseudo-energies"):
        fold_with_bonus("ACGU", np.full((4, 4), value))


def test_bonus_of_another_shape():
    with pytest.raises(ValueError, match=r"shape \(5, 5\), expected \(4, 4\)"):
        fold_with_bonus("ACGU", np.zeros((5, 5)))


# --- the package ---------------------------------------------------------------------------------------


def test_vienna_is_loaded_only_when_used():
    code = "import sys, mprna.folding.vienna as v; v.EnergyModel(); assert 'RNA' not in sys.modules"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    subprocess.run([sys.executable, "-c", code], env=environment, timeout=60, check=True)


def test_version_is_new_enough():
    assert tuple(map(int, vienna_version().split(".")[:2])) >= (2, 8)
