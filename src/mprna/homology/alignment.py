"""Local alignment of two RNAs (Smith & Waterman 1981; gaps by Gotoh 1982), by Biopython."""

from __future__ import annotations

import math
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

_LAMBDA: Final = 0.1435
"""Of Karlin and Altschul (1990), without gaps: exp(5 x) / 4 + 3 exp(-3 x) / 4 = 1."""
_K: Final = 0.1
"""As usual for nucleotides; it counts little."""


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


def check_installed() -> None:
    """Make sure that there is something to align with.

    Raises:
        MissingExtraError: Biopython is not installed.
    """
    _aligner()


def alignment_score(first: str, second: str) -> float:
    """`Alignment.score` of the best alignment of two clean sequences; several times as fast as `align`."""
    return float(_aligner().score(first, second)) / (MATCH * len(first))


def expected_by_chance(score: float, length: int, num_nucleotides: int) -> float:
    """How many alignments are as good where nothing is related (Karlin and Altschul 1990).

    Args:
        score: as `Alignment.score`.
        length: of the first RNA.
        num_nucleotides: of all RNAs that it is compared with.
    """
    return _K * length * num_nucleotides * math.exp(-_LAMBDA * MATCH * length * score)


def align(first: str, second: str) -> Alignment:
    """The best local alignment of two clean sequences that share a letter.

    Of those with the same score it is always the same one.
    """
    found = _aligner().align(first, second)
    places = (np.concatenate([np.arange(*block) for block in blocks]) for blocks in found[0].aligned)
    return Alignment(found.score / (MATCH * len(first)), *places)


@lru_cache(maxsize=1)
def _aligner() -> PairwiseAligner:
    try:
        from Bio.Align import PairwiseAligner
    except ImportError:
        raise MissingExtraError("folding with templates", "templates") from None
    return PairwiseAligner(
        mode="local",
        match_score=MATCH,
        mismatch_score=MISMATCH,
        open_gap_score=OPEN_GAP,
        extend_gap_score=EXTEND_GAP,
        wildcard="N",
    )
