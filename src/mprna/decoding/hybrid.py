"""A model's pair probabilities and ViennaRNA's energies in one structure.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import check_probs
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, fold_mfe, fold_with_bonus

BACKGROUND: Final = 0.01
"""Pair probability that says nothing: it and all below it leave the energy as it is."""


def decode_hybrid(
    sequence: str,
    base_pair_probs: npt.NDArray[np.floating],
    *,
    weight: float,
    energy_model: EnergyModel = DEFAULT_MODEL,
) -> str:
    """Minimum free energy structure, where pairs that the model believes in are cheaper.

    Each pair (i, j) of a structure adds the pseudo-energy

        -weight RT log(max(p_ij, b) / b),    b = BACKGROUND,

    to its Turner energy: the log-odds of the model against the background, from 0 kcal/mol for p <= 0.01 to
    -2.8 weight kcal/mol for p = 1 at 37 °C, which is about one stacked GC pair. It is never positive, so a
    model that knows nothing (all p small) leaves the plain MFE structure, and so does weight 0; a pair that
    the model rejects loses only to its rivals.

    Args:
        sequence: clean letters, ACGUN.
        base_pair_probs: symmetric.
            *Shape:* (L, L)
        weight: how much the model counts against the energies; 1 takes its log-odds as they are.
        energy_model: how energies are counted.

    Raises:
        FoldingError: as `fold_mfe`.
        ValueError: probabilities of another shape or outside of 0 to 1, or a weight below 0.
    """
    check_probs("base_pair_probs", base_pair_probs, (len(sequence), len(sequence)))
    if not weight >= 0:
        raise ValueError(f"weight {weight}, expected at least 0")
    if weight == 0:
        return fold_mfe(sequence, energy_model)[0]
    log_odds = np.log(base_pair_probs.clip(BACKGROUND, 1.0) / BACKGROUND)
    return fold_with_bonus(sequence, -weight * energy_model.thermal_energy * log_odds, model=energy_model)
