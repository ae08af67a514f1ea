"""Dot-bracket files: name, sequence, structure and, as RNAfold writes it, the energy.

    >name description
    GGGGAAAACCCC
    ((((....)))) ( -5.40)

A record without a structure has `# error: reason` in the third line. Programs of the ViennaRNA package skip
such a comment, and scripts that count lines still find three per record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO, Final

from mprna.alphabet import NUCLEOTIDES
from mprna.errors import FormatError, StructureError
from mprna.io.fasta import check_is_nameless
from mprna.io.records import ERROR_COMMENT, Record, check_dot_bracket, split_header
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.energy import round_energy
from mprna.rna.structure import pairs_from_dot_bracket

STRUCTURE_PATTERN: Final = r"[.()\[\]{}<>A-Za-z]*[.()\[\]{}<>][.()\[\]{}<>A-Za-z]*"
"""Dot-bracket symbols, at least one of which is not a letter: letters alone are a sequence."""

_STRUCTURE: Final = re.compile(STRUCTURE_PATTERN)
_CONSTRAINT: Final = re.compile(r"x+|\S*[.()\[\]{}<>|]\S*")
_ENERGY: Final = re.compile(r"\(?\s*([-+]?\d+(?:\.\d*)?)")
_SUBOPTIMAL: Final = re.compile(r"([A-Za-z]+)\s+-?\d+\.\d\d\s+\d+\.\d\d")
"""RNAsubopt's line of a sequence: the least energy, and how far above it structures may be."""

_BPRNA_NAME: Final = "#Name:"
_COMMENTS: Final = "#;"


def read_dot_bracket(source: Source) -> Iterator[Record]:
    """Records of a dot-bracket file, with or without headers, energies and line wrapping.

    Reads RNAfold's output (of `-p` the first structure), RNAsubopt's (every structure is a record), bpRNA's
    `.dbn` and plain FASTA. Without headers every sequence is one line. Other lines that start with `#` or `;`
    are skipped.

    Raises:
        FormatError: a structure that is not balanced or not as long as its sequence.
    """
    yield from _read(source, constraints=False)


def read_constrained(source: Source) -> Iterator[Record]:
    """Sequences, each with or without a constraint of its structure below it, as `RNAfold -C` reads them.

    The symbols are checked when the record is folded. FASTA without constraints is read too.

    Raises:
        FormatError: a name before a sequence without a header.
    """
    yield from _read(source, constraints=True)


def _read(source: Source, *, constraints: bool) -> Iterator[Record]:
    with open_input(source) as file:
        draft: _Draft | None = None
        number = 0
        for line_number, line in numbered_lines(file):
            header = _header(line)
            if header is not None or _begins_without_header(line, draft):
                if draft:
                    yield draft.finish(file.name)
                number += 1
                name, description = split_header(header or "", number)
                is_below = header is None and draft is not None and not draft.bare and not constraints
                draft = _Draft(name, description, header is None, is_below=is_below, constrained=constraints)
                if constraints and header is None:
                    check_is_nameless(line, file.name, line_number)
            if draft and header is None:
                if draft.has_another(line):
                    yield draft.finish(file.name)
                    draft = replace(draft, dot_bracket="", energy=None)
                draft.feed(line.strip(), line_number)
        if draft:
            yield draft.finish(file.name)


def write_vienna(records: Iterable[Record], stream: IO[str]) -> None:
    """Write as RNAfold does, `structure (%6.2f)`; without an energy the structure stands alone.

    A record without a name gets no header line.
    """
    for record in records:
        energy = "" if record.energy is None else f" ({round_energy(record.energy):6.2f})"
        _write(record, energy, stream)


def write_dbn(records: Iterable[Record], stream: IO[str]) -> None:
    """Write name, sequence and structure, without energies."""
    for record in records:
        _write(record, "", stream)


