"""Transcripts cut into slices; every nucleotide is in exactly one slice or in one dropped tail."""

from __future__ import annotations

from collections.abc import Iterator


def slice_starts(length: int, *, slice_length: int) -> range:
    """0-based starts of the pieces of a transcript of `length` nucleotides.

    Pieces follow each other without gap or overlap from the 5' end, each `slice_length` long; the last
    one, the tail, is whatever remains.
    """
    return range(0, length, slice_length)


def cut(sequence: str, *, slice_length: int) -> Iterator[tuple[int, str]]:
    """Pieces of `sequence` with their 0-based starts. Tail rule: a tail is a piece of its own, never
    merged, padded or shifted back; the caller keeps it if it is long enough and counts it if not.

    >>> list(cut("GGGGAAAACC", slice_length=4))
    [(0, 'GGGG'), (4, 'AAAA'), (8, 'CC')]
    """
    for start in slice_starts(len(sequence), slice_length=slice_length):
        yield start, sequence[start : start + slice_length]
