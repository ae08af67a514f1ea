"""The templates of `FoldOptions`, read once for all RNAs."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from mprna.homology.library import Library, read_library

Paths = tuple[str | Path, ...]


def library_of(paths: Paths) -> Library | None:
    """None without files.

    Raises:
        DataError: files that cannot be read, or that have no structure.
        MissingExtraError: Biopython is not installed.
    """
    return _library(paths, stamps(paths)) if paths else None


def stamps(paths: Paths) -> tuple[int, ...]:
    """What differs where a file has changed."""
    return tuple(os.stat(path).st_mtime_ns for path in paths if os.path.exists(path))


@lru_cache(maxsize=1)
def _library(paths: Paths, stamps: tuple[int, ...]) -> Library:
    return read_library(paths)
