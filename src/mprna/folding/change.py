"""What a mutation does to the ensemble of structures.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna import Ensemble
from mprna.rna.helices import helices_of
from mprna.rna.structure import Pairs

MIN_HELIX_CHANGE: Final = 0.25
"""A helix counts as lost or gained if the mean probability of its pairs changes by at least this."""

MIN_HELIX_PAIRS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleChange:
    """How the ensemble changes from the reference to the mutant."""

    delta_ensemble_energy: float
    """Change of the free energy of the ensemble, kcal/mol; above 0 the mutant is less stable."""
    delta_mfe: float
    """Change of the minimum free energy, kcal/mol."""
    pair_distance: float
    """Sum over all pairs of the absolute change of their probability."""
    unpaired_distance: float
    """Sum over all nucleotides of the absolute change of their probability to be unpaired."""
    helices_lost: tuple[Pairs, ...]
    """Helices of the reference's MFE structure that are less probable in the mutant. *Shape:* (P, 2) each"""
    helices_gained: tuple[Pairs, ...]
    """Helices of the mutant's MFE structure that are less probable in the reference. *Shape:* (P, 2) each"""


def ensemble_change(reference: Ensemble, mutant: Ensemble) -> EnsembleChange:
    """Compare two ensembles of sequences of one length."""
    before, after = (e.base_pair_probs.astype(np.float64) for e in (reference, mutant))
    change = after - before
    return EnsembleChange(
        delta_ensemble_energy=mutant.energy - reference.energy,
        delta_mfe=mutant.mfe - reference.mfe,
        pair_distance=float(np.abs(change).sum() / 2),
        unpaired_distance=float(np.abs(change.sum(axis=1)).sum()),
        helices_lost=_changed(reference.mfe_dot_bracket, -change),
        helices_gained=_changed(mutant.mfe_dot_bracket, change),
    )


def _changed(dot_bracket: str, change: npt.NDArray[np.float64]) -> tuple[Pairs, ...]:
    """Helices of the structure that become more probable by this change. *Shape:* (L, L) to (P, 2) each"""
    return tuple(
        helix
        for helix in helices_of(dot_bracket)
        if len(helix) >= MIN_HELIX_PAIRS and change[helix[:, 0], helix[:, 1]].mean() >= MIN_HELIX_CHANGE
    )
