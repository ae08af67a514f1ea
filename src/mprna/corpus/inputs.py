"""Which files a build reads, under which names."""

from __future__ import annotations

import codecs
import glob
import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from mprna.digest import file_sha256
from mprna.errors import CorpusError, FormatError, UsageError
from mprna.io.fasta import read_fasta, read_fastq
from mprna.io.formats import FORMATS, format_of_suffix
from mprna.io.records import Record
from mprna.io.source import STDIN_NAME, input_errors, open_input

STDIN: Final = "-"

_BLOCK: Final = 1 << 20
"""Bytes of standard input that are read at a time."""

_SEQUENCES: Final = "sequences (*.fa, *.fasta, *.fq, *.fa.gz ...)"
_RECORDS: Final = "sequences or structures (*.fa, *.dbn, *.ct, *.bpseq, *.jsonl, *.csv, *.jsonl.gz ...)"


def find_inputs(inputs: Sequence[Path], *, spool: Path | None = None) -> dict[str, Path]:
    """Files by source name, sorted by name, so that the order of the arguments does not matter.

    A folder stands for the FASTA and FASTQ files directly in it, a pattern with `*`, `?`, `[...]` or `**` for
    the files that match. A source name is the path relative to the folder that all files share.

    Args:
        inputs: files, folders, patterns.
        spool: the file that `-`, standard input, stands for; see `store_stdin`.

    Raises:
        UsageError: nothing given, a file given twice, or a name with control characters.
        CorpusError: a path that does not exist, or a folder without such files.
    """
    if not inputs:
        raise UsageError("no input: give FASTA files, or folders of them")
    streams = [given for given in inputs if str(given) == STDIN and spool is not None]
    if len(streams) > 1:
        raise UsageError("standard input is given twice: it can be read once")
    files = [given for given in inputs if given not in streams]
    named = _find_files(files, _is_sequence_file, _SEQUENCES) if files else {}
    if streams and spool is not None:
        named[STDIN_NAME] = spool
    return dict(sorted(named.items()))


def find_record_files(paths: Sequence[Path]) -> dict[str, Path]:
    """Files in any format that `mprna.io` reads, by name; else as `find_inputs`, but there may be none."""
    return _find_files(paths, lambda path: format_of_suffix(path) is not None, _RECORDS) if paths else {}


def _find_files(given: Sequence[Path], accepts: Callable[[Path], bool], what: str) -> dict[str, Path]:
    # Not resolved: what a link is called says more than what it points to.
    paths = [Path(os.path.abspath(path)) for one in given for path in _expand(one, accepts, what)]
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    names = {path.relative_to(shared).as_posix(): path for path in paths}
    if len({path.resolve() for path in paths}) < len(paths):
        raise UsageError("a file is given twice: every file, and what a link points to, may be an input once")
    for name in names:
        if not name.isprintable():
            raise UsageError(f"{name!r}: names of inputs must be printable text; rename the file")
    return dict(sorted(names.items()))


def input_digests(paths: Mapping[str, Path]) -> dict[str, str]:
    """SHA-256 of every file, by source name.

    Raises:
        FormatError: a file that cannot be read.
    """
    try:
        return {name: file_sha256(path) for name, path in paths.items()}
    except OSError as error:
        raise FormatError(error.strerror or str(error), path=error.filename) from error


def store_stdin(spool: Path | None) -> str:
    """Read standard input to its end; the SHA-256 of its bytes.

    A build that is interrupted is continued with the same bytes on standard input again: this digest is
    compared with that of the first time, as those of files are.

    Args:
        spool: where the bytes are kept; None keeps nothing.

    Raises:
        FormatError: standard input is closed, or cannot be read.
    """
    if sys.stdin is None:
        raise FormatError("standard input is closed", path=STDIN_NAME)
    digest = hashlib.sha256()
    with ExitStack() as stack:
        file = None if spool is None else stack.enter_context(spool.open("wb"))
        while block := _next_block():
            digest.update(block)
            if file is not None:
                file.write(block)
    return digest.hexdigest()


def _next_block() -> bytes:
    try:
        return sys.stdin.buffer.read(_BLOCK)
    except OSError as error:
        raise FormatError(error.strerror or str(error), path=STDIN_NAME) from error


def read_input(path: Path) -> Iterator[Record]:
    """Records of a FASTA file, or of a FASTQ file if the suffix, or without one the first byte, says so.

    Raises:
        FormatError: the file breaks its format.
    """
    return read_fastq(path) if _is_fastq(path) else read_fasta(path)


def _is_fastq(path: Path) -> bool:
    if _is_sequence_file(path):
        return format_of_suffix(path) is FORMATS["fastq"]
    with open_input(path) as file:
        try:
            return file.stream.peek(4).removeprefix(codecs.BOM_UTF8)[:1] == b"@"
        except input_errors():
            return False  # the reader meets the same error and can say where


def _expand(given: Path, accepts: Callable[[Path], bool], what: str) -> list[Path]:
    if given.is_dir():
        files = [path for path in given.iterdir() if path.is_file() and accepts(path)]
        if not files:
            raise CorpusError(f"{given}: no file of {what} in this folder")
        return files
    if given.is_file():
        return [given]
    if glob.has_magic(str(given)):
        matches = [Path(name) for name in glob.glob(str(given), recursive=True)]
        files = [path for path in matches if path.is_file()]
        if not files:
            raise CorpusError(f"{given}: no file matches this pattern")
        return files
    check_can_be_read_again(given)
    raise CorpusError(f"{given}: no such file; give files, folders or quoted patterns such as 'data/*.fa.gz'")


def check_can_be_read_again(path: Path) -> None:
    """Make sure that a file is none that is empty, or waits for ever, when it is read for the second time.

    Raises:
        CorpusError: a pipe, as of `<(zcat rnas.fa.gz)`, or a device.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        message = "a pipe or a device can be read only once: write it to a file first"
        raise CorpusError(f"{path}: {message} (`mprna corpus build` also takes standard input, as -)")


def _is_sequence_file(path: Path) -> bool:
    return format_of_suffix(path) in (FORMATS["fasta"], FORMATS["fastq"])
