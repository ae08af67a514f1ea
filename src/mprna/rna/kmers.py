"""Short words of many sequences at once, as numbers.

Shape letters: S sequences, T letters of the joined sequences, W windows, P words of one sequence each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.rna.bases import UNKNOWN_BASE, base_codes

Codes = npt.NDArray[np.uint32]

WORD: Final = 14
"""Letters of the words by which sequences are compared: near-duplicates, unwanted ones (`decontaminate` says
why 14), leaks of benchmarks."""

_SEPARATOR: Final = "N"


@dataclass(frozen=True, slots=True)
class Kmers:
    """All windows of `k` letters of several sequences, joined by one N.

    Args:
        codes: two bits a nucleotide, the first one highest; meaningless where not `valid`. *Shape:* (W,)
        valid: no N in the window, so that it also lies within one sequence. *Shape:* (W,)
        starts: first window of every sequence. *Shape:* (S,)
    """

    codes: Codes
    valid: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]

    def owners(self) -> npt.NDArray[np.int64]:
        """Which sequence a window begins in. *Shape:* (W,)"""
        bounds = np.append(self.starts, len(self.codes)).clip(max=len(self.codes))
        return np.repeat(np.arange(len(self.starts)), np.diff(bounds))

    def distinct(self) -> tuple[npt.NDArray[np.int64], Codes]:
        """Every valid word of every sequence once: the sequence, and its code. *Shape:* (P,), (P,)"""
        words = self.owners()[self.valid].astype(np.uint64) << np.uint64(32) | self.codes[self.valid]
        words.sort()  # `np.unique` hashes, which takes sixty times as long where most words differ
        words = words[np.diff(words, prepend=~words[:1]) != 0]
        return (words >> np.uint64(32)).astype(np.int64), words.astype(np.uint32)


def kmers_of(sequences: Sequence[str], k: int) -> Kmers:
    """Words of clean sequences; there may be none.

    Args:
        sequences: letters `ACGUN`.
        k: 1 to 16, the longest word that fits into 32 bits.
    """
    letters = base_codes(_SEPARATOR.join(sequences))
    lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
    starts = np.cumsum(lengths + 1) - lengths - 1
    num_windows = max(0, len(letters) - k + 1)
    interruptions = np.concatenate([[0], np.cumsum(letters == UNKNOWN_BASE, dtype=np.int32)])
    valid = interruptions[k : k + num_windows] == interruptions[:num_windows]
    return Kmers(_codes(letters & np.uint8(3), k, num_windows), valid, starts)


def reverse_complement(codes: Codes, k: int) -> Codes:
    """Of the other strand, on codes as `alphabet.reverse_complement` on letters; as long as `codes`."""
    complement = codes ^ np.uint32(4**k - 1)  # A, C, G, U are 0, 1, 2, 3
    reversed_ = np.zeros_like(codes)
    for _ in range(k):
        reversed_ = (reversed_ << np.uint32(2)) | (complement & np.uint32(3))
        complement >>= np.uint32(2)
    return reversed_


def _codes(letters: npt.NDArray[np.uint8], k: int, num_windows: int) -> Codes:
    """By doubling: words of 2 from words of 1, of 4 from those of 2, and so on. *Shape:* (T,) -> (W,)"""
    words, width = letters.astype(np.uint32), 1
    codes, done = np.zeros(num_windows, dtype=np.uint32), 0
    while done < k:
        if k - done & width:
            codes = (codes << np.uint32(2 * width)) | words[done : done + num_windows]
            done += width
        if done < k:
            words = (words[:-width] << np.uint32(2 * width)) | words[width:]
            width *= 2
    return codes
