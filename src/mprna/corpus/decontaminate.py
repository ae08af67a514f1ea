"""Finds slices that share words with sequences that a corpus must not contain, such as test sets.

Both strands of the unwanted sequences count, unlike for duplicates: assembled transcripts often are of
unknown strand, and a reverse complement gives away the helices of its RNA. The words are 14-mers: 1 million
of them are 0.4 % of all that there are, so that few are shared by chance, and a bit per word is 32 MiB.

Shape letters: S slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.corpus.kmers import Codes, Kmers, kmers_of, reverse_complement
from mprna.errors import CorpusError, FormatError, SequenceError
from mprna.io.formats import read_records

K: Final = 14
_BATCH: Final = 4096


class Unwanted:
    """The words of unwanted sequences, in 32 MiB and 4 bytes per distinct word and file.

    Args:
        paths: file name -> file, in any format that `mprna.io` reads.

    Raises:
        FormatError: a file that breaks its format, or a sequence that is none.
        CorpusError: a file without any sequence of `K` nucleotides.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._words = {name: _words_of_file(path) for name, path in paths.items()}
        self._is_in = np.zeros(4**K // 8, dtype=np.uint8)
        for words in self._words.values():
            np.bitwise_or.at(self._is_in, words >> 3, _bit(words))

    def shares(self, sequences: Sequence[str]) -> npt.NDArray[np.float64]:
        """Share of the words of clean sequences that are unwanted; 0 where there is no word. *Shape:* (S,)"""
        kmers = kmers_of(sequences, K)
        return _shares(kmers, (self._is_in[kmers.codes >> 3] & _bit(kmers.codes)) != 0)

    def closest_file(self, sequence: str) -> str:
        """The file that shares most words with a clean sequence; of several the first."""
        kmers = kmers_of([sequence], K)
        shares = {name: _shares(kmers, _among(kmers.codes, words))[0] for name, words in self._words.items()}
        return max(shares, key=lambda name: float(shares[name]))


def _among(codes: Codes, words: Codes) -> npt.NDArray[np.bool_]:
    """As `np.isin`, which would sort all words, not knowing that they are sorted."""
    places = np.searchsorted(words, codes).clip(max=len(words) - 1)
    return np.asarray(words[places] == codes)


def _bit(codes: Codes) -> npt.NDArray[np.uint8]:
    return np.asarray(np.uint8(1) << (codes & 7).astype(np.uint8))


def _shares(kmers: Kmers, found: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    present = kmers.sum_by_sequence(kmers.valid)
    return np.asarray(kmers.sum_by_sequence(kmers.valid & found) / np.maximum(present, 1))


def _words_of_file(path: Path) -> Codes:
    """Distinct words of both strands, sorted."""
    sequences = list(_clean_sequences(path))
    batches = [_words(sequences[start : start + _BATCH]) for start in range(0, len(sequences), _BATCH)]
    words = np.unique(np.concatenate(batches))
    if not len(words):
        raise CorpusError(f"{path}: no sequence of {K} nt or more, so nothing can be excluded by this file")
    return words


def _words(sequences: Sequence[str]) -> Codes:
    kmers = kmers_of(sequences, K)
    forward = np.unique(kmers.codes[kmers.valid])
    return np.concatenate([forward, reverse_complement(forward, K)])


def _clean_sequences(path: Path) -> Iterable[str]:
    """A sequence that cannot be read is an error: skipped, it would stay in the corpus."""
    for record in read_records(path):
        try:
            yield clean_sequence(record.sequence)
        except SequenceError as error:
            message = f"record {record.name!r}: {error}; an excluded sequence must be readable"
            raise FormatError(message, path=str(path)) from error
