"""Restraints in ViennaRNA: against every structure that meets them, one by one."""

from __future__ import annotations

import numpy as np
import pytest
import RNA

from mprna.errors import FoldingError, StructureError, UsageError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.restraints import Restraints, ShapeModel, check_reactivities
from mprna.folding.vienna import (
    EnergyModel,
    energy_of,
    fold_ensemble,
    fold_mfe,
    fold_with_bonus,
    pair_probs,
)
from mprna.rna.constraints import parse_constraint
from mprna.rna.structure import pairs_from_dot_bracket

TRNA = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"
MODEL = EnergyModel()


def random_case(seed):
    """A short sequence, all of its structures, and a constraint that one of them meets."""
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("GGCCAUN"), size=rng.integers(10, 20)))
    structures = sorted({s.structure for s in RNA.fold_compound(sequence).subopt(100_000)})
    model = structures[rng.integers(len(structures))]
    symbols = {".": "..x", "(": "..|<", ")": "..|>"}
    text = [str(rng.choice(list(symbols[symbol]))) for symbol in model]
    for i, j in pairs_from_dot_bracket(model).tolist():
        if rng.random() < 0.3:
            text[i], text[j] = "(", ")"
    return sequence, structures, "".join(text)


def meets(dot_bracket, text):
    """The definition of the notation, symbol by symbol."""
    partners = {}
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        partners[i], partners[j] = j, i
    brackets = "".join(symbol if symbol in "()" else "." for symbol in text)
    forced = pairs_from_dot_bracket(brackets).tolist()
    tests = {
        "x": lambda i: i not in partners,
        "|": lambda i: i in partners,
        "<": lambda i: partners.get(i, -1) > i,
        ">": lambda i: 0 <= partners.get(i, -1) < i,
    }
    return all(partners.get(i) == j for i, j in forced) and all(
        tests[symbol](i) for i, symbol in enumerate(text) if symbol in tests
    )


@pytest.mark.parametrize("seed", range(60))
def test_constraints_equal_the_enumeration(seed):
    sequence, structures, text = random_case(seed)
    restraints = Restraints(constraint=parse_constraint(text, sequence))
    allowed = [structure for structure in structures if meets(structure, text)]
    energies = np.array([energy_of(sequence, structure) for structure in allowed])
    dot_bracket, energy = fold_mfe(sequence, MODEL, restraints)
    assert meets(dot_bracket, text)
    assert energy == energies.min() == energy_of(sequence, dot_bracket)
    weights = np.exp(-energies / MODEL.thermal_energy)
    probs = np.zeros((len(sequence), len(sequence)))
    for structure, weight in zip(allowed, weights / weights.sum(), strict=True):
        for i, j in pairs_from_dot_bracket(structure).tolist():
            probs[[i, j], [j, i]] += weight
    np.testing.assert_allclose(fold_ensemble(sequence, MODEL, restraints).base_pair_probs, probs, atol=0.01)
    for structure in allowed:
        restraints.constraint.check(structure)
    for structure in set(structures) - set(allowed):
        with pytest.raises(StructureError):
            restraints.constraint.check(structure)


def test_symbols_that_contradict_each_other_have_a_reason():
    constraint = parse_constraint("|xxxxx|xxxxx|", "GAAAAACAAAAAG")
    with pytest.raises(FoldingError, match="no structure that meets the constraint"):
        fold_mfe("GAAAAACAAAAAG", MODEL, Restraints(constraint=constraint))
    with pytest.raises(FoldingError, match="no structure that meets the constraint"):
        pair_probs("GAAAAACAAAAAG", MODEL, Restraints(constraint=constraint))


def test_reactivities_cost_what_deigan_says():
    """Twice per nucleotide inside a helix, once at its ends; ViennaRNA rounds to 0.01 kcal/mol."""
    sequence, structure = "GGGGAAAACCCC", "((((....))))"
    values = np.array([0.1, np.nan, 0.3, 0.4] + [2.0] * 4 + [-999.0, 0.5, 0.6, 0.0])
    shape_model = ShapeModel(slope=2.0, intercept=-1.0)
    costs = [0 if not value >= 0 else 2.0 * np.log(value + 1) - 1.0 for value in values]
    times = [1, 2, 2, 1, 0, 0, 0, 0, 1, 2, 2, 1]
    expected = energy_of(sequence, structure) + np.dot(costs, times)
    np.testing.assert_allclose(shape_model.energies(values), costs)
    compound = RNA.fold_compound(sequence)
    compound.sc_add_SHAPE_deigan([-999.0, *np.where(values >= 0, values, -999.0)], 2.0, -1.0)
    assert compound.eval_structure(structure) == pytest.approx(expected, abs=0.1)
    found = fold_mfe(sequence, MODEL, Restraints(reactivities=values, shape_model=shape_model))
    assert found == (structure, energy_of(sequence, structure))


