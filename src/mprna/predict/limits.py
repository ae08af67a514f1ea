"""How long a sequence a verb takes, and what it says of longer ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from mprna.errors import UsageError

DEFAULT_MAX_LENGTH: Final = 100_000
"""Of repair, scan and degradation, nucleotides."""

MAX_EMBEDDED_LENGTH: Final = 1_000_000
"""The same of embeddings; a million nucleotides take about 10 GB while windows are merged."""


def check_max_length(max_length: int) -> None:
    """Make sure that a limit leaves something to do.

    Raises:
        UsageError: it does not.
    """
    if max_length < 1:
        raise UsageError(f"max_length {max_length}; expected at least 1 nt")


def too_long(length: int, max_length: int, done: str = "") -> str:
    """The reason why a sequence was left out, and the option that helps.

    >>> too_long(5, 4), too_long(5, 4, "are scanned")
    ('5 nt; up to 4 (--max-length)', '5 nt; up to 4 are scanned (--max-length)')
    """
    return f"{length} nt; up to {max_length} {f'{done} ' if done else ''}(--max-length)"


def check_files(name: str, paths: tuple[str | Path, ...]) -> None:
    """Make sure that an option is a tuple of files.

    Raises:
        UsageError: it is not.
    """
    if not isinstance(paths, tuple):
        raise UsageError(f"{name} {paths!r:.40}; expected a tuple of files")
    if "-" in paths:
        raise UsageError(f"{name}: expected files, not standard input")
    for path in paths:
        if os.path.exists(path) and not os.path.isfile(path):
            raise UsageError(f"{name}: {path}: no regular file; every process reads it, so save it first")
