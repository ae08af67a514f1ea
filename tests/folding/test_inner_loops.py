"""What the design search calls in its inner loops: single loops and samples, against whole folds."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import numpy as np
import pytest

from mprna.folding.vienna import (
    BASE_CODES,
    DEFAULT_MODEL,
    MAX_LOOP,
    PARAMETER_SETS,
    TYPES,
    EnergyModel,
    energy_of,
    fold_ensemble,
    fold_mfe,
    hairpin_energy,
    interior_energy,
    interior_weights,
    sample_structures,
)
from mprna.folding.vienna.compound import fold_compound

SEQUENCE = "GGGGAAAACCCCAAGGAUCCAUAUGGA"
TARGET = "((((....)))).....(((....)))"
PAIRS = ["GC", "CG", "AU", "UA", "GU", "UG"]


@pytest.mark.parametrize("parameters", PARAMETER_SETS)
def test_loops_add_up_to_the_energy_of_the_structure(parameters):
    """Both pairs end the sequence, so that nothing but the exterior loop comes on top, which is in both."""
    model, rng = EnergyModel(parameters=parameters, dangles=0), Random(0)
    for _ in range(100):
        (a, b), (c, d) = rng.choice(PAIRS), rng.choice(PAIRS)
        left, right, inside = ("".join(rng.choices("ACGU", k=k)) for k in (rng.randint(0, 4), 1, 5))
        sequence = a + left + c + inside + d + right + b
        inner = "." * (len(left) + 1) + "(.....)" + "." * 2
        both = "(" + inner[1:-1] + ")"
        loop = interior_energy(a + left + c, d + right + b, model)
        hairpin = hairpin_energy(c + inside + d, model)
        terminal = [0.0 if {*pair} == {*"GC"} else energy_of_end(model) for pair in (a + b, c + d)]
        assert energy_of(sequence, both, model) == pytest.approx(loop + hairpin + terminal[0], abs=1e-6)
        assert energy_of(sequence, inner, model) == pytest.approx(hairpin + terminal[1], abs=1e-6)


def energy_of_end(model: EnergyModel) -> float:
    """Of an A-U pair that ends a helix, from a hairpin of five."""
    return energy_of("AAAAAAU", "(.....)", model) - hairpin_energy("AAAAAAU", model)


@pytest.mark.parametrize("letters", ["ACGU", "ACGUN", "GU"])
def test_many_loops_at_once(letters):
    """Every stack, bulge and interior loop of a sequence, one by one and from tables."""
    length = 50
    sequence = "".join(Random(letters).choices(letters, k=length))
    codes = np.array([0, *(BASE_CODES.index(letter) for letter in sequence), 0])
    pairs = [
        (i, j) for i in range(1, length) for j in range(i + 1, length + 1) if TYPES[codes[i], codes[j]] > 0
    ]
    loops = [
        (i, j, k, m) for i, j in pairs for k, m in pairs if i < k and m < j and k - i + j - m - 2 <= MAX_LOOP
    ]
    assert {(min(k - i, j - m) - 1, max(k - i, j - m) - 1) for i, j, k, m in loops} >= {
        (0, 0),
        (2, 3),
        (9, 9),
    }
    with fold_compound(sequence, DEFAULT_MODEL, evaluate_only=True) as compound:
        expected = [compound.eval_int_loop(*loop) for loop in loops]
    found = interior_weights().energies(codes, *np.array(loops).T)
    assert found.tolist() == expected


@pytest.mark.parametrize("heat", [1.0, 0.5])
def test_the_cost_is_that_of_the_ensemble(heat):
    cost, samples = sample_structures(SEQUENCE, TARGET, DEFAULT_MODEL, num_samples=4000, seed=1, heat=heat)
    share = Counter(samples)[TARGET] / len(samples)
    assert math.exp(-cost / (heat * DEFAULT_MODEL.thermal_energy)) == pytest.approx(share, abs=0.03)
    if heat == 1.0:
        ensemble = fold_ensemble(SEQUENCE)
        assert cost == pytest.approx(energy_of(SEQUENCE, TARGET) - ensemble.energy, abs=0.01)


def test_the_seed_decides_the_samples():
    first, again, other = (
        sample_structures(SEQUENCE, TARGET, DEFAULT_MODEL, num_samples=30, seed=seed)[1] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_target_far_from_the_minimum_does_not_overflow():
    sequence = "GGGGGCCCCC" * 120
    target = "(...)" * 240
    cost, _ = sample_structures(sequence, target, DEFAULT_MODEL, num_samples=1, seed=1)
    assert cost > energy_of(sequence, target) - fold_mfe(sequence)[1] > 437  # kcal/mol, in doubles at 37 °C
