"""What relatives with known structures say of an RNA, and pair probabilities that heed it.

A pair of a relative is taken over where both of its nucleotides are aligned with two that can pair. How far a
relative is believed depends on its alignment and on the share of its pairs that survive: two RNAs may look
alike by chance, but then their pairs do not.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.homology.alignment import MAX_EXPECTED, Alignment, align, alignment_score, expected_by_chance
from mprna.homology.library import Library, Template
from mprna.rna.canonical import MIN_HAIRPIN, canonical_pairs

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MAX_TEMPLATES: Final = 5
"""Relatives that are listened to, those with the best alignments."""

MIN_TRUST: Final = 0.3
"""A relative that is trusted less says nothing."""

_UNKNOWN: Final = -2
_UNPAIRED: Final = -1


class Evidence(NamedTuple):
    """What the relatives of one RNA say."""

    template: str
    """Name of the most trusted one."""
    base_pair_probs: FloatArray
    """Symmetric. *Shape:* (L, L)"""
    known: FloatArray
    """How probable it is that a nucleotide does what they say: that it pairs as `base_pair_probs` has it, or,
    with the rest of `known`, that it is unpaired. *Shape:* (L,)"""
    is_mean: bool = False
    """Whether they were averaged, which makes probabilities smaller where alignments disagree."""


class _Transfer(NamedTuple):
    """What one relative says."""

    template: str
    trust: float
    """How probable it is that a pair that it has is a pair."""
    partners: IntArray
    """Partner of each nucleotide, `_UNPAIRED`, or `_UNKNOWN` where nothing is aligned. *Shape:* (L,)"""


def find_evidence(sequence: str, library: Library) -> Evidence | None:
    """Align a clean sequence with its likely relatives; None where there is none to trust."""
    trusted = [
        transfer
        for template in closest(sequence, library, MAX_TEMPLATES)
        if (transfer := _transfer(sequence, template)).trust >= MIN_TRUST
    ]
    if not trusted:
        return None
    length, total = len(sequence), sum(transfer.trust for transfer in trusted)
    probs = np.zeros((length, length), dtype=np.float32)
    known = np.zeros(length, dtype=np.float32)
    for transfer in trusted:
        weight = transfer.trust / total  # of this relative among all
        paired = np.flatnonzero(transfer.partners >= 0)
        probs[paired, transfer.partners[paired]] += weight * transfer.trust
        known[transfer.partners != _UNKNOWN] += weight * transfer.trust
    return Evidence(max(trusted, key=lambda transfer: transfer.trust).template, probs, known)


def with_evidence(base_pair_probs: FloatArray, evidence: Evidence) -> FloatArray:
    """What relatives say where they are right, and else what was said before.

    Args:
        base_pair_probs: symmetric, rows that sum to at most 1. *Shape:* (L, L)

    Returns:
        the same. *Shape:* (L, L)
    """
    unknown = 1 - evidence.known
    return np.minimum(unknown[:, None], unknown) * base_pair_probs + evidence.base_pair_probs


def closest(sequence: str, library: Library, number: int) -> list[Template]:
    """So many with the best alignments, if these are better than chance; the best first."""
    length, size = len(sequence), library.num_nucleotides
    scored = [
        (alignment_score(sequence, template.sequence), template) for template in library.candidates(sequence)
    ]
    scored.sort(key=lambda item: -item[0])
    best = scored[:number]
    return [template for score, template in best if expected_by_chance(score, length, size) <= MAX_EXPECTED]


def places_in(alignment: Alignment, length: int) -> IntArray:
    """Where in the first RNA each nucleotide of the second, of `length` nucleotides, stands; below 0 for
    those that are not aligned. *Shape:* (length,)"""
    places = np.full(length, _UNKNOWN)
    places[alignment.second] = alignment.first
    return places


def _transfer(sequence: str, template: Template) -> _Transfer:
    alignment = align(sequence, template.sequence)
    place = places_in(alignment, len(template.sequence))
    i, j = place[template.pairs].T
    both = (i >= 0) & (j >= 0)
    i, j = i[both], j[both]
    survives = canonical_pairs(sequence, i, j) & (j - i > MIN_HAIRPIN)
    i, j = i[survives], j[survives]
    is_paired = np.zeros(len(template.sequence), dtype=np.bool_)
    is_paired[template.pairs] = True
    partners = np.full(len(sequence), _UNKNOWN)
    partners[alignment.first[~is_paired[alignment.second]]] = _UNPAIRED
    partners[i], partners[j] = j, i
    kept = len(i) / max(1, len(template.pairs))
    return _Transfer(template.name, pair_trust(alignment.score, kept), partners)


def pair_trust(score: float, kept: float) -> float:
    """How probable it is that pairs of a relative are pairs: a logistic regression (docs/experiments.md).

    Args:
        score: of the alignment, in matches per nucleotide.
        kept: share of the relative's pairs that survive.
    """
    return 1 / (1 + math.exp(3.89 - 4.2 * score - 4.62 * kept))
