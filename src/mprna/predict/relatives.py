"""The files of relatives that options name, read once for all RNAs.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from mprna.errors import DataError
from mprna.homology.bases import BaseEvidence, base_evidence
from mprna.homology.library import Library, library_of, read_library, read_sequences
from mprna.homology.relatives import Relatives, read_relatives
from mprna.runtime.windows import split_windows

Paths = tuple[str | Path, ...]
Stamps = tuple[tuple[str, int, int], ...]

RELATIVES_WINDOW: Final = 256
"""Nucleotides whose relatives are looked for at once."""


def templates_library(paths: Paths) -> Library | None:
    """Known structures; None without files.

    Raises:
        DataError: files that cannot be read, or that have no structure.
        MissingExtraError: Biopython is not installed.
    """
    return _library(paths, stamps(paths)) if paths else None


def relatives_library(paths: Paths, max_length: int) -> Library | None:
    """Known sequences to fold beside; None without files.

    Raises:
        DataError: files that cannot be read, or that have no RNA of at most this length.
        MissingExtraError: Biopython is not installed.
    """
    return _sequences(paths, stamps(paths), max_length) if paths else None


def listed_relatives(named: Sequence[tuple[str, str]], max_length: int) -> Library | None:
    """The same of names and sequences; None without any.

    Raises:
        MissingDataError: not one RNA of at most this length.
        MissingExtraError: Biopython is not installed.
    """
    return library_of(named, max_length) if named else None


def relatives_index(paths: Paths) -> Relatives | None:
    """Known sequences of any length, to compare letters with; None without files.

    Raises:
        DataError: files that cannot be read, or that have no RNA.
        MissingExtraError: Biopython is not installed.
    """
    return _relatives(paths, stamps(paths)) if paths else None


def stamps(paths: Paths) -> Stamps:
    """What differs where a path means another file than before, or a file has changed."""
    found = ((os.path.realpath(path), os.stat(path)) for path in paths if os.path.exists(path))
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in found)


def check_unchanged(paths: Paths, before: Stamps) -> None:
    """Make sure that all processes have read the same files.

    Args:
        before: `stamps` of the paths when the work began.

    Raises:
        DataError: a file has changed since.
    """
    if stamps(paths) != before:
        names = ", ".join(map(str, paths))
        raise DataError(f"{names}: changed while it was in use; run it again")


def evidence_of(sequence: str, relatives: Relatives) -> BaseEvidence:
    """What relatives say of each base of a clean sequence, a long one in windows that overlap by half."""
    parts = []
    for start, end, keep_start, keep_end in split_windows(len(sequence), RELATIVES_WINDOW):
        piece, kept = sequence[start:end], slice(keep_start - start, keep_end - start)
        parts.append([values[kept] for values in base_evidence(piece, relatives.find(piece))])
    return BaseEvidence(*(np.concatenate(values) for values in zip(*parts, strict=True)))


@lru_cache(maxsize=1)
def _library(paths: Paths, versions: object) -> Library:
    return read_library(paths)


@lru_cache(maxsize=1)
def _sequences(paths: Paths, versions: object, max_length: int) -> Library:
    return read_sequences(paths, max_length)


@lru_cache(maxsize=1)
def _relatives(paths: Paths, versions: object) -> Relatives:
    return read_relatives(paths)
