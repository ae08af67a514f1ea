"""ViennaRNA's structure of a slice, and how far it is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mprna.corpus.fidelity import Calibration, Folded, fold_all
from mprna.errors import FoldingError
from mprna.folding.prior import prior_pair_probs
from mprna.folding.vienna import EnergyModel
from mprna.rna.sparse_pairs import pack_pairs

ANNOTATION_VERSION: Final = 1
"""To be raised when the same sequence gets another `Folded`; cached ones are then made anew."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Structure labels of one slice.

    Args:
        structure: minimum free energy structure, dot-bracket.
        mfe: its energy, kcal/mol.
        ensemble_energy: free energy of the ensemble, kcal/mol.
        fidelity: 1 - normalised ensemble defect of the structure, 0..1.
        confidence: per nucleotide, round(255 * probability of its state: its pair, or unpaired); calibrated
            where the calibration fits the energy model, else ViennaRNA's.
        mfe_prob: Boltzmann probability of the structure, 0..1.
        mean_pair_prob: of its pairs, 0..1; None where it has none.
        agreement: pair F1 with the MFE structure under the calibration's second parameter set, 0..1.
        expected_f1: calibrated pair F1 with the true structure, 0..1; None where no calibration fits.
        pair_probs: of the prior's ensemble, as `rna.sparse_pairs` packs them; None where not asked for.
    """

    structure: str
    mfe: float
    ensemble_energy: float
    fidelity: float
    confidence: bytes
    mfe_prob: float
    mean_pair_prob: float | None
    agreement: float
    expected_f1: float | None
    pair_probs: bytes | None = None


def annotate(sequence: str, energy_model: EnergyModel, calibration: Calibration) -> Annotation:
    """Fold a clean sequence in this process, without limits.

    Raises:
        FoldingError: there is no fold; the slice then stays without labels.
    """
    (folded,) = fold_all([sequence], energy_model, calibration.second_parameters)
    if folded is None:
        raise FoldingError(f"ViennaRNA cannot fold this sequence of {len(sequence)} nt")
    return to_annotation(folded, energy_model, calibration)


def fold_pair_probs(sequence: str, energy_model: EnergyModel) -> bytes:
    """Pair probabilities of the prior, a better teacher than one parameter set, packed.

    Raises:
        FoldingError: there is no ensemble.
    """
    return pack_pairs(prior_pair_probs(sequence, energy_model))


def to_annotation(
    folded: Folded, energy_model: EnergyModel, calibration: Calibration, pair_probs: bytes | None = None
) -> Annotation:
    """Labels of a fold; the calibration weighs them where it fits the energy model."""
    state_probs, expected_f1 = folded.state_probs, None
    if calibration.fits(energy_model):
        expected_f1 = calibration.expected_f1(folded)
        state_probs = calibration.state_probs(folded, expected_f1)
    return Annotation(
        structure=folded.structure,
        mfe=folded.mfe,
        ensemble_energy=folded.ensemble_energy,
        fidelity=folded.fidelity,
        confidence=np.rint(255 * state_probs).astype(np.uint8).tobytes(),
        mfe_prob=folded.mfe_prob,
        mean_pair_prob=folded.mean_pair_prob,
        agreement=folded.agreement,
        expected_f1=expected_f1,
        pair_probs=pair_probs,
    )
