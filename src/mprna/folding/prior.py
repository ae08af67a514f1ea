"""Thermodynamic pair probabilities, which networks read as their prior."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import CONTRAFOLD, DEFAULT_MODEL, EnergyModel, pair_probs_of_mean

PRIOR_PARAMETERS: Final = ("langdon2018", CONTRAFOLD)
"""Of pair networks. The sets err in different places, and these two together least (docs/experiments.md)."""

DEGRADATION_PARAMETERS: Final = ("turner2004", "langdon2018")
"""Of the networks of `mprna degrade`, which have learned from these."""


def prior_pair_probs(
    sequence: str,
    model: EnergyModel = DEFAULT_MODEL,
    restraints: Restraints = NO_RESTRAINTS,
    parameters: tuple[str, str] = PRIOR_PARAMETERS,
) -> npt.NDArray[np.float32]:
    """Pair probabilities under energies half way between two parameter sets.

    Args:
        sequence: clean letters, ACGUN.
        model: everything but its own parameter set counts.
        restraints: what is known of the RNA.
        parameters: of `PARAMETER_SETS`, or CONTRAFOLD.

    *Shape:* (L, L), symmetric.

    Raises:
        FoldingError: as `pair_probs_of_mean`.
    """
    first, second = parameters
    return pair_probs_of_mean(sequence, dataclasses.replace(model, parameters=first), second, restraints)
