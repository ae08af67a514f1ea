"""Known RNAs, with or without structures, and which of them are likely relatives of another RNA.

Shape letters: P pairs of an RNA, W words of all RNAs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import as_rna
from mprna.errors import MissingDataError
from mprna.homology.alignment import check_installed
from mprna.io.formats import read_records
from mprna.io.records import numbered
from mprna.rna.kmers import kmers_of
from mprna.rna.structure import pairs_from_dot_bracket

SEED_WORD: Final = 8
"""Letters of the words that relatives share."""

NUM_CANDIDATES: Final = 20
"""RNAs with the most words in common; the rest is for an alignment to say."""

_NO_PAIRS: Final = np.zeros((0, 2), dtype=np.int64)
_NO_BASE: Final = re.compile("[^ACGTUacgtu]")


@dataclass(frozen=True, slots=True)
class Template:
    """A known RNA."""

    name: str
    sequence: str
    """Clean letters."""
    pairs: npt.NDArray[np.int64]
    """None at all where the structure is not known. *Shape:* (P, 2), i < j"""


class Library:
    """Templates, and an index of their words.

    Args:
        templates: at least one.
    """

    def __init__(self, templates: Sequence[Template]) -> None:
        self._templates = templates
        self.num_nucleotides = sum(len(template.sequence) for template in templates)
        owners, words = kmers_of([template.sequence for template in templates], SEED_WORD).distinct()
        order = np.argsort(words, kind="stable")
        self._words = words[order]
        """Sorted. *Shape:* (W,)"""
        self._owners = owners[order]
        """Number of the RNA with the word. *Shape:* (W,)"""

    def __len__(self) -> int:
        return len(self._templates)

    def candidates(self, sequence: str) -> list[Template]:
        """At most `NUM_CANDIDATES` that share words with a clean sequence, rare words counting more."""
        words = kmers_of([sequence], SEED_WORD)
        asked = np.unique(words.codes[words.valid])
        first, last = (np.searchsorted(self._words, asked, side=side) for side in ("left", "right"))
        scores = np.zeros(len(self))
        for start, stop in zip(first.tolist(), last.tolist(), strict=True):
            if stop > start:
                scores[self._owners[start:stop]] += np.log1p(len(self) / (stop - start))
        best = np.argsort(-scores, kind="stable")[:NUM_CANDIDATES]
        return [self._templates[number] for number in best.tolist() if scores[number] > 0]


def read_library(paths: Iterable[str | os.PathLike[str]]) -> Library:
    """All RNAs with a structure of files in any format that has structures.

    Raises:
        FormatError: a file that cannot be read.
        MissingDataError: not one structure.
        MissingExtraError: Biopython is not installed.
    """
    check_installed()
    files = [os.fspath(path) for path in paths]
    templates = [
        Template(record.name, readable(record.sequence), pairs_from_dot_bracket(record.dot_bracket))
        for path in files
        for record in numbered(read_records(path))
        if record.dot_bracket
    ]
    if not templates:
        raise MissingDataError(f"{', '.join(files)}: no RNA with a structure; give templates that have one")
    return Library(templates)


def read_sequences(paths: Iterable[str | os.PathLike[str]], max_length: int) -> Library:
    """All RNAs of files in any format, without structures, and copies once.

    Args:
        max_length: longer ones are left out, nucleotides.

    Raises:
        FormatError: a file that cannot be read.
        MissingDataError: not one RNA of at most this length.
        MissingExtraError: Biopython is not installed.
    """
    files = [os.fspath(path) for path in paths]
    records = (record for path in files for record in numbered(read_records(path)))
    named = ((record.name, record.sequence) for record in records)
    return library_of(named, max_length, source=", ".join(files))


def library_of(named: Iterable[tuple[str, str]], max_length: int, *, source: str = "relatives") -> Library:
    """RNAs without structures, each a name and a sequence; copies count once, under the first name.

    Args:
        max_length: longer ones are left out, nucleotides.
        source: where they are from, for messages.

    Raises:
        MissingDataError: not one RNA of at most this length.
        MissingExtraError: Biopython is not installed.
    """
    check_installed()
    names: dict[str, str] = {}
    for name, sequence in named:
        if 0 < len(sequence) <= max_length:
            names.setdefault(readable(sequence), name)
    if not names:
        raise MissingDataError(f"{source}: no RNA of 1 to {max_length} nt; give relatives")
    return Library([Template(name, sequence, _NO_PAIRS) for sequence, name in names.items()])


def readable(sequence: str) -> str:
    """Clean letters; whatever is none is N, such as the modified nucleotides of databases."""
    return as_rna(_NO_BASE.sub("N", sequence))
