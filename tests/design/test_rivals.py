"""A bound is never above the cost, and what cannot form is no rival."""

from __future__ import annotations

from random import Random

import pytest

from mprna.design.rivals import Rivals
from mprna.folding.vienna import DEFAULT_MODEL, sample_structures
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs, partners_of

TARGET = "((((....))))..((((....))))"


def sampled(sequence: str, num_samples: int = 50, heat: float = 1.0) -> tuple[float, list[str]]:
    return sample_structures(sequence, TARGET, DEFAULT_MODEL, num_samples=num_samples, seed=1, heat=heat)


def pairing(rng: Random) -> str:
    letters = [rng.choice("ACGU") for _ in TARGET]
    for i, j in enumerate(partners_of(TARGET)):
        if j > i:
            letters[i], letters[j] = rng.choice(["GC", "CG", "AU", "UA", "GU"])
    return "".join(letters)


def test_partners_are_those_of_the_checked_function():
    expected = partners_from_pairs(pairs_from_dot_bracket(TARGET), len(TARGET)).tolist()
    assert partners_of(TARGET) == expected


@pytest.mark.parametrize("heat", [1.0, 0.5])
def test_a_sequence_is_never_refused_at_its_cost(heat):
    rng = Random(0)
    thermal_energy = heat * DEFAULT_MODEL.thermal_energy
    sequences = [pairing(rng) for _ in range(12)]
    rivals = Rivals(TARGET, DEFAULT_MODEL)
    for sequence in sequences:
        rivals.add(sampled(sequence)[1])
    refused = 0
    for sequence in sequences:
        cost, _ = sampled(sequence, heat=heat)
        strongest, _ = rivals.strongest(sequence)
        assert rivals.may_cost(sequence, strongest, cost + 0.02, thermal_energy)  # energies are rounded
        refused += not rivals.may_cost(sequence, strongest, cost / 2, thermal_energy)
    assert refused > 0


def test_a_cost_may_be_of_any_size():
    rivals = Rivals(TARGET, DEFAULT_MODEL)
    assert rivals.may_cost("A" * len(TARGET), [], 1e6, 0.1 * DEFAULT_MODEL.thermal_energy)


def test_pairs_that_cannot_form_are_taken_out():
    rivals = Rivals(TARGET, DEFAULT_MODEL)
    rivals.add([TARGET, "((((....))))..(((......)))"])
    for sequence, expected in (
        ("GGGGAAAACCCCAAGGGGAAAAACCC", "((((....))))..(((......)))"),
        ("GGGGAAAACCCCAAGGAGAAAAACCC", "((((....))))..((........))"),
    ):
        (found,) = rivals.strongest(sequence)[0]
        assert found.dot_bracket == expected


def test_the_gap_is_that_to_the_strongest():
    rivals = Rivals(TARGET, DEFAULT_MODEL)
    assert rivals.strongest("A" * len(TARGET))[1] == 0
    rivals.add(["." * len(TARGET)])
    _, gap = rivals.strongest("GGGGAAAACCCCAAGGGGAAAACCCC")
    assert gap < 0
