"""What is known of one RNA before it is folded: a constraint, reactivities of a probing experiment, or both.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError, UsageError
from mprna.rna.constraints import Constraint

Reactivities = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeModel:
    """Pseudo-energy of a nucleotide in a stacked pair: slope * ln(reactivity + 1) + intercept.

    Source: Deigan et al. 2009, doi:10.1073/pnas.0806929106.

    Raises:
        UsageError: a number that is not finite, or a slope below 0.
    """

    slope: float = 1.8
    """kcal/mol"""

    intercept: float = -0.6
    """kcal/mol"""

    def __post_init__(self) -> None:
        if not 0 <= self.slope < np.inf:
            raise UsageError(f"slope {self.slope}; expected 0 kcal/mol or more")
        if not np.isfinite(self.intercept):
            raise UsageError(f"intercept {self.intercept}; expected a number of kcal/mol")

    def energies(self, reactivities: Reactivities) -> npt.NDArray[np.float64]:
        """Pseudo-energies in kcal/mol; 0 for nucleotides without data, whose reactivity is NaN or below 0.

        *Shape:* (L,) -> (L,)

        >>> ShapeModel().energies(np.array([0.0, np.nan, -0.2])).tolist()
        [-0.6, 0.0, 0.0]
        """
        known = reactivities >= 0
        energies = self.slope * np.log1p(np.where(known, reactivities, 0.0)) + self.intercept
        return np.where(known, energies, 0.0)


DEFAULT_SHAPE_MODEL: Final = ShapeModel()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Restraints:
    """What is known of one RNA."""

    constraint: Constraint | None = None
    """What its structure must look like."""

    reactivities: Reactivities | None = None
    """High where a nucleotide is flexible, thus most likely unpaired; NaN or below 0 where there are no data.

    *Shape:* (L,)
    """

    shape_model: ShapeModel = DEFAULT_SHAPE_MODEL
    """How reactivities become energies."""

    def reactivities_in(self, window: slice) -> Restraints:
        """The reactivities of a part of the RNA; no constraint, whose pairs may reach beyond the part."""
        reactivities = None if self.reactivities is None else self.reactivities[window]
        return Restraints(reactivities=reactivities, shape_model=self.shape_model)


NO_RESTRAINTS: Final = Restraints()


def check_reactivities(reactivities: npt.ArrayLike, sequence: str) -> Reactivities:
    """One reactivity per nucleotide; what is masked is NaN.

    Raises:
        FoldingError: more or fewer, an infinite one, or no numbers.
    """
    try:
        values = np.ma.asarray(reactivities, dtype=np.float64).filled(np.nan)
    except (TypeError, ValueError):
        raise FoldingError("reactivities are numbers, NaN without data") from None
    if values.shape != (len(sequence),):
        raise FoldingError(f"{values.size} reactivities for a sequence of {len(sequence)} nt")
    if np.isinf(values).any():
        raise FoldingError(f"reactivity of position {int(np.argmax(np.isinf(values))) + 1} is not finite")
    return values
