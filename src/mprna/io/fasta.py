"""FASTA and FASTQ, and bare sequences, one per line.

dnaio reads FASTQ. FASTA is read here: dnaio decodes it by the locale, and cannot say in which line bytes
are no text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

from mprna.errors import FormatError, shorten
from mprna.io.records import Record, split_header
from mprna.io.source import InputFile, Source, as_format_error, input_errors, numbered_lines, open_input

LINE_WIDTH = 80
_LONGEST_FAULT = 200


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
    """Records of a FASTQ file with their qualities, four lines each.

    Raises:
        FormatError: anything but four-line records.
    """
    with open_input(source) as file:
        yield from _read_fastq(file)


def read_plain(source: Source) -> Iterator[Record]:
    """Sequences without headers, one per line, as RNAfold takes them.

    Blank lines and lines that start with `#` or `;` are skipped.

    Their names are empty, so that they are written without a header too.
    """
    with open_input(source) as file:
        for _, line in numbered_lines(file):
            if line.strip() and line[0] not in "#;":
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


def _record(header: str, lines: list[str], number: int) -> Record:
    name, description = split_header(header, number)
    return Record(name=name, description=description, sequence="".join("".join(lines).split()))


def _read_fastq(file: InputFile) -> Iterator[Record]:
    import dnaio  # heavy: 40 ms

    number = 0
    try:
        for number, entry in enumerate(dnaio.FastqReader(file.stream), 1):
            name, description = split_header(entry.name, number)
            yield Record(
                name=name, description=description, sequence=entry.sequence, qualities=entry.qualities
            )
    except dnaio.FastqFormatError as error:
        line = None if error.line is None else error.line + 1
        message = " ".join(error.message.split())[:_LONGEST_FAULT]  # dnaio quotes whole records
        raise FormatError(message, path=file.name, line=line) from error
    except input_errors() as error:
        raise as_format_error(error, file.name, 4 * number or None) from error
