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


class Scoring(NamedTuple):
    """What an alignment is worth."""

    match: float
    mismatch: float
    open_gap: float
    extend_gap: float
    decay: float
    """Lambda of Karlin and Altschul (1990), without gaps: exp(match x) / 4 + 3 exp(mismatch x) / 4 = 1."""


STRUCTURED: Final = Scoring(5.0, -3.0, -12.0, -2.0, decay=0.1435)
"""For short RNAs that keep their structure better than their letters."""

TRANSCRIPTS: Final = Scoring(5.0, -4.0, -20.0, -5.0, decay=0.1916)
"""For pieces of long ones, where what is only alike by chance must not score."""

MAX_EXPECTED: Final = 0.1
"""Alignments of which chance makes more among so many nucleotides are left out."""

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


def alignment_score(first: str, second: str, scoring: Scoring = STRUCTURED) -> float:
    """`Alignment.score` of the best alignment of two clean sequences; several times as fast as `align`."""
    return float(_aligner(scoring).score(first, second)) / (scoring.match * len(first))


def expected_by_chance(
    score: float, length: int, num_nucleotides: int, scoring: Scoring = STRUCTURED
) -> float:
    """How many alignments are as good where nothing is related (Karlin and Altschul 1990).

    Args:
        score: as `Alignment.score`.
        length: of the first RNA.
        num_nucleotides: of all RNAs that it is compared with.
    """
    return _K * length * num_nucleotides * math.exp(-scoring.decay * scoring.match * length * score)


def align(first: str, second: str, scoring: Scoring = STRUCTURED) -> Alignment:
    """The best local alignment of two clean sequences that share a letter.

    Of those with the same score it is always the same one.
    """
    found = _aligner(scoring).align(first, second)
    places = (np.concatenate([np.arange(*block) for block in blocks]) for blocks in found[0].aligned)
    return Alignment(found.score / (scoring.match * len(first)), *places)


@lru_cache(maxsize=2)
def _aligner(scoring: Scoring = STRUCTURED) -> PairwiseAligner:
    try:
        from Bio.Align import PairwiseAligner
    except ImportError:
        raise MissingExtraError("comparing RNAs with relatives", "relatives") from None
    return PairwiseAligner(
        mode="local",
        match_score=scoring.match,
        mismatch_score=scoring.mismatch,
        open_gap_score=scoring.open_gap,
        extend_gap_score=scoring.extend_gap,
        wildcard="N",
    )
