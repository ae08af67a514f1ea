"""VCF and indexed FASTA through pysam (extra `vcf`); the only file that imports it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from types import ModuleType, TracebackType
from typing import Any, Final

from mprna.errors import FormatError, MissingExtraError, MprnaWarning, unwrapped
from mprna.io.fasta_index import GZIP, index_fits, index_paths

_RESERVED: Final = str.maketrans({",": "&", ";": ":", "|": "/", "=": ":", " ": "_", "\t": "_", "\n": "_"})
"""What must not stand in a part of an INFO field."""

_FOREIGN_MAGIC: Final = (b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
"""How xz, bzip2 and zstandard begin."""

_BGZIP_BYTES: Final = 14
"""Of the gzip header up to the name BC of bgzip's extra field."""


class VcfFile:
    """A VCF that is read record by record; bgzipped (`.gz`) and BCF too.

    Args:
        path: the file; `-` is standard input.

    Raises:
        FormatError: missing, no VCF, or compressed by another program than bgzip.
        MissingExtraError: pysam is not installed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        pysam = _pysam()
        if path != "-" and not os.path.exists(path):
            raise FormatError("no such file", path=path)
        if path != "-" and os.path.isfile(path) and os.path.getsize(path) == 0:
            raise FormatError("empty file, expected a VCF", path=path)
        try:
            _check_compression(path)
            self._file = pysam.VariantFile(path)
        except (OSError, ValueError, NotImplementedError) as error:
            raise FormatError(f"no VCF that can be read ({unwrapped(str(error))})", path=path) from error

    def __enter__(self) -> VcfFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add_info(self, name: str, description: str, *, meta: Mapping[str, str]) -> None:
        """Announce an INFO field of any number of texts, and header lines; before the first record."""
        if name in self._file.header.info:
            raise FormatError(f"INFO/{name} is in this file already; remove it first", path=self.path)
        self._file.header.info.add(name, ".", "String", description)
        for key, value in meta.items():
            self._file.header.add_meta(key, value)

    @property
    def header(self) -> str:
        """All header lines, with the last line's end.

        Raises:
            FormatError: no UTF-8.
        """
        try:
            return str(self._file.header)
        except UnicodeDecodeError as error:
            raise FormatError(f"the header is no UTF-8 text ({error})", path=self.path) from error

    def __iter__(self) -> Iterator[VcfRecord]:
        for number in count(1):
            try:
                record = VcfRecord(next(self._file), self.path)
                _ = record.contig, record.alts  # decoded here, where their number is known
            except StopIteration:
                return
            except (OSError, ValueError) as error:
                message = f"record {number} cannot be read ({unwrapped(str(error))})"
                raise FormatError(message, path=self.path) from error
            yield record


@dataclass(frozen=True, slots=True)
class VcfRecord:
    """One line of a VCF."""

    _record: Any
    _path: str

    @property
    def contig(self) -> str:
        return str(self._record.chrom)

    @property
    def position(self) -> int:
        """0-based."""
        return int(self._record.start)

    @property
    def ref(self) -> str:
        return str(self._record.ref or "")

    @property
    def alts(self) -> tuple[str, ...]:
        return tuple(self._record.alts or ())

    def line(self, info: Mapping[str, list[str]]) -> str:
        """The record with further INFO fields, which the header must know. Ends with a line end.

        Raises:
            FormatError: no UTF-8.
        """
        for name, values in info.items():
            if values:
                self._record.info[name] = values
        try:
            return str(self._record)
        except UnicodeDecodeError as error:
            message = f"the record at {self.contig}:{self.position + 1} is no UTF-8 text ({error})"
            raise FormatError(message, path=self._path) from error


class IndexedFasta:
    """Sequences of a FASTA file by name and range, through its index (`.fai`), which is made if need be.

    An index that is not of this file is left alone: this object makes another one, with a `MprnaWarning`.

    Raises:
        FormatError: missing, no FASTA, or without an index that can be made.
        MissingExtraError: pysam is not installed.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        pysam = _pysam()
        if not os.path.isfile(path):
            message = "expected a file, which can be indexed" if os.path.exists(path) else "no such file"
            raise FormatError(message, path=path)
        try:
            self._file = _open_fasta(path, pysam)
        except (OSError, ValueError, pysam.SamtoolsError) as error:
            message = "cannot be indexed; expected FASTA, plain or bgzipped (`samtools faidx` says more)"
            raise FormatError(message, path=path) from error
        self._lengths = dict(zip(self._file.references, self._file.lengths, strict=True))

    def __contains__(self, name: object) -> bool:
        return name in self._lengths

    def close(self) -> None:
        """Nothing can be fetched after it."""
        self._file.close()

    def length(self, name: str) -> int:
        return int(self._lengths[name])

    def fetch(self, name: str, start: int, end: int) -> str:
        """0-based, the end excluded; upper case, cut off where the sequence begins and ends.

        Raises:
            FormatError: damaged, or changed since it was opened.
        """
        try:
            return str(self._file.fetch(name, max(start, 0), max(end, 0))).upper()
        except (OSError, ValueError) as error:
            message = f"{name} cannot be read ({unwrapped(str(error))})"
            raise FormatError(message, path=self.path) from error


def _check_compression(path: str) -> None:
    """Refuse what htslib does not read: it says little then, and of xz the whole process dies.

    Raises:
        FormatError: it is compressed by another program than bgzip.
    """
    if not os.path.isfile(path):  # standard input or a pipe, which are read once
        return
    with open(path, "rb") as stream:
        head = stream.read(_BGZIP_BYTES)
    if head.startswith(_FOREIGN_MAGIC):
        raise FormatError("expected VCF, plain or bgzipped", path=path)
    if head.startswith(GZIP) and head[12:14] != b"BC":
        raise FormatError("it is gzip, not bgzip: gunzip it, or use bgzip", path=path)


def _open_fasta(path: str, pysam: ModuleType) -> Any:
    """With the index beside the file, which is made where there is none, else with one that is not kept."""
    is_indexed = all(map(os.path.exists, index_paths(path)))
    may_write = os.access(os.path.dirname(path) or ".", os.W_OK)
    if index_fits(path) if is_indexed else may_write:
        return pysam.FastaFile(path)
    if is_indexed:
        message = f"{path} has changed since it was indexed, so it is indexed again for this run"
        warnings.warn(MprnaWarning(f"{message}; `samtools faidx {path}` does it for good"), stacklevel=3)
    with tempfile.TemporaryDirectory(prefix="mprna-faidx-") as folder:  # read once, when the file is opened
        index, gzip_index = os.path.join(folder, "fai"), os.path.join(folder, "gzi")
        pysam.faidx(path, "--fai-idx", index, "--gzi-idx", gzip_index)
        compressed = {"filepath_index_compressed": gzip_index} if os.path.exists(gzip_index) else {}
        return pysam.FastaFile(path, filepath_index=index, **compressed)


def info_text(value: object) -> str:
    """A value as a part of an INFO field: reserved characters are replaced, nothing is an empty text."""
    return "" if value is None else str(value).translate(_RESERVED)


def _pysam() -> ModuleType:
    try:
        import pysam
    except ImportError as error:
        raise MissingExtraError("reading VCF", "vcf") from error
    pysam.set_verbosity(0)  # htslib's own messages
    return pysam
