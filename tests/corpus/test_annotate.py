from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

from mprna.corpus.annotate import annotate
from mprna.corpus.fidelity import shipped_calibration
from mprna.errors import FoldingError
from mprna.folding.confidence import assigned_state_probs, ensemble_defect
from mprna.folding.vienna import EnergyModel, energy_of, fold_ensemble, fold_mfe
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

HAIRPIN = "GGGGAAAACCCC"
TRNA = "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAUAAGGGUGAGGUCGCUGAUUCGAAUUCAGCAUAGCCCA"
SHIPPED = shipped_calibration()
UNFITTING = replace(SHIPPED, temperature=99.0)
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
    annotation = annotate(HAIRPIN, EnergyModel(), UNFITTING)
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
    annotation = annotate(sequence, EnergyModel(), UNFITTING)
    assigned = np.array(list(annotation.structure))
    # In this sequence a bracket's direction decides on its partner in all structures that matter.
    probabilities = ((states == assigned) * weights[:, None]).sum(axis=0) / weights.sum()
    confidence = np.frombuffer(annotation.confidence, np.uint8) / 255
    assert confidence == pytest.approx(probabilities, abs=0.06)
    assert annotation.ensemble_energy == pytest.approx(
        -GAS_CONSTANT * KELVIN * np.log(weights.sum()), abs=0.1
    )


def test_fidelity_is_one_minus_the_ensemble_defect() -> None:
    annotation, ensemble = annotate(TRNA, EnergyModel(), SHIPPED), fold_ensemble(TRNA)
    defect = ensemble_defect(ensemble.mfe_dot_bracket, ensemble.base_pair_probs)
    assert annotation.fidelity == pytest.approx(1.0 - defect, abs=1e-6)


def test_energy_model_reaches_the_fold() -> None:
    hot = annotate(HAIRPIN, EnergyModel(temperature=95.0), SHIPPED)
    assert hot.mfe > annotate(HAIRPIN, EnergyModel(), SHIPPED).mfe


def test_mfe_prob_is_the_boltzmann_share_of_the_structure() -> None:
    """Against the sum over all structures, again without ViennaRNA's partition function."""
    sequence = "GGGCAAAAGCU"
    energies = []
    for structure in nested_structures(len(sequence)):
        with contextlib.suppress(FoldingError):
            energies.append(energy_of(sequence, structure, EnergyModel()))
    weights = np.exp(-np.array(energies) / (GAS_CONSTANT * KELVIN))
    annotation = annotate(sequence, EnergyModel(), SHIPPED)
    assert annotation.mfe_prob == pytest.approx(weights.max() / weights.sum(), abs=0.06)


def test_agreement_is_that_of_the_two_structures() -> None:
    calibration = replace(SHIPPED, second_parameters="andronescu2007")
    second, _ = fold_mfe(TRNA, EnergyModel(parameters="andronescu2007"))
    annotation = annotate(TRNA, EnergyModel(), calibration)
    scores = pair_scores(pairs_from_dot_bracket(second), pairs_from_dot_bracket(annotation.structure))
    assert annotation.agreement == pytest.approx(scores.f1)


def test_structure_without_pairs() -> None:
    annotation = annotate("A" * 30, EnergyModel(), SHIPPED)
    assert annotation.structure == "." * 30
    assert annotation.mean_pair_prob is None
    assert (annotation.agreement, annotation.expected_f1) == (1.0, 0.0)


def test_calibration_changes_confidence_only_where_it_fits() -> None:
    fitting, raw = (annotate(TRNA, EnergyModel(), c) for c in (SHIPPED, UNFITTING))
    assert fitting.confidence != raw.confidence
    assert fitting.expected_f1 is not None
    assert 0.0 < fitting.expected_f1 < 1.0
    assert raw.expected_f1 is None
    assert replace(raw, confidence=fitting.confidence, expected_f1=fitting.expected_f1) == fitting
    probs = assigned_state_probs(raw.structure, fold_ensemble(TRNA).base_pair_probs)
    assert raw.confidence == np.rint(255 * probs).astype(np.uint8).tobytes()


def test_failure_is_an_error_and_no_label() -> None:
    with pytest.raises(FoldingError):
        annotate("", EnergyModel(), SHIPPED)
