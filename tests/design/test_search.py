"""What the search calls solved is folded again; budgets and seeds are kept."""

from __future__ import annotations

import time
from random import Random

import pytest

from mprna.design.constraints import Constraints, Rules
from mprna.design.repeats import longest_inverted_repeat, longest_repeat
from mprna.design.search import Budget, Search, State
from mprna.errors import DesignError
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, energy_of, fold_mfe
from mprna.rna.structure import partners_of

CLOVERLEAF = "(((((((..((((........)))).((((.........)))).....(((((.......))))))))))))...."
IMPOSSIBLE = "(.(.(...).).)"
"""Lone pairs only, which cost more than they give."""


def search(
    target: str,
    *,
    seed: int = 0,
    folds: int = 500,
    seconds: float = 60.0,
    constraints: Constraints | None = None,
    model: EnergyModel = DEFAULT_MODEL,
) -> State:
    rules = Rules(target, constraints or Constraints())
    return Search(target, rules, model, Random(seed)).run(Budget(time.monotonic() + seconds, folds))


@pytest.mark.parametrize("target", ["((((....))))", CLOVERLEAF, "....", "((((.((....))..((....)).))))"])
def test_a_solution_folds_into_its_target(target):
    found = search(target)
    assert found.gap == 0.0
    assert fold_mfe(found.sequence)[0] == found.dot_bracket == target


def test_another_energy_model_is_used():
    model = EnergyModel(temperature=60.0, parameters="turner1999")
    found = search(CLOVERLEAF, model=model)
    assert fold_mfe(found.sequence, model)[0] == CLOVERLEAF


def test_what_is_not_solved_comes_with_its_true_gap():
    found = search(IMPOSSIBLE, folds=60)
    dot_bracket, mfe = fold_mfe(found.sequence)
    assert dot_bracket == found.dot_bracket != IMPOSSIBLE
    assert found.gap == pytest.approx(energy_of(found.sequence, IMPOSSIBLE) - mfe + 0.05, abs=1e-6)


def test_a_seed_decides_everything():
    first, again, other = (search(IMPOSSIBLE, seed=seed, folds=40) for seed in (1, 1, 2))
    assert first == again
    assert first.sequence != other.sequence


def test_the_deadline_ends_the_search():
    start = time.monotonic()
    search(IMPOSSIBLE, folds=1 << 30, seconds=0.3)
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("target", [IMPOSSIBLE, "(" + 6 * f"{10 * '('}....{10 * ')'}" + ")"])
@pytest.mark.parametrize("folds", [1, 7])
def test_the_number_of_folds_is_kept(target, folds):
    budget = Budget(time.monotonic() + 60, folds)
    Search(target, Rules(target, Constraints()), DEFAULT_MODEL, Random(0)).run(budget)
    assert budget.folds == 0


def test_solutions_obey_the_constraints():
    pattern = "GNNN" + "N" * (len(CLOVERLEAF) - 8) + "RYCC"
    constraints = Constraints(pattern=pattern, min_gc=0.4, max_gc=0.5, forbidden=("GGG", "UUU"), max_run=4)
    found = search(CLOVERLEAF, constraints=constraints, folds=3000)
    sequence = found.sequence
    assert found.gap == 0.0
    assert (sequence[0], sequence[-2:]) == ("G", "CC")
    assert sequence[-4] in "AG"
    assert sequence[-3] in "CU"
    assert 0.4 <= (sequence.count("G") + sequence.count("C")) / len(sequence) <= 0.5
    assert not [motif for motif in ("GGG", "UUU", "AAAAA", "CCCCC") if motif in sequence]


def test_solutions_have_no_longer_repeats():
    arm = "((((((..((((....))))..))))))"
    target = f"...{arm}....{arm}....................{arm}..."
    found = search(target, constraints=Constraints(max_repeat=5, max_inverted_repeat=4, max_run=4))
    assert found.gap == 0.0
    assert longest_repeat(found.sequence) <= 5
    assert longest_inverted_repeat(found.sequence, partners_of(target)) <= 4
    assert not [letter for letter in "ACGU" if 5 * letter in found.sequence]


def test_a_later_start_that_stays_illegal_does_not_lose_the_best(monkeypatch):
    repaired, calls = Search._repaired, []

    def only_once(self: Search, letters: list[str], budget: Budget) -> str:
        calls.append(letters)
        if len(calls) > 1:
            budget.folds -= 1
            raise DesignError("no sequence")
        return repaired(self, letters, budget)

    monkeypatch.setattr(Search, "_repaired", only_once)
    found = search(IMPOSSIBLE, folds=1000)
    assert len(calls) > 1
    assert found.gap > 0
    assert len(found.sequence) == len(IMPOSSIBLE)


def test_repairs_end_with_the_time():
    constraints = Constraints(max_repeat=3, max_inverted_repeat=2)
    start = time.monotonic()
    with pytest.raises(DesignError, match="no sequence was found in time that meets the constraints"):
        search("." * 255, constraints=constraints, seconds=0.2)
    assert time.monotonic() - start < 5


def test_constraints_that_only_a_search_can_refute_end_in_an_error():
    constraints = Constraints(forbidden=("A", "G", "C"))
    with pytest.raises(DesignError, match="no sequence was found that meets the constraints"):
        search("((((....))))", constraints=constraints)
