"""ViennaRNA's structure of a slice, and how far the ensemble agrees with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from mprna.folding.confidence import assigned_state_probs
from mprna.folding.vienna import EnergyModel, fold_ensemble

ANNOTATION_VERSION: Final = 1
"""To be raised when `annotate` gives the same sequence other labels; cached ones are then made anew."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Structure labels of one slice.

    Args:
        structure: minimum free energy structure, dot-bracket.
        mfe: its energy, kcal/mol.
        ensemble_energy: free energy of the ensemble, kcal/mol.
        fidelity: 1 - normalised ensemble defect of the structure = mean of the confidences, 0..1.
        confidence: per nucleotide, round(255 * probability of its state: its pair, or unpaired).
    """

    structure: str
    mfe: float
    ensemble_energy: float
    fidelity: float
    confidence: bytes


def annotate(sequence: str, energy_model: EnergyModel) -> Annotation:
    """Fold a clean sequence.

    Raises:
        FoldingError: there is no fold; the slice then stays without labels.
    """
    ensemble = fold_ensemble(sequence, energy_model)
    state_probs = assigned_state_probs(ensemble.mfe_dot_bracket, ensemble.base_pair_probs)
    return Annotation(
        structure=ensemble.mfe_dot_bracket,
        mfe=ensemble.mfe,
        ensemble_energy=ensemble.energy,
        fidelity=float(state_probs.mean(dtype=np.float64)),
        confidence=np.rint(255 * state_probs).astype(np.uint8).tobytes(),
    )
