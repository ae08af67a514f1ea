from __future__ import annotations

import itertools

import numpy as np
import pytest

from mprna.corpus.annotate import annotate
from mprna.errors import FoldingError
from mprna.folding.confidence import ensemble_defect
from mprna.folding.vienna import EnergyModel, energy_of, fold_ensemble, fold_mfe

HAIRPIN = "GGGGAAAACCCC"
GAS_CONSTANT, KELVIN = 1.98717e-3, 310.15  # kcal/(mol K), 37 degrees


def nested_structures(length: int) -> list[str]:
    """All balanced dot-brackets of a length, hairpins of at least 3."""
    found = []
    for symbols in itertools.product("(.)", repeat=length):
        depth = np.cumsum([{"(": 1, ".": 0, ")": -1}[symbol] for symbol in symbols])
        text = "".join(symbols)
        if depth[-1] == 0 and depth.min() >= 0 and not any(gap in text for gap in ("()", "(.)", "(..)")):
            found.append(text)
    return found


def test_labels_of_a_hairpin() -> None:
    annotation = annotate(HAIRPIN, EnergyModel())
    structure, mfe = fold_mfe(HAIRPIN, EnergyModel())
    assert annotation.structure == structure == "((((....))))"
    assert annotation.mfe == pytest.approx(mfe)
    assert annotation.ensemble_energy < annotation.mfe
    assert len(annotation.confidence) == len(HAIRPIN)
    assert annotation.fidelity == pytest.approx(
        np.frombuffer(annotation.confidence, np.uint8).mean() / 255, abs=2e-3
    )


def test_confidence_equals_boltzmann_sum_over_all_structures() -> None:
    """Every structure, weighted by its energy: an ensemble without ViennaRNA's partition function."""
    sequence = "GGGCAAAAGCU"
    states = np.array([list(structure) for structure in nested_structures(len(sequence))])
    energies = []
    for structure in states:
        try:
            energies.append(energy_of(sequence, "".join(structure), EnergyModel()))
        except FoldingError:
            energies.append(np.inf)
    weights = np.exp(-np.array(energies) / (GAS_CONSTANT * KELVIN))
    annotation = annotate(sequence, EnergyModel())
    assigned = np.array(list(annotation.structure))
    # In this sequence a bracket's direction decides on its partner in all structures that matter.
    probabilities = ((states == assigned) * weights[:, None]).sum(axis=0) / weights.sum()
    confidence = np.frombuffer(annotation.confidence, np.uint8) / 255
    assert confidence == pytest.approx(probabilities, abs=0.06)
    assert annotation.ensemble_energy == pytest.approx(
        -GAS_CONSTANT * KELVIN * np.log(weights.sum()), abs=0.1
    )


def test_fidelity_is_one_minus_the_ensemble_defect() -> None:
    sequence = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"
    annotation, ensemble = annotate(sequence, EnergyModel()), fold_ensemble(sequence)
    defect = ensemble_defect(ensemble.mfe_dot_bracket, ensemble.base_pair_probs)
    assert annotation.fidelity == pytest.approx(1.0 - defect, abs=1e-6)


def test_energy_model_reaches_the_fold() -> None:
    hot = annotate(HAIRPIN, EnergyModel(temperature=95.0))
    assert hot.mfe > annotate(HAIRPIN, EnergyModel()).mfe


def test_failure_is_an_error_and_no_label() -> None:
    with pytest.raises(FoldingError):
        annotate("", EnergyModel())
