"""Where in many long sequences something like a short one may stand.

Shape letters: W words, H words in common.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.rna.kmers import Kmers, kmers_of

IntArray = npt.NDArray[np.int64]

SEED: Final = "1101101101101101"
"""Words that relatives share: their letters are the ones at a 1, so that every third may differ, as third
letters of codons do (Ma, Tromp & Li 2002)."""

MAX_PLACES: Final = 200
"""A word that occurs more often is looked up at so many places only, the first ones."""

MAX_SHIFT: Final = 8
"""Words in common belong to one region if the offset between the sequences changes by at most so many
nucleotides from one to the next, as small gaps make it."""

REGION_MARGIN: Final = 64
"""Nucleotides of a region before and after what the words ask for, for gaps."""

NUM_REGIONS: Final = 40
"""Regions with the most words in common; the rest is for an alignment to say."""

_NUM_WORDS: Final = 4 ** SEED.count("1")


class Region(NamedTuple):
    """A piece of one of the sequences."""

    owner: int
    """Number of the sequence."""
    start: int
    end: int


class RegionIndex:
    """The words of sequences, and where they stand.

    Args:
        sequences: clean letters.
    """

    def __init__(self, sequences: Sequence[str]) -> None:
        words = _words(sequences)
        self._starts = words.starts
        self._lengths = np.array([len(sequence) for sequence in sequences])
        keys = words.codes.astype(np.uint64)
        keys <<= np.uint64(32)
        keys |= np.arange(len(keys), dtype=np.uint32)
        keys = keys[words.valid]
        keys.sort()  # faster than np.argsort
        self._places = keys.astype(np.uint32)
        """Places in the joined sequences, word by word. *Shape:* (W,)"""
        self._first = np.searchsorted(keys, np.arange(_NUM_WORDS + 1, dtype=np.uint64) << np.uint64(32))
        """Where each word begins in `_places`. *Shape:* (4 ** 11 + 1,)"""

    @property
    def num_words(self) -> int:
        """Words, each as often as it stands there."""
        return len(self._places)

    def regions(self, sequence: str) -> list[Region]:
        """At most `NUM_REGIONS`, those that share the most words with a clean sequence first."""
        words = _words([sequence])
        at = np.flatnonzero(words.valid)
        first = self._first[words.codes[at]]
        counts = np.minimum(self._first[words.codes[at] + np.uint32(1)] - first, MAX_PLACES)
        if not counts.any():
            return []
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places = self._places[np.repeat(first, counts) + within].astype(np.int64)
        return self._best(np.repeat(at, counts), places, len(sequence))

    def _best(self, at: IntArray, places: IntArray, length: int) -> list[Region]:
        """Regions around words that stand in the same order and at about the same distances.

        Args:
            at: where words stand in the sequence asked for. *Shape:* (H,)
            places: where they stand in the joined sequences. *Shape:* (H,)
        """
        owners = np.searchsorted(self._starts, places, side="right") - 1
        shifts = places - at - self._starts[owners]
        order = np.lexsort((at, shifts, owners))
        at, owners, shifts = at[order], owners[order], shifts[order]
        is_new = (np.diff(owners, prepend=-1) != 0) | (np.diff(shifts, prepend=shifts[0]) > MAX_SHIFT)
        groups = np.cumsum(is_new) - 1
        scores = np.bincount(np.unique(groups * length + at) // length)  # a word that comes twice counts once
        begins = np.flatnonzero(is_new)
        ends = np.append(begins[1:], len(at)) - 1
        best = np.argsort(-scores, kind="stable")[:NUM_REGIONS]
        regions = []
        for first, last in zip(begins[best].tolist(), ends[best].tolist(), strict=True):
            owner = int(owners[first])
            start, end = int(shifts[first]) - REGION_MARGIN, int(shifts[last]) + length + REGION_MARGIN
            regions.append(Region(owner, max(0, start), min(int(self._lengths[owner]), end)))
        return regions


def _words(sequences: Sequence[str]) -> Kmers:
    windows = kmers_of(sequences, len(SEED))
    codes = np.zeros_like(windows.codes)
    for place, is_read in enumerate(reversed(SEED)):
        if is_read == "1":
            letters = windows.codes >> np.uint32(2 * place) & np.uint32(3)
            codes |= letters << np.uint32(2 * SEED[len(SEED) - place :].count("1"))
    return dataclasses.replace(windows, codes=codes)
