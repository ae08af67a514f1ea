"""Thermodynamic pair probabilities, which networks read as their prior."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, pair_probs_of_mean

SECOND_PARAMETERS: Final = "langdon2018"
"""Averaged with the set of the energy model: the two err in different places (docs/experiments.md)."""


def prior_pair_probs(
    sequence: str, model: EnergyModel = DEFAULT_MODEL, restraints: Restraints = NO_RESTRAINTS
) -> npt.NDArray[np.float32]:
    """Pair probabilities under energies half way between the energy model and Langdon 2018.

    *Shape:* (L, L), symmetric.

    Raises:
        FoldingError: as `pair_probs_of_mean`.
    """
    return pair_probs_of_mean(sequence, model, SECOND_PARAMETERS, restraints)
