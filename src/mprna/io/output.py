"""Where results go: a file that appears whole or not at all, or standard output."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from mprna.errors import FormatError
from mprna.files import replacing

COMPRESSIONS: Final = (".gz", ".bz2", ".xz", ".zst")

_STANDARD_OUTPUT: Final = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")

WRITE_ERRORS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a full or broken disk raises; a closed pipe (EPIPE) is no error of the user's."""

RESOURCE_ERRORS: Final = (errno.EMFILE, errno.ENFILE, errno.EAGAIN, errno.ENOMEM)
"""Too many open files or processes, or no memory for another."""


@contextmanager
def open_output(path: str | os.PathLike[str] | None, *, binary: bool = False) -> Iterator[IO[Any]]:
    """Open a file for writing, which gets its name only when all is written; standard output for `None`.

    After an error nothing is left, and an older file of that name stays. What a killed process left is
    removed by the next one that writes to the folder. Text is UTF-8 with LF. The suffix of a compression
    compresses. Devices and pipes are written directly.

    Args:
        path: the file; `None` or `-` is standard output.
        binary: yield a stream of bytes.

    Raises:
        FormatError: not writable, a folder's name, standard output is closed, or the disk is full.
    """
    if path is None or is_standard_output(path):
        if sys.stdout is None:
            raise FormatError("standard output is closed", path="<stdout>")
        with _full_disk("<stdout>"):
            yield sys.stdout.buffer if binary else sys.stdout
            sys.stdout.flush()
        return
    target = file_behind(path)
    if target is None:
        with _full_disk(os.fspath(path)), _open(Path(path), Path(path), binary=binary) as stream:
            yield stream
        return
    with replacing(target, flush=False) as written:  # a flush for every picture of thousands takes minutes
        stream = _open(written, target, binary=binary)
        with _full_disk(os.fspath(path)), stream:
            yield stream


@contextmanager
def failing_to_write(path: str | None) -> Iterator[None]:
    """Around work that ends in files: their errors name the path; a closed pipe is none of theirs.

    Raises:
        FormatError: a file or folder that cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EPIPE, *RESOURCE_ERRORS):
            raise
        raise FormatError(f"cannot write: {error.strerror}", path=path) from error


def is_standard_output(path: str | os.PathLike[str]) -> bool:
    """Whether a path is one of the names of standard output."""
    return os.fspath(path) in _STANDARD_OUTPUT


def file_behind(path: str | os.PathLike[str] | None) -> Path | None:
    """The file that a path names, links followed; `None` for standard output, devices and pipes.

    Raises:
        FormatError: a folder's name.
    """
    if path is None or is_standard_output(path):
        return None
    if os.fspath(path).endswith(os.sep):
        raise FormatError("cannot write: that names a folder; name a file", path=os.fspath(path))
    if os.path.exists(path) and not os.path.isfile(path):
        return None
    return Path(os.path.realpath(path))


def compression_of(path: Path) -> str | None:
    """What the suffix of a file says it is to be compressed by, as `xopen` calls it."""
    suffix = path.suffix.lower()
    return suffix.removeprefix(".") if suffix in COMPRESSIONS else None


def check_folder(path: str) -> None:
    """Complain about the folder of a file that is only written at the end.

    Raises:
        FormatError: it is not there, or not writable.
    """
    folder = Path(os.path.realpath(path)).parent
    if not folder.is_dir():
        raise FormatError("cannot write: there is no such folder", path=path)
    if not os.access(folder, os.W_OK):
        raise FormatError("cannot write: the folder is not writable", path=path)


def _open(written: Path, target: Path, *, binary: bool) -> IO[Any]:
    from xopen import xopen  # heavy: 30 ms

    try:
        stream = xopen(written, "wb", threads=0, format=compression_of(target))
    except OSError as error:
        raise FormatError(f"cannot write: {error.strerror}", path=str(target)) from error
    return stream if binary else io.TextIOWrapper(stream, encoding="utf-8", newline="\n")


@contextmanager
def _full_disk(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in WRITE_ERRORS:
            raise
        raise FormatError(f"cannot write: {error.strerror}", path=path) from error