@dataclass(slots=True)
class _Draft:
    """A record whose lines are still being read."""

    name: str
    description: str
    bare: bool
    """There is no header: the sequence is one line, and the next sequence starts the next record."""
    is_below: bool = False
    """Whether a record with a header ended right above, so that dots may have been gaps."""
    suboptimal: bool = False
    """Whether every line below the sequence is a structure of its own."""
    constrained: bool = False
    """Whether the line below the sequence is a constraint, not a structure."""
    sequence: str = ""
    dot_bracket: str = ""
    energy: float | None = None
    error: str | None = None
    line: int = 0

    def feed(self, text: str, line: int) -> None:
        """Take one line; lines after a complete structure are ignored."""
        if text.startswith(ERROR_COMMENT):
            self.error = text.removeprefix(ERROR_COMMENT)
        elif not text or text[0] in _COMMENTS or self.is_complete:
            return
        elif self.sequence and self.is_structure(symbols := text.split()[0]):
            self.dot_bracket += symbols
            self.line = line
            if energy := _ENERGY.match(text[len(symbols) :].lstrip()):
                self.energy = float(energy[1])
        elif not self.sequence and (suboptimal := _SUBOPTIMAL.fullmatch(text)):
            self.sequence = suboptimal[1]
            self.suboptimal = True
        else:
            self.sequence += "".join(text.split())
            self.line = line

    def has_another(self, line: str) -> bool:
        """Whether a line is the next structure of the same sequence."""
        words = line.split()
        return self.suboptimal and self.is_complete and bool(words) and self.is_structure(words[0])

    def is_structure(self, symbols: str) -> bool:
        """Whether these symbols are a structure or constraint, and not a sequence."""
        pattern = _CONSTRAINT if self.constrained else _STRUCTURE
        return pattern.fullmatch(symbols) is not None

    @property
    def is_complete(self) -> bool:
        """Whether no line below can belong to it."""
        has_structure = bool(self.dot_bracket) and len(self.dot_bracket) >= len(self.sequence)
        return has_structure or self.error is not None

    def finish(self, path: str) -> Record:
        if self.constrained:
            return Record(
                name="" if self.bare else self.name,
                description=self.description,
                sequence=self.sequence,
                constraint=self.dot_bracket or None,
            )
        if self.is_below and not self.is_complete:
            raise FormatError(
                "a sequence without a name or structure below a structure; if dots are gaps, remove them, "
                "and give FASTA the suffix .fa",
                path=path,
                line=self.line,
            )
        if self.dot_bracket:
            check_dot_bracket(self.dot_bracket, self.sequence, path=path, line=self.line)
        return Record(
            name=self.name,
            description=self.description,
            sequence=self.sequence,
            dot_bracket=self.dot_bracket or None,
            energy=self.energy,
            error=self.error,
        )


def looks_like_another_line(record: Record) -> bool:
    """Whether a failed record's sequence would be read as something else; its line is left empty.

    That is a header or a comment, or without a header whatever does not begin with a letter.
    """
    first = record.sequence[:1]
    return first in (">", *_COMMENTS) or bool(first and not record.header and not first.isalpha())


def _header(line: str) -> str | None:
    for mark in (">", _BPRNA_NAME):
        if line.startswith(mark):
            return line.removeprefix(mark)
    return None


def _begins_without_header(line: str, draft: _Draft | None) -> bool:
    """Whether a line starts a record: a sequence, or the reason of one whose sequence is left out.

    Below a structure RNAfold writes more lines, which begin with blanks or brackets.
    """
    words = line.split()
    if not words:
        return False
    if line.startswith(ERROR_COMMENT):
        return draft is None or draft.is_complete
    if line[0] in _COMMENTS:
        return False
    if draft is None:
        return True
    is_sequence = not draft.is_structure(words[0])
    if not draft.is_complete:
        return draft.bare and is_sequence
    if len(words) > 1:
        is_spaced = set(line.upper()) <= {*NUCLEOTIDES, *"TN \t\r\n"}
        return draft.bare and (is_spaced or _SUBOPTIMAL.fullmatch(line.strip()) is not None)
    return is_sequence or (draft.bare and not draft.constrained and has_gaps(words[0]))


def has_gaps(word: str) -> bool:
    """Whether a word that could be a structure is rather a sequence with dots for gaps.

    >>> has_gaps("AC.GUACG"), has_gaps("((AA.))..aa"), has_gaps("((AA.))")
    (True, False, False)
    """
    try:
        pairs_from_dot_bracket(word)
    except StructureError:
        return word[0].isalpha() or ("(" not in word and any(map(str.isalpha, word)))
    return False


def _write(record: Record, energy: str, stream: IO[str]) -> None:
    if record.header:
        stream.write(f">{record.header}\n")
    stream.write("\n" if looks_like_another_line(record) else f"{record.sequence}\n")
    if record.error is not None:
        stream.write(f"{record.error_comment}\n")
    elif record.dot_bracket is not None:
        stream.write(f"{record.dot_bracket}{energy}\n")
