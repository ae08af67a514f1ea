"""Certificates agree with ViennaRNA asked directly, and with an enumeration of all structures."""

from __future__ import annotations

import math
import random
from collections import Counter
from itertools import pairwise

import pytest
import RNA

from mprna.design import certificate
from mprna.design.certificate import certify
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, fold_mfe

pytestmark = pytest.mark.usefixtures("turner_2004")

HAIRPIN = "((((....))))"


def test_a_stable_hairpin():
    found = certify("CCGGGAAACCGG", HAIRPIN, DEFAULT_MODEL)
    assert (found.energy, found.gap, found.gc) == (-5.9, 0.0, 0.75)
    assert found.mfe_models == ("turner2004", "turner1999", "andronescu2007", "langdon2018")
    assert (found.longest_repeat, found.longest_inverted_repeat) == (4, 2)  # CCGG, both strands; CG


def test_probability_is_that_of_an_enumeration():
    sequence = "GCGCAAAAGUGC"
    compound = RNA.fold_compound(sequence)
    energies = {s.structure: s.energy for s in compound.subopt(3000)}
    weights = {s: math.exp(-energy / DEFAULT_MODEL.thermal_energy) for s, energy in energies.items()}
    found = certify(sequence, HAIRPIN, DEFAULT_MODEL)
    assert found.probability == pytest.approx(weights[HAIRPIN] / sum(weights.values()), rel=1e-3)


def test_the_gap_of_what_does_not_fold_so():
    sequence = "GGGGAAAACCCC"
    found = certify(sequence, "(((......)))", DEFAULT_MODEL)
    assert found.gap == pytest.approx(found.energy - fold_mfe(sequence)[1], abs=1e-6)
    assert found.gap > 0
    assert found.mfe_models == ()
    assert found.probability < 0.05
    assert found.ensemble_defect > 0.1


def test_robustness_counts_substitutions():
    sequence = "CCGGGAAACCGG"
    mutants = {
        sequence[:k] + letter + sequence[k + 1 :] for k in range(len(sequence)) for letter in "ACGU"
    } - {sequence}
    kept = sum(RNA.fold(mutant)[0] == HAIRPIN for mutant in mutants)
    assert len(mutants) == 36
    assert certify(sequence, HAIRPIN, DEFAULT_MODEL).robustness == pytest.approx(kept / 36)


@pytest.mark.parametrize(("length", "expected"), [(5, 15), (100, 60), (1000, 24), (2000, 12)])
def test_fewer_substitutions_of_long_sequences_are_folded(monkeypatch, length, expected):
    folded: list[str] = []

    def fold(sequence: str, _: EnergyModel) -> tuple[str, float]:
        folded.append(sequence)
        return "." * len(sequence), 0.0

    monkeypatch.setattr(certificate, "fold_mfe", fold)
    assert certificate._robustness("A" * length, "." * length, DEFAULT_MODEL) == 1.0
    assert len(set(folded)) == expected


@pytest.mark.parametrize("length", [21, 25, 59, 60, 61, 100, 119, 120, 180, 240, 400, 600, 1000])
def test_a_sample_of_substitutions_prefers_no_place_and_no_letter(length):
    """At multiples of 60 nt it was once A everywhere, or C in place of A."""
    sequence = "".join(random.Random(length).choices("ACGU", k=length))
    mutants = certificate._mutants(sequence)
    changes = [
        (position, "ACGU".replace(sequence[position], "").index(mutant[position]))
        for mutant in mutants
        for position in range(length)
        if mutant[position] != sequence[position]
    ]
    assert len(set(changes)) == len(mutants)
    by_place, by_letter = (Counter(change[i] for change in changes) for i in (0, 1))
    assert max(by_letter.values()) - min(by_letter.values()) <= 1
    assert len(by_letter) == 3
    assert max(by_place.values()) <= -(-len(mutants) // length)
    places = sorted(by_place)
    gaps = {after - before for before, after in pairwise(places)}
    assert max(gaps) - min(gaps) <= 1


def test_the_energy_model_counts():
    hot = certify("CCGGGAAACCGG", HAIRPIN, EnergyModel(temperature=70.0))
    compound = RNA.fold_compound("CCGGGAAACCGG", RNA.md(temperature=70.0))
    assert hot.energy == pytest.approx(compound.eval_structure(HAIRPIN), abs=0.005)
    assert hot.energy > -5.9
