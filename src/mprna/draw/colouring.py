"""What nucleotides of a drawing are coloured by: letters, probabilities or reactivities.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.draw.colours import SCALE, WARM_SCALE, Scale
from mprna.errors import DataError
from mprna.folding.confidence import assigned_state_probs
from mprna.io.records import Record

Floats = npt.NDArray[np.float64]

COLOURINGS: Final = ("letters", "probabilities", "reactivities")

STATE_LABEL: Final = "probability of the drawn state"
_REACTIVITY_LABEL: Final = "reactivity; 1 or more is darkest, grey is unknown"


@dataclass(frozen=True, eq=False)
class Colouring:
    """Values that are drawn as colours."""

    values: Floats
    """From 0 to 1; NaN where there is none. *Shape:* (L,)"""
    label: str = STATE_LABEL
    """What they are."""
    scale: Scale = SCALE


def colouring_of(record: Record, colour_by: str | None) -> Colouring | None:
    """The values of a record that has a structure; None for letters.

    Args:
        colour_by: one of `COLOURINGS`; None is probabilities, else reactivities, else letters.

    Raises:
        DataError: nothing of the kind, or more or fewer reactivities than nucleotides.
    """
    probs, reactivities = record.base_pair_probs, record.reactivities
    if colour_by is None:
        colour_by = "probabilities" if probs is not None else "letters"
        if probs is None and reactivities is not None:
            colour_by = "reactivities"
    if colour_by == "letters":
        return None
    if colour_by == "reactivities":
        if reactivities is None:
            raise DataError("no reactivities to colour by")
        if len(reactivities) != len(record.sequence):
            raise DataError(f"{len(reactivities)} reactivities for {len(record.sequence)} nt")
        return Colouring(reactivities, _REACTIVITY_LABEL, WARM_SCALE)
    if probs is None or record.dot_bracket is None:
        raise DataError("no pair probabilities to colour by")
    return Colouring(assigned_state_probs(record.dot_bracket, probs).astype(np.float64))


def checked_values(values: npt.ArrayLike, length: int) -> Floats:
    """One value per nucleotide.

    Raises:
        ValueError: more, fewer, or infinite ones.
    """
    found = np.ma.asarray(values, dtype=np.float64).filled(np.nan)
    if found.shape != (length,) or np.isinf(found).any():
        raise ValueError(f"colours {found.shape}, expected ({length},) finite numbers, or NaN")
    return found
