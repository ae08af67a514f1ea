"""What `mprna fold` says of the RNA that is scanned, nucleotide by nucleotide.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.folding.confidence import assigned_state_probs
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.rna.structure import Partners, pairs_from_dot_bracket, partners_from_pairs

MAX_REFERENCE_LENGTH: Final = 1_200
"""Longer RNAs are not folded for their confidences: they would take more than a few seconds."""

_MAX_KEPT: Final = 16
"""RNAs, since the variants of a genome come from several transcripts in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceStructure:
    """A structure, and how sure the folding model is of it."""

    partners: Partners
    """0-based, -1 where unpaired. *Shape:* (L,)"""
    confidences: npt.NDArray[np.float32]
    """Probability of the state of every nucleotide. *Shape:* (L,)"""


class ReferenceFolder:
    """Folds one RNA after another with the default engine; the last ones are kept.

    Raises:
        ModelError: no such model, or damaged files.
    """

    def __init__(self) -> None:
        self._folder = Folder(FoldOptions(pair_probs=True))
        self._cached = lru_cache(maxsize=_MAX_KEPT)(self._fold)

    def __call__(self, sequence: str) -> ReferenceStructure | None:
        """The structure of a clean sequence; None where it is longer than `MAX_REFERENCE_LENGTH`.

        Raises:
            FoldingError: ViennaRNA cannot fold it.
        """
        return None if len(sequence) > MAX_REFERENCE_LENGTH else self._cached(sequence)

    def _fold(self, sequence: str) -> ReferenceStructure:
        folded = self._folder.fold(Record(name="", sequence=sequence))
        assert folded.dot_bracket is not None
        assert folded.base_pair_probs is not None
        pairs = pairs_from_dot_bracket(folded.dot_bracket)
        return ReferenceStructure(
            partners_from_pairs(pairs, len(sequence)),
            assigned_state_probs(folded.dot_bracket, folded.base_pair_probs),
        )
