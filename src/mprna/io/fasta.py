"""FASTA and FASTQ, and bare sequences, one per line.

Both are read here and not by dnaio, which decodes FASTA by the locale, stops at a FASTQ name beyond ASCII,
and cannot say in which line bytes are no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from mprna.alphabet import NUCLEOTIDES
from mprna.errors import FormatError, shorten
from mprna.io.records import Record, split_header
from mprna.io.source import Source, numbered_lines, open_input

LINE_WIDTH = 80
_LONGEST_NAME = 10
"""A first word as long as a block of a sequence in GenBank is one."""


def read_fasta(source: Source) -> Iterator[Record]:
    """Records of a FASTA file, whatever their letters; a record without letters has an empty sequence.

    Blank lines and lines that start with `#` or `;` are skipped.

    Raises:
        FormatError: text before the first `>`.
    """
    with open_input(source) as file:
        header, lines, number = "", [""], 0
        for line_number, line in numbered_lines(file):
            if line.startswith(">"):
                if number:
                    yield _record(header, lines, number)
                header, lines, number = line[1:], [], number + 1
            elif not line.strip() or line[0] in "#;":
                continue
            elif number:
                lines.append(line)
            else:
                message = f"expected '>' and a name, found {shorten(line)}"
                raise FormatError(message, path=file.name, line=line_number)
        if number:
            yield _record(header, lines, number)


def read_fastq(source: Source) -> Iterator[Record]:
    """Records of a FASTQ file with their qualities, four lines each; blank lines between them are skipped.

    Raises:
        FormatError: anything but four-line records.
    """
    with open_input(source) as file:
        lines: list[str] = []
        number = line_number = 0
        for line_number, line in numbered_lines(file):
            if lines or line.strip():
                lines.append(line)
            if len(lines) == 4:
                number += 1
                yield _entry(lines, number, file.name, line_number - 3)
                lines = []
        if lines:
            yield _entry(lines, number + 1, file.name, line_number - len(lines) + 1)


def read_plain(source: Source) -> Iterator[Record]:
    """Sequences without headers, one per line, as RNAfold takes them.

    Blank lines and lines that start with `#` or `;` are skipped.

    Their names are empty, so that they are written without a header too.

    Raises:
        FormatError: a name before a sequence.
    """
    with open_input(source) as file:
        for line_number, line in numbered_lines(file):
            if line.strip() and line[0] not in "#;":
                check_is_nameless(line, file.name, line_number)
                yield Record(name="", sequence="".join(line.split()))


def write_fasta(records: Iterable[Record], stream: IO[str]) -> None:
    """Write sequences in lines of 80; structures are left out."""
    for record in records:
        stream.write(f">{record.header}\n")
        for start in range(0, len(record.sequence), LINE_WIDTH):
            stream.write(record.sequence[start : start + LINE_WIDTH] + "\n")


def write_fastq(records: Iterable[Record], stream: IO[str]) -> None:
    """Write sequences with their qualities.

    Raises:
        FormatError: a record without qualities.
    """
    for record in records:
        if record.qualities is None:
            raise FormatError(f"record {record.name!r} has no qualities, which FASTQ needs")
        stream.write(f"@{record.header}\n{record.sequence}\n+\n{record.qualities}\n")


def check_is_nameless(line: str, path: str, line_number: int) -> None:
    """Make sure that a line is no name and sequence, which would be joined: many names are IUPAC codes too.

    Blocks of one sequence are as long as the next, or longer, and seldom have other letters than ACGTUN.

    Raises:
        FormatError: two words, the first of which is rather a name.
    """
    words = line.split()
    if len(words) != 2 or len(words[0]) >= _LONGEST_NAME:
        return
    if len(words[0]) < len(words[1]) or not set(words[0].upper()) <= {*NUCLEOTIDES, *"TN"}:
        message = f"two words in a line ({shorten(line)}): write names as '>NAME'"
        raise FormatError(message, path=path, line=line_number)


def _record(header: str, lines: list[str], number: int) -> Record:
    name, description = split_header(header, number)
    return Record(name=name, description=description, sequence="".join("".join(lines).split()))


def _entry(lines: list[str], number: int, path: str, line_number: int) -> Record:
    """The FASTQ record of up to four lines, of which the first has this number."""

    def fault(line: int, message: str) -> FormatError:
        return FormatError(message, path=path, line=line_number + line)

    if not lines[0].startswith("@"):
        raise fault(0, f"expected '@' and a name, found {shorten(lines[0])}")
    if len(lines) > 2 and not lines[2].startswith("+"):
        raise fault(2, f"expected '+' below a sequence of one line, found {shorten(lines[2])}")
    if len(lines) < 4:
        raise fault(len(lines) - 1, f"the file ends after {len(lines)} of the 4 lines of a record")
    header, sequence, again, qualities = lines[0][1:], lines[1].strip(), lines[2][1:], lines[3].strip()
    if again and again != header:
        raise fault(2, f"{shorten(again)} after '+', but {shorten(header)} after '@'")
    if len(sequence) != len(qualities):
        raise fault(3, f"{len(qualities)} qualities for a sequence of {len(sequence)} letters")
    name, description = split_header(header, number)
    return Record(name=name, description=description, sequence=sequence, qualities=qualities)
