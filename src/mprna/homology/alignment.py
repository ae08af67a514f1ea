"""Local alignment of two RNAs (Smith & Waterman 1981; gaps by Gotoh 1982), by Biopython."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.errors import MissingExtraError

if TYPE_CHECKING:
    from Bio.Align import PairwiseAligner

IntArray = npt.NDArray[np.int64]

MATCH: Final = 5.0
MISMATCH: Final = -3.0
OPEN_GAP: Final = -12.0
EXTEND_GAP: Final = -2.0


class Alignment(NamedTuple):
    """Which nucleotides of two RNAs stand below each other.

    Shape letters: A aligned pairs.
    """

    score: float
    """Matches less penalties, in matches per nucleotide of the first RNA; 1 for an equal one."""
    first: IntArray
    """Places in the first RNA. *Shape:* (A,)"""
    second: IntArray
    """Places in the second. *Shape:* (A,)"""


def alignment_score(first: str, second: str) -> float:
    """`Alignment.score` of the best local alignment of two clean sequences, without looking for it: several
    times as fast as `align`.

    Raises:
        MissingExtraError: Biopython is not installed.
    """
    return float(_aligner().score(first, second)) / (MATCH * len(first))


def align(first: str, second: str) -> Alignment | None:
    """The best local alignment of two clean sequences, of those with the same score always the same one; None
    where they share nothing.

    Raises:
        MissingExtraError: Biopython is not installed.
    """
    found = _aligner().align(first, second)
    if not found.score > 0:
        return None
    places = (np.concatenate([np.arange(*block) for block in blocks]) for blocks in found[0].aligned)
    return Alignment(found.score / (MATCH * len(first)), *places)


@lru_cache(maxsize=1)
def _aligner() -> PairwiseAligner:
    try:
        from Bio.Align import PairwiseAligner
    except ImportError:
        raise MissingExtraError("structures of relatives", "templates") from None
    return PairwiseAligner(
        mode="local",
        match_score=MATCH,
        mismatch_score=MISMATCH,
        open_gap_score=OPEN_GAP,
        extend_gap_score=EXTEND_GAP,
        wildcard="N",
    )
