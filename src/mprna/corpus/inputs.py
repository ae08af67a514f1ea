"""Which files a build reads, under which names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from mprna.corpus.shards import file_sha256
from mprna.errors import CorpusError, FormatError, UsageError
from mprna.io.fasta import read_fasta, read_fastq
from mprna.io.records import Record

_FASTA: Final = (".fa", ".fasta", ".fna", ".ffn", ".frn")
_FASTQ: Final = (".fq", ".fastq")
_COMPRESSIONS: Final = ("", ".gz", ".xz", ".bz2", ".zst")


def find_inputs(inputs: Sequence[Path]) -> dict[str, Path]:
    """Files by source name, sorted by name, so that the order of the arguments does not matter.

    A folder stands for the FASTA and FASTQ files directly in it. A source name is the path relative to
    the folder that all files share.

    Raises:
        UsageError: nothing given, a file given twice, or a name with control characters.
        CorpusError: a path that does not exist, or a folder without such files.
    """
    if not inputs:
        raise UsageError("no input: give FASTA files, or folders of them")
    # Not resolved: what a link is called says more than what it points to.
    paths = [Path(os.path.abspath(path)) for given in inputs for path in _expand(given)]
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


def read_input(path: Path) -> Iterator[Record]:
    """Records of a FASTA file, or of a FASTQ file if the suffix says so.

    Raises:
        FormatError: the file breaks its format.
    """
    return read_fastq(path) if _has_suffix(path, _FASTQ) else read_fasta(path)


def _expand(given: Path) -> list[Path]:
    if given.is_dir():
        files = [path for path in given.iterdir() if path.is_file() and _is_sequence_file(path)]
        if not files:
            raise CorpusError(
                f"{given}: no FASTA or FASTQ file (*.fa, *.fasta, *.fna, *.fq ..., *.gz) in this folder"
            )
        return files
    if not given.is_file():
        raise CorpusError(f"{given}: no such file; give FASTA files, or folders of them (not a stream)")
    return [given]


def _is_sequence_file(path: Path) -> bool:
    return _has_suffix(path, _FASTA) or _has_suffix(path, _FASTQ)


def _has_suffix(path: Path, suffixes: tuple[str, ...]) -> bool:
    return path.name.lower().endswith(tuple(s + c for s in suffixes for c in _COMPRESSIONS))
