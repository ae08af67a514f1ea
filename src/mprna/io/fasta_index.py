"""Indices of FASTA files (`.fai`, of bgzipped ones `.gzi` too), and whether one is of the file beside it.

An index says at which bytes sequences begin. Where the file has changed since, letters from other places are
read, and nobody notices.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

GZIP: Final = b"\x1f\x8b"

_LONGEST_GAP: Final = 1 << 20
"""Bytes between two sequences."""


def index_paths(path: str) -> list[str]:
    """The files of an index that lies beside a FASTA file."""
    with open(path, "rb") as fasta:
        suffixes = (".fai", ".gzi") if fasta.read(2) == GZIP else (".fai",)
    return [path + suffix for suffix in suffixes]


def index_fits(path: str) -> bool:
    """Whether the index beside a FASTA file is of this file.

    Of plain FASTA, whether every sequence begins, breaks its lines and ends where the index says, below its
    header. Times do not count, for a copy may be younger than its index, and another release be older. Of
    bgzipped FASTA, whether the index is not older than the file.

    Raises:
        OSError: not readable.
    """
    fai, *gzi = index_paths(path)
    if gzi:
        changed = os.stat(path).st_mtime_ns
        return all(os.stat(index).st_mtime_ns >= changed for index in (fai, *gzi))
    try:
        entries = sorted(_entries(fai))
    except ValueError:
        return False
    with open(path, "rb") as fasta:
        end = 0
        for entry in entries:
            if _headers(fasta, end, entry.start)[-1:] != [entry.name] or not _has_lines(fasta, entry):
                return False
            end = entry.end
        size = fasta.seek(0, os.SEEK_END)
        return "" not in _headers(fasta, end, size)


class _Entry(NamedTuple):
    """A line of an index."""

    start: int
    """Byte of the first letter."""
    name: str
    length: int
    """Letters."""
    line_letters: int
    line_bytes: int

    @property
    def end(self) -> int:
        """Byte behind the last letter."""
        lines, letters = divmod(self.length - 1, self.line_letters)
        return self.start + lines * self.line_bytes + letters + 1


def _entries(path: str) -> Iterator[_Entry]:
    with open(path, encoding="utf-8", errors="replace") as index:
        for line in index:
            name, *numbers = line.rstrip("\n").split("\t")
            length, start, line_letters, line_bytes = map(int, numbers)
            if length and line_letters:
                yield _Entry(start, name, length, line_letters, line_bytes)


def _headers(fasta: BinaryIO, start: int, end: int) -> list[str]:
    """Names of the sequences whose headers stand from byte `start` to `end`; an empty name is anything else.

    Empty sequences, of which nothing but the header is there, are in no index.
    """
    if not 0 <= end - start <= _LONGEST_GAP:
        return [""]
    fasta.seek(start)
    lines = fasta.read(end - start).decode(errors="replace").split("\n")
    return [(line[1:].split() or [""])[0] if line[0] == ">" else "" for line in lines if line.strip()]


def _has_lines(fasta: BinaryIO, entry: _Entry) -> bool:
    """Whether the first letter begins a line, this ends where it should, and the last is a letter."""
    is_space = {entry.start - 1: True, entry.start: False, entry.end - 1: False}
    line_end = entry.start + entry.line_letters
    if line_end < entry.end:
        is_space |= {line_end - 1: False, line_end: True}
    return all(_byte(fasta, place).isspace() == expected for place, expected in is_space.items())


def _byte(fasta: BinaryIO, place: int) -> bytes:
    fasta.seek(place)
    return fasta.read(1)