def test_reactivities_decide_between_rivals():
    sequence, left, right = "GGGGAAAACCCCAAAAGGGG", "((((....))))........", "........((((....))))"
    for wanted in (left, right):
        values = np.where(np.array(list(wanted)) == ".", 2.0, 0.0)
        restraints = Restraints(reactivities=values)
        assert fold_mfe(sequence, MODEL, restraints)[0] == wanted
        assert fold_with_bonus(sequence, np.zeros((20, 20)), restraints=restraints) == wanted
        prior = prior_pair_probs(sequence, MODEL, restraints)
        assert all(prior[i, j] > 0.9 for i, j in pairs_from_dot_bracket(wanted).tolist())


def test_the_prior_has_the_restraints_and_so_have_both_ensembles():
    second = EnergyModel(parameters="langdon2018")
    values = np.random.default_rng(0).exponential(size=len(TRNA))
    text = "x" * 5 + "." * (len(TRNA) - 5)
    restraints = Restraints(constraint=parse_constraint(text, TRNA), reactivities=values)
    expected = np.mean(
        [fold_ensemble(TRNA, model, restraints).base_pair_probs for model in (MODEL, second)], axis=0
    )
    mean = np.mean([pair_probs(TRNA, model, restraints) for model in (MODEL, second)], axis=0)
    np.testing.assert_allclose(mean, expected, atol=1e-6)
    found = prior_pair_probs(TRNA, MODEL, restraints)
    assert not found[:5].any()
    assert np.abs(found - expected).mean() < np.abs(prior_pair_probs(TRNA) - expected).mean() / 4
    assert np.abs(found - prior_pair_probs(TRNA)).max() > 0.1


def test_a_constraint_that_langdon_excludes_has_the_prior_of_contrafold():
    """A 2 x 3 interior loop without an energy in Langdon 2018."""
    sequence, structure = "GGGGCGCAGGGGAAAACCCCUUACCCC", "((((xxx(((((xxxx)))))xx))))"
    restraints = Restraints(constraint=parse_constraint(structure, sequence))
    prior = prior_pair_probs(sequence, restraints=restraints)
    assert prior[0, 26] > 0.99
    assert not prior[4:7].any()


def test_a_long_sequence_with_strong_reactivities_stays_in_range():
    sequence = "GC" * 300
    probs = pair_probs(sequence, MODEL, Restraints(reactivities=np.zeros(600)))
    assert np.isfinite(probs).all()
    assert probs.sum(axis=1).max() <= 1 + 1e-3


def test_bad_reactivities():
    with pytest.raises(FoldingError, match="3 reactivities for a sequence of 4 nt"):
        check_reactivities([0.0, 1.0, 2.0], "ACGU")
    with pytest.raises(FoldingError, match="reactivity of position 2 is not finite"):
        check_reactivities([0.0, np.inf, 2.0, 0.0], "ACGU")
    with pytest.raises(FoldingError, match="are numbers"):
        check_reactivities(["x"] * 4, "ACGU")
    with pytest.raises(FoldingError, match="beyond 50"):
        fold_mfe("ACGU", MODEL, Restraints(reactivities=np.full(4, 1e300)))
    for options in ({"slope": -1.0}, {"slope": np.nan}, {"intercept": np.inf}):
        with pytest.raises(UsageError, match="expected"):
            ShapeModel(**options)


def test_a_very_stable_sequence_stays_in_range():
    assert prior_pair_probs("GC" * 512).sum() == pytest.approx(1020, abs=5)


def test_masked_reactivities_are_no_data():
    masked = np.ma.masked_array([9.0, 0.5, 9.0], mask=[True, False, True])
    np.testing.assert_array_equal(check_reactivities(masked, "ACG"), [np.nan, 0.5, np.nan])
