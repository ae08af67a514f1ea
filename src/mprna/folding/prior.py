"""The pair probabilities of thermodynamics that a pair network starts from."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, mean_pair_probs

SECOND_PARAMETERS: Final = "langdon2018"
"""Averaged with the set of the energy model: the two err in different places (docs/experiments.md)."""


def prior_pair_probs(
    sequence: str, model: EnergyModel = DEFAULT_MODEL, restraints: Restraints = NO_RESTRAINTS
) -> npt.NDArray[np.float32]:
    """Pair probabilities of the energy model, averaged with those by the parameters of Langdon 2018.

    *Shape:* (L, L), symmetric.

    Raises:
        FoldingError: as `mean_pair_probs`.
    """
    second = dataclasses.replace(model, parameters=SECOND_PARAMETERS)
    return mean_pair_probs(sequence, (model, second), restraints)
