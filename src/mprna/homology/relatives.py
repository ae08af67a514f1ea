"""RNAs that others are compared with, and which of them resemble a piece of an RNA.

Shape letters: A aligned nucleotides.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mprna.errors import MissingDataError
from mprna.homology.alignment import (
    MAX_EXPECTED,
    TRANSCRIPTS,
    Alignment,
    align,
    alignment_score,
    check_installed,
    expected_by_chance,
)
from mprna.homology.library import readable
from mprna.homology.regions import SEED, RegionIndex
from mprna.io.formats import read_records

MAX_RELATIVES: Final = 8
"""Relatives that are listened to, those with the best alignments."""


class Relative(NamedTuple):
    """A piece of a known RNA beside the RNA that it resembles."""

    name: str
    sequence: str
    """Clean letters of the piece."""
    alignment: Alignment
    """Of the other RNA with the piece."""


class Relatives:
    """Known RNAs, and an index of their words.

    Args:
        names: of the RNAs.
        sequences: clean letters.
    """

    def __init__(self, names: Sequence[str], sequences: Sequence[str]) -> None:
        self._names = names
        self._sequences = sequences
        self._num_nucleotides = sum(map(len, sequences))
        self._index = RegionIndex(sequences)

    @property
    def num_words(self) -> int:
        """Words by which relatives can be found."""
        return self._index.num_words

    def find(self, sequence: str) -> list[Relative]:
        """At most `MAX_RELATIVES` that resemble a clean sequence, the best first; of each its best piece."""
        pieces: dict[int, tuple[float, str]] = {}
        for owner, start, end in self._index.regions(sequence):
            piece = self._sequences[owner][start:end]
            score = alignment_score(sequence, piece, TRANSCRIPTS)
            if score > pieces.get(owner, (0.0, ""))[0]:
                pieces[owner] = score, piece
        found = []
        for owner in sorted(pieces, key=lambda owner: (-pieces[owner][0], owner))[:MAX_RELATIVES]:
            score, piece = pieces[owner]
            expected = expected_by_chance(score, len(sequence), self._num_nucleotides, TRANSCRIPTS)
            if expected <= MAX_EXPECTED:
                found.append(Relative(self._names[owner], piece, align(sequence, piece, TRANSCRIPTS)))
        return found


def read_relatives(paths: Iterable[str | os.PathLike[str]]) -> Relatives:
    """All RNAs of files in any format.

    Raises:
        FormatError: a file that cannot be read.
        MissingDataError: not one RNA with nucleotides enough.
        MissingExtraError: Biopython is not installed.
    """
    check_installed()
    files = [os.fspath(path) for path in paths]
    records = [record for path in files for record in read_records(path)]
    found = Relatives([record.name for record in records], [readable(record.sequence) for record in records])
    if not found.num_words:
        reason = f"no RNA with {len(SEED)} nucleotides in a row; give relatives"
        raise MissingDataError(f"{', '.join(files)}: {reason}")
    return found
