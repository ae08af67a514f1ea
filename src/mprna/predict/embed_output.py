"""Embeddings as files: npz, JSON Lines or TSV.

Shape letters: L nucleotides, H hidden width.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterable
from typing import IO, Any, Final

import numpy as np

from mprna.errors import MprnaWarning, UsageError, shorten
from mprna.io.output import compression_of, file_behind, open_output
from mprna.predict.embed import Embedding
from mprna.predict.tables import Row, cell, check_format, write_jsonl

VECTOR_FORMATS: Final = ("npz", "jsonl", "tsv")

_SUFFIX: Final = ".npy"
_LONGEST_ENTRY_NAME: Final = 65_535


def write_vectors(
    embeddings: Iterable[Embedding], output: str | None, *, format_name: str, pooled: bool
) -> None:
    """Write embeddings as they come.

    Args:
        output: the file; None or `-` is standard output.
        format_name: one of `VECTOR_FORMATS`.
        pooled: whether the vectors are (H,), which TSV needs.

    Raises:
        FormatError: not writable.
        UsageError: another format, TSV without pooling, or npz with a name that it cannot hold.
    """
    check_format(format_name, VECTOR_FORMATS)
    if format_name == "tsv" and not pooled:
        raise UsageError("tsv has one line per record: add --pool, or choose npz or jsonl")
    if format_name == "npz" and output is not None and (path := file_behind(output)) and compression_of(path):
        raise UsageError(f"{output}: npz is compressed by no suffix; leave {path.suffix} out")
    with open_output(output, binary=format_name == "npz") as stream:
        _WRITERS[format_name](embeddings, stream)


def _write_npz(embeddings: Iterable[Embedding], stream: IO[bytes]) -> None:
    """As `numpy.savez`, one array at a time; `numpy.load` opens it.

    Where another record has the same name (but for `.npy` behind it), a number is added to it, and a warning
    says so.
    """
    used: set[str] = set()
    with zipfile.ZipFile(stream, "w") as archive:
        for embedding in embeddings:
            if embedding.vectors is None:
                continue
            name = _unused_name(embedding.name, used)
            entry = zipfile.ZipInfo(_entry_name(name))  # with a fixed date: same input, same bytes
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, embedding.vectors, allow_pickle=False)


def _unused_name(name: str, used: set[str]) -> str:
    found, number = name, 1
    while _stem(found) in used:
        number += 1
        found = f"{name}-{number}"
    if number > 1:
        message = f"npz: more than one record is named {shorten(name)}; number {number} is {shorten(found)}"
        warnings.warn(message, MprnaWarning, stacklevel=1)
    used.add(_stem(found))
    return found


def _stem(name: str) -> str:
    """What `numpy.load` takes for the same name as that of an array's file in the archive."""
    while name.endswith(_SUFFIX):
        name = name.removesuffix(_SUFFIX)
    return name


def _entry_name(name: str) -> str:
    """Zip archives count the bytes of a name in 16 bits, and end it at a NUL."""
    entry = name + _SUFFIX
    if "\0" in name or len(entry.encode()) > _LONGEST_ENTRY_NAME:
        raise UsageError(f"npz: no archive can hold the name {shorten(name)}; shorten it or choose jsonl")
    return entry


def _write_jsonl(embeddings: Iterable[Embedding], stream: IO[str]) -> None:
    write_jsonl(map(_row, embeddings), stream)


def _row(embedding: Embedding) -> Row:
    vectors = None if embedding.vectors is None else rounded(embedding.vectors)
    return {"name": embedding.name, "vectors": vectors, "error": embedding.error}


def _write_tsv(embeddings: Iterable[Embedding], stream: IO[str]) -> None:
    """Columns `name`, `error` and `v1` to `vH`. H is known from the first vector: the header awaits it."""
    waiting: list[Embedding] = []
    width = 0
    for embedding in embeddings:
        waiting.append(embedding)
        if not width and embedding.vectors is not None:
            width = len(embedding.vectors)
            stream.write(_header(width))
        if width:
            stream.writelines(_line(each, width) for each in waiting)
            waiting.clear()
    if not width:
        stream.write(_header(0))
        stream.writelines(_line(each, 0) for each in waiting)


def _header(width: int) -> str:
    return "\t".join(["name", "error", *(f"v{number}" for number in range(1, width + 1))]) + "\n"


def _line(embedding: Embedding, width: int) -> str:
    vectors = embedding.vectors
    values = [""] * width if vectors is None else [f"{value:.6g}" for value in vectors.tolist()]
    return "\t".join([cell(embedding.name), cell(embedding.error), *values]) + "\n"


def rounded(vectors: Any) -> Any:
    """Nested lists with six significant digits."""
    return (
        [float(f"{v:.6g}") for v in vectors.tolist()] if vectors.ndim == 1 else [rounded(v) for v in vectors]
    )


_WRITERS: Final[dict[str, Any]] = {"npz": _write_npz, "jsonl": _write_jsonl, "tsv": _write_tsv}
