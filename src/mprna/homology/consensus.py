"""What relatives without a known structure say of an RNA: the pair probabilities that they share with it.

As CentroidHomfold (Hamada et al. 2009), but local and weighted: pairs of relatives count where both of their
nucleotides are aligned with two that can pair, each relative as far as it is trusted, the RNA itself as one
or more that are trusted in full. As in CentroidAlifold (Hamada et al. 2011) the ensemble of the alignment as
a whole counts too, because it knows which mutations compensate each other.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from mprna.homology.alignment import Alignment, align
from mprna.homology.evidence import MIN_TRUST, Evidence, FloatArray, IntArray, closest, pair_trust, places_in
from mprna.homology.library import Library, Template
from mprna.rna.canonical import MIN_HAIRPIN, canonical_pairs

MAX_CONSENSUS_RELATIVES: Final = 10
"""Relatives that are listened to, those with the best alignments."""

MIN_SCORE: Final = 0.2
"""Relatives whose alignment has a lower score are not folded; long RNAs have as much in common by chance."""

MIN_CONSENSUS_PROB: Final = 0.01
"""Pairs of a lower probability say nothing."""

PIECE_MARGIN: Final = 30
"""Nucleotides of a relative that are folded beside those that the RNA may have in common with it."""


class Weights(NamedTuple):
    """How much an RNA and its relatives count; chosen on known families (docs/experiments.md)."""

    own: float
    """Of the RNA itself, where a relative that is trusted in full counts 1."""
    together: float
    """Share of the alignment that is folded as one in the pair probabilities."""


BY_ENERGY: Final = Weights(own=1.0, together=0.2)
"""Where thermodynamics alone folds the RNAs."""

BY_NETWORK: Final = Weights(own=3.0, together=0.1)
"""Where a network folds them, which may know the family and then is misled by a bad alignment."""


class RelativePairs(NamedTuple):
    """Pairs of a relative."""

    first: IntArray
    """*Shape:* (P,)"""
    second: IntArray
    """*Shape:* (P,), above `first`"""
    probs: FloatArray
    """*Shape:* (P,)"""


class _Share(NamedTuple):
    """What one relative has in common with an RNA."""

    name: str
    weight: float
    places: IntArray
    """Aligned nucleotides of the RNA."""
    row: str
    """Letters of the relative below those of the RNA, `-` where there is none."""
    pairs: RelativePairs
    """Of the RNA."""


def likely_pairs(base_pair_probs: FloatArray) -> RelativePairs:
    """Those of at least `MIN_CONSENSUS_PROB`. *Shape:* (L, L), symmetric"""
    first, second = np.nonzero(np.triu(base_pair_probs >= MIN_CONSENSUS_PROB, 1))
    return RelativePairs(first, second, base_pair_probs[first, second])


def find_consensus(
    sequence: str,
    library: Library,
    pairs_of: Callable[[str], RelativePairs],
    probs_of_alignment: Callable[[list[str]], FloatArray],
    weights: Weights,
) -> Evidence | None:
    """Align a clean sequence with its likely relatives; None where there is none to trust but itself.

    Args:
        pairs_of: folds a relative, or a piece of a long one that is about as long as the sequence.
        probs_of_alignment: folds the sequence with what of its relatives is aligned to it, as one.
    """
    shares = list(_shares(sequence, library, pairs_of))
    if not shares:
        return None
    listened, probs = _mean(shares, weights.own, len(sequence))
    together = probs_of_alignment([sequence, *(share.row for share in shares)])
    i, j = np.nonzero(together)
    together[i, j] *= canonical_pairs(sequence, i, j)
    return Evidence(
        max(shares, key=lambda share: share.weight).name,
        (1 - weights.together) * probs + weights.together * together,
        1 - (1 - weights.together) * weights.own / (weights.own + listened),
        is_mean=True,
    )


def _mean(shares: Sequence[_Share], own: float, length: int) -> tuple[FloatArray, FloatArray]:
    """Summed weights of the relatives of each nucleotide, and their pairs in a mean of all and of the RNA,
    which has its `own` weight. *Shape:* (length,) and (length, length)"""
    weights, probs = np.zeros(length, dtype=np.float32), np.zeros((length, length), dtype=np.float32)
    for share in shares:
        first, second, pair_probs = share.pairs
        weights[share.places] += share.weight
        probs[first, second] += share.weight * pair_probs
    total = np.float32(own) + np.maximum(weights[:, None], weights)
    return weights, (probs + probs.T) / total


def _shares(sequence: str, library: Library, pairs_of: Callable[[str], RelativePairs]) -> Iterator[_Share]:
    for relative in closest(sequence, library, MAX_CONSENSUS_RELATIVES):
        if relative.sequence == sequence:
            continue
        alignment = align(sequence, relative.sequence)
        if alignment.score < MIN_SCORE:
            continue
        piece = _piece(alignment, len(sequence), len(relative.sequence))
        first, second, probs = pairs_of(relative.sequence[piece])
        place = places_in(alignment, len(relative.sequence))[piece]
        i, j = place[first], place[second]
        survives = (np.minimum(i, j) >= 0) & (j - i > MIN_HAIRPIN)
        survives[survives] = canonical_pairs(sequence, i[survives], j[survives])
        kept = float(probs[survives].sum() / max(MIN_CONSENSUS_PROB, probs.sum()))
        weight = pair_trust(alignment.score, kept)
        if weight >= MIN_TRUST:
            pairs = RelativePairs(i[survives], j[survives], probs[survives])
            yield _Share(
                relative.name, weight, alignment.first, _row(alignment, relative, len(sequence)), pairs
            )


def _row(alignment: Alignment, relative: Template, length: int) -> str:
    row = np.full(length, "-")
    row[alignment.first] = np.array(list(relative.sequence))[alignment.second]
    return "".join(row)


def _piece(alignment: Alignment, length: int, relative_length: int) -> slice:
    """The part of a relative that lies below an RNA of `length` nucleotides, and a margin on either side."""
    start = alignment.second[0] - alignment.first[0] - PIECE_MARGIN
    end = alignment.second[-1] + length - alignment.first[-1] + PIECE_MARGIN
    return slice(max(0, int(start)), min(relative_length, int(end)))
