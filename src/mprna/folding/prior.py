"""Thermodynamic pair probabilities, which networks read as their prior."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import CONTRAFOLD, DEFAULT_MODEL, EnergyModel, pair_probs

PRIOR_PARAMETERS: Final = ("langdon2018", CONTRAFOLD)
"""Of pair networks. The sets err in different places, and these two together least (docs/experiments.md)."""

DEGRADATION_PARAMETERS: Final = ("turner2004", CONTRAFOLD)
"""Of `mprna degrade`: the ensemble in which its networks are the most accurate (docs/experiments.md)."""


def prior_pair_probs(
    sequence: str,
    model: EnergyModel = DEFAULT_MODEL,
    restraints: Restraints = NO_RESTRAINTS,
    parameters: tuple[str, str] = PRIOR_PARAMETERS,
) -> npt.NDArray[np.float32]:
    """`pair_probs` half way between the parameter sets that a network has learned from.

    Of CONTRAfold 2 alone, where a constraint demands what Langdon 2018 excludes: it has no energy for many
    interior loops of 2 x 3 nucleotides.

    Raises:
        FoldingError: as `pair_probs`.
    """
    try:
        return pair_probs(sequence, model, restraints, parameters)
    except FoldingError:
        if restraints.constraint is None:
            raise
    return pair_probs(sequence, model, restraints, (CONTRAFOLD,))
