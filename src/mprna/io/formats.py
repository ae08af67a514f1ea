"""All file formats in one table, and how the format of a file is guessed."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import dropwhile
from typing import IO, TYPE_CHECKING, Any, Final

from mprna.errors import FormatError, UsageError, shorten
from mprna.io.bpseq import read_bpseq, write_bpseq
from mprna.io.clustal import FIRST_WORDS, read_clustal
from mprna.io.ct import read_ct, write_ct
from mprna.io.dot_bracket import (
    STRUCTURE_PATTERN,
    has_gaps,
    read_constrained,
    read_dot_bracket,
    write_dbn,
    write_vienna,
)
from mprna.io.fasta import read_fasta, read_fastq, read_plain, write_fasta, write_fastq
from mprna.io.jsonl import read_jsonl, write_jsonl
from mprna.io.output import COMPRESSIONS
from mprna.io.records import ERROR_COMMENT, Record
from mprna.io.source import InputFile, Source, as_format_error, input_errors, open_input
from mprna.io.stockholm import FIRST_LINE, read_stockholm
from mprna.io.table import read_parquet, write_parquet
from mprna.io.tsv import SEQUENCE_COLUMNS, column_name, read_csv, read_tsv, write_tsv

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Reader = Callable[[Source], Iterator[Record]]
Writer = Callable[[Iterable[Record], IO[Any]], None]


@dataclass(frozen=True, slots=True)
class Format:
    """How one file format is read and written."""

    name: str
    read: Reader | None
    write: Writer | None
    suffixes: tuple[str, ...]
    """Lower case, with the dot, without that of a compression."""
    binary: bool = False
    """The writer needs a stream of bytes."""


FORMATS: Final = {
    format.name: format
    for format in (
        Format("fasta", read_fasta, write_fasta, (".fa", ".fasta", ".fna", ".ffn", ".frn", ".fas")),
        Format("fastq", read_fastq, write_fastq, (".fq", ".fastq")),
        Format("plain", read_plain, None, ()),
        Format("vienna", read_dot_bracket, write_vienna, (".vienna", ".fold")),
        Format("dbn", read_dot_bracket, write_dbn, (".dbn", ".db", ".dot")),
        Format("ct", read_ct, write_ct, (".ct",)),
        Format("bpseq", read_bpseq, write_bpseq, (".bpseq",)),
        Format("stockholm", read_stockholm, None, (".sto", ".stk", ".stockholm")),
        Format("clustal", read_clustal, None, (".aln", ".clustal", ".clustalw")),
        Format("jsonl", read_jsonl, write_jsonl, (".jsonl", ".ndjson")),
        Format("tsv", read_tsv, write_tsv, (".tsv",)),
        Format("csv", read_csv, None, (".csv",)),
        Format("parquet", read_parquet, write_parquet, (".parquet",), binary=True),
    )
}

_WITH_CONSTRAINT_LINES: Final = ("fasta", "plain", "vienna", "dbn")
"""Formats in which the line below a sequence can be read as a constraint."""

_HEAD_BYTES: Final = 1 << 16
_STRUCTURE_LINE: Final = re.compile(STRUCTURE_PATTERN + r"(\s.*)?")
_SEQUENCE_LINE: Final = re.compile(r"[A-Za-z][A-Za-z0-9*?.~ -]*")
_BPSEQ_ROW: Final = re.compile(r"1\s+\S\s+\d+")
_CT_TITLE: Final = re.compile(r"\d+\s+\S.*")
_UNREAD: Final = {"LOCUS ": "GenBank"}
"""How files begin that would pass for bare sequences."""


def read_records(
    source: Source, *, format_name: str | None = None, constraints: bool = False
) -> Iterator[Record]:
    """Records of a file of any readable format.

    Args:
        source: a path, `-` for standard input, or a stream of bytes; compressed or not.
        format_name: a key of `FORMATS`; without it the suffix decides, and without a known suffix the
            first lines.
        constraints: in FASTA, dot-bracket and plain files, what stands below a sequence is a constraint.

    Raises:
        FormatError: an unknown format, or a file that breaks its format, or without any record.
        UsageError: an unknown `format_name`.
    """
    with open_input(source) as file:
        format = _named(format_name) if format_name else format_of_suffix(file.name)
        if format is None:
            head, file = read_head(file)
            format = FORMATS[_guess(head, file.name)]
        read = format.read
        if constraints and format.name in _WITH_CONSTRAINT_LINES:
            read = read_constrained
        if read is None:
            raise UsageError(f"format {format.name!r} cannot be read")
        empty = True
        for record in read(file):
            empty = False
            yield record
        if empty:
            raise FormatError("no records in this file", path=file.name)


def format_of_suffix(path: str | os.PathLike[str]) -> Format | None:
    """The format that a file name says; the suffix of a compression does not count.

    >>> format_of_suffix("rnas.FA.gz").name
    'fasta'
    """
    suffix = suffix_of(path)
    return next((format for format in FORMATS.values() if suffix in format.suffixes), None)


def suffix_of(path: str | os.PathLike[str]) -> str:
    """The last suffix in lower case, below that of a compression.

    >>> suffix_of("rnas.v2.FA.gz")
    '.fa'
    """
    name = os.fspath(path).lower()
    for compression in COMPRESSIONS:
        name = name.removesuffix(compression)
    return os.path.splitext(name)[1]


def _named(format_name: str) -> Format:
    if format_name not in FORMATS:
        raise UsageError(f"unknown format {format_name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[format_name]


def read_head(file: InputFile) -> tuple[bytes, InputFile]:
    """What `_guess` asks for (at most `_HEAD_BYTES`), and the file as if nothing had been read."""
    head = b""
    try:
        while not _is_enough(head) and (more := file.stream.read1(_HEAD_BYTES)):
            head += more
    except input_errors() as error:
        raise as_format_error(error, file.name) from error
    return head, InputFile(file.name, io.BufferedReader(_Rewound(head, file.stream)))


class _Rewound(io.RawIOBase):
    """A stream of which the first bytes have been read already."""

    def __init__(self, head: bytes, rest: io.BufferedReader) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._head:
            return self._rest.readinto1(view)
        chunk, self._head = self._head[: len(view)], self._head[len(view) :]
        view[: len(chunk)] = chunk
        return len(chunk)


def _is_enough(head: bytes) -> bool:
    """Whether three whole lines of content are there, however they came."""
    return len(head) >= _HEAD_BYTES or len(_content_lines(head[: head.rfind(b"\n") + 1])) >= 3


def _content_lines(head: bytes) -> list[str]:
    """Lines that are neither blank nor a comment; below one, the reason of a record that failed counts."""
    lines = (line for line in head_lines(head) if line.strip())
    content = [line.strip() for line in lines if line[0] not in "#;" or _is_reason(line)]
    return list(dropwhile(_is_reason, content))


def head_lines(head: bytes) -> list[str]:
    """Lines as `numbered_lines` has them: str.splitlines breaks at form feeds and others too."""
    return io.StringIO(head.decode("utf-8-sig", "replace"), newline=None).read().split("\n")


def _is_reason(line: str) -> bool:
    """Whether a line stands for the structure of a record that failed."""
    return line.startswith(ERROR_COMMENT)


def _is_structure(line: str) -> bool:
    """Whether a line is a structure or stands for one; `>` begins none, but the next header."""
    looks_like_one = line[:1] != ">" and _STRUCTURE_LINE.fullmatch(line)
    return bool(looks_like_one and not has_gaps(line.split()[0])) or _is_reason(line)


def _guess(head: bytes, path: str) -> str:
    """Name of the format that the first lines look like; nothing at all passes for FASTA."""
    if head.startswith(b"PAR1"):
        return "parquet"
    _refuse_others(head, path)
    start = next(filter(str.strip, head_lines(head)), "")
    if start.startswith(FIRST_LINE):
        return "stockholm"
    if start.startswith(FIRST_WORDS):
        return "clustal"
    lines = _content_lines(head)
    first, second, third = [*lines, "", "", ""][:3]
    checks = {
        "dbn": first[:1] == ">" and (_is_reason(second) or _is_structure(third)),
        "fasta": first[:1] in (">", ""),
        "fastq": first[:1] == "@",
        "jsonl": first[:1] == "{",
        "bpseq": first.startswith("Filename:") or _BPSEQ_ROW.fullmatch(first),
        "ct": _CT_TITLE.fullmatch(first),
        "tsv": SEQUENCE_COLUMNS.intersection(map(column_name, first.split("\t"))),
        "csv": _has_sequences(first, ",") or _has_sequences(first, ";"),  # the reader tells of semicolons
        "vienna": _is_reason(second) or (_SEQUENCE_LINE.fullmatch(first) and _is_structure(second)),
        "plain": _SEQUENCE_LINE.fullmatch(first),
    }
    for name, fits in checks.items():
        if fits:
            return name
    known = ", ".join(name for name, format in FORMATS.items() if format.read)
    raise FormatError(f"unknown format, starts with {shorten(first)}; expected {known}", path=path, line=1)


def _has_sequences(first: str, delimiter: str) -> bool:
    """Whether a column of sequences is among the quoted cells of a line."""
    cells = next(csv.reader([first], delimiter=delimiter), [])
    return not SEQUENCE_COLUMNS.isdisjoint(map(column_name, cells))


def _refuse_others(head: bytes, path: str) -> None:
    start = next((line for line in head_lines(head) if line.strip()), "")
    for mark, name in _UNREAD.items():
        if start.startswith(mark):
            raise FormatError(f"{name} is not read; convert to FASTA first", path=path, line=1)
