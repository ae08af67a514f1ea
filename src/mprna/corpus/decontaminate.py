"""Finds slices that resemble sequences which a corpus must not contain, such as test sets.

A slice resembles them if many of its distinct words of 14 letters are theirs. Both strands of the unwanted
sequences count, unlike for duplicates: the strand of an assembled transcript is often unknown, and a reverse
complement gives away the helices of its RNA. Why 14: a million words are only 0.4 % of the 4^14 possible
ones, so that few are shared by chance, and one bit for each possible word takes no more than 32 MiB.

Shape letters: S slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.errors import CorpusError, FormatError, SequenceError
from mprna.io.formats import read_records
from mprna.rna.kmers import WORD, Codes, kmers_of, reverse_complement

_BATCH: Final = 4096
_BITS: Final = np.left_shift(1, np.arange(8)).astype(np.uint8)


class Unwanted:
    """The words of unwanted sequences. Takes 32 MiB, and 12 bytes for each distinct word.

    Args:
        paths: file name -> file, in any format that `mprna.io` reads.

    Raises:
        FormatError: a file that breaks its format, or a sequence that is not RNA or DNA.
        CorpusError: a file without any sequence of `WORD` nucleotides.
    """

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._names = tuple(paths)
        words = [_words_of_file(path) for path in paths.values()]
        files = np.repeat(np.arange(len(words)), [len(part) for part in words])
        # `unique` returns the first occurrence, so a word of several files is attributed to the first one.
        self._words, first = np.unique(np.concatenate(words), return_index=True)
        self._files = files[first]
        self._is_in = np.zeros(4**WORD // 8, dtype=np.uint8)
        np.bitwise_or.at(self._is_in, self._words >> 3, _bit(self._words))

    def shares(self, sequences: Sequence[str]) -> npt.NDArray[np.float64]:
        """For each clean sequence, the share of its distinct words that are unwanted. *Shape:* (S,)

        It is 0 where there are no words. A word counts once, or the poly(A) tail of a test RNA would speak
        against every transcript.
        """
        kmers = kmers_of(sequences, WORD)
        owners, codes = kmers.distinct()
        present = np.bincount(owners, minlength=len(sequences))
        found = np.bincount(owners[self._contains(codes)], minlength=len(sequences))
        return np.asarray(found / np.maximum(present, 1))

    def closest_file(self, sequence: str) -> str:
        """The file with which a clean sequence shares most distinct unwanted words."""
        _, codes = kmers_of([sequence], WORD).distinct()
        found = codes[self._contains(codes)]
        files = self._files[np.searchsorted(self._words, found)]
        return self._names[int(np.bincount(files, minlength=len(self._names)).argmax())]

    def _contains(self, codes: Codes) -> npt.NDArray[np.bool_]:
        return np.asarray((self._is_in[codes >> 3] & _bit(codes)) != 0)


def _bit(codes: Codes) -> npt.NDArray[np.uint8]:
    """The bit of a word in its byte."""
    return np.asarray(_BITS[codes & 7])


def _words_of_file(path: Path) -> Codes:
    """Distinct words of both strands, sorted."""
    sequences = list(_clean_sequences(path))
    batches = [_words(sequences[start : start + _BATCH]) for start in range(0, len(sequences), _BATCH)]
    words = np.unique(np.concatenate(batches))
    if not len(words):
        raise CorpusError(
            f"{path}: no sequence of {WORD} nt or more, so nothing can be excluded by this file"
        )
    return words


def _words(sequences: Sequence[str]) -> Codes:
    kmers = kmers_of(sequences, WORD)
    forward = np.unique(kmers.codes[kmers.valid])
    return np.concatenate([forward, reverse_complement(forward, WORD)])


def _clean_sequences(path: Path) -> Iterable[str]:
    """An unreadable sequence is an error: if it were skipped, its like would stay in the corpus."""
    for record in read_records(path):
        try:
            yield clean_sequence(record.sequence)
        except SequenceError as error:
            message = f"record {record.name!r}: {error}; an excluded sequence must be readable"
            raise FormatError(message, path=str(path)) from error
