"""What every reader yields and every writer takes: one RNA, and what is known about it.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FormatError, StructureError, UsageError
from mprna.rna.structure import check_length, pairs_from_dot_bracket

_NO_SEQUENCES: Final = (bytes, bytearray, memoryview, Mapping, os.PathLike)

ERROR_COMMENT: Final = "# error: "
"""Starts the line that stands for a missing structure in formats without a column for errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One RNA; `None` is unknown. A record with an `error` has no structure."""

    name: str
    """Header up to the first white space; empty for a sequence that had no header (see `read_plain`)."""
    sequence: str
    """As the user wrote it, without white space; letters are judged by `alphabet.clean_sequence`."""
    description: str = ""
    """Header after the name."""
    qualities: str | None = None
    """FASTQ qualities, one ASCII character per nucleotide."""
    dot_bracket: str | None = None
    """Secondary structure, as long as the sequence."""
    energy: float | None = None
    """Free energy of `dot_bracket` in kcal/mol."""
    confidence: float | None = None
    """Mean probability of the assigned state of every nucleotide, 0 to 1."""
    expected_f1: float | None = None
    """Expected F1 of the pairs of `dot_bracket`, 0 to 1."""
    base_pair_probs: npt.NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    """Pair probabilities, symmetric. *Shape:* (L, L)"""
    constraint: str | None = None
    """What the structure must look like, one symbol of `rna.constraints.SYMBOLS` per nucleotide."""
    reactivities: npt.NDArray[np.float64] | None = field(default=None, compare=False, repr=False)
    """Reactivities of a SHAPE experiment; NaN where there are no data. *Shape:* (L,)"""
    fault: str | None = None
    """Why it is not to be folded: what belongs to it alone, such as its reactivities, cannot be read."""
    engine: str | None = None
    """Name of the engine that predicted the structure."""
    template: str | None = None
    """Name of the relative that counted most, if any."""
    error: str | None = None
    """Why there is no result."""

    @property
    def header(self) -> str:
        """Name and description on one line."""
        return _one_line(f"{self.name} {self.description}".rstrip())

    @property
    def error_comment(self) -> str:
        """The line that tells of `error` where a format has no column for it."""
        return ERROR_COMMENT + _one_line(self.error or "")


def as_record(sequence: str | Record, name: str = "") -> Record:
    """A record itself, or one of a sequence."""
    return sequence if isinstance(sequence, Record) else Record(name=name, sequence=sequence)


def check_sequences(sequences: object) -> None:
    """Refuse what would pass for many sequences, but holds one or none.

    Raises:
        UsageError: bytes, a mapping, a path, nothing, or a sequence of Biopython's.
    """
    is_one = hasattr(sequences, "reverse_complement")
    if is_one or not isinstance(sequences, Iterable) or isinstance(sequences, _NO_SEQUENCES):
        kind = type(sequences).__name__
        advice = "str() makes one" if is_one else "mprna.io.formats.read_records reads files"
        raise UsageError(f"a sequence is a str or Record, not {kind}; {advice}")


def split_header(header: str, number: int) -> tuple[str, str]:
    """Name and description; a record without a name gets one from its 1-based number in the file.

    >>> split_header("tRNA-Phe Saccharomyces cerevisiae", 1)
    ('tRNA-Phe', 'Saccharomyces cerevisiae')
    >>> split_header("", 7)
    ('sequence_7', '')
    """
    name, *rest = header.split(None, 1) or [""]
    return name or f"sequence_{number}", rest[0].rstrip() if rest else ""


def check_dot_bracket(dot_bracket: str, sequence: str, *, path: str, line: int) -> None:
    """Make sure that a structure read from a file is balanced and as long as its sequence.

    Raises:
        FormatError: it is not.
    """
    try:
        check_length(dot_bracket, sequence)
        pairs_from_dot_bracket(dot_bracket)
    except StructureError as error:
        raise FormatError(str(error), path=path, line=line) from error


def numbered(records: Iterable[Record]) -> Iterator[Record]:
    """Name the nameless by their place in the input, for outputs that need names."""
    for number, record in enumerate(records, 1):
        yield record if record.name else dataclasses.replace(record, name=f"sequence_{number}")


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n]+", " ", text)
