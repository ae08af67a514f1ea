"""Where bytes come from: a path, `-` for standard input, or an open stream; decompressed on the way.

What goes wrong while bytes are read ends as a `FormatError` with the file and, for text, the line.
"""

from __future__ import annotations

import io
import lzma
import os
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

from mprna.errors import FormatError

STDIN_NAME: Final = "<stdin>"

_FURTHER_ERRORS: Final = (
    ("isal.isal_zlib", "error"),
    ("zlib_ng.zlib_ng", "error"),
    ("backports.zstd", "ZstdError"),
    ("compression.zstd", "ZstdError"),
)
"""Errors of the libraries behind xopen that are no OSError: module, name."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """An open file: decompressed bytes, and the name that errors show."""

    name: str
    stream: io.BufferedReader


Source = str | os.PathLike[str] | BinaryIO | InputFile


@contextmanager
def open_input(source: Source) -> Iterator[InputFile]:
    """Open a source for reading; gzip, bzip2, xz and zstandard are decompressed on the way.

    What this function opens it closes; streams of the caller stay open.

    Raises:
        FormatError: missing, a folder, not readable, or not of the compression that its suffix says.
    """
    if isinstance(source, InputFile):
        yield source
        return
    name = _display_name(source)
    with ExitStack() as stack:
        try:
            stream = _open_binary(source, stack)
        except input_errors() as error:
            raise as_format_error(error, name) from error
        yield InputFile(name, stream)


def numbered_lines(file: InputFile) -> Iterator[tuple[int, str]]:
    """Lines of UTF-8 text without their ends (LF, CRLF or CR), with 1-based numbers.

    Bytes that are no UTF-8 become U+FFFD, so that one odd name does not stop a file.

    Raises:
        FormatError: a NUL byte, as binary files have, or compressed data that are cut off or damaged.
    """
    text = io.TextIOWrapper(file.stream, encoding="utf-8-sig", errors="replace")
    number = 0
    try:
        for number, line in enumerate(text, 1):
            if "\0" in line:
                raise FormatError("binary or UTF-16 data, expected UTF-8 text", path=file.name, line=number)
            yield number, line.rstrip("\n")
    except input_errors() as error:
        raise as_format_error(error, file.name, number or None) from error
    finally:
        with suppress(ValueError):  # closed or detached, where a reader gave up between two lines
            text.detach()


def input_errors() -> tuple[type[Exception], ...]:
    """What the system and the decompressors raise while bytes are read."""
    errors: list[type[Exception]] = [EOFError, OSError, zlib.error, lzma.LZMAError]
    for module, name in _FURTHER_ERRORS:
        if module in sys.modules:  # what is not loaded raised nothing
            errors.append(getattr(sys.modules[module], name))
    return tuple(errors)


def as_format_error(error: Exception, path: str, line: int | None = None) -> FormatError:
    """One of `input_errors` in the user's words.

    Args:
        line: the last line that could be read.
    """
    if isinstance(error, EOFError):
        message = "compressed data without an end: the file is cut off, or not compressed at all"
        return FormatError(message, path=path, line=line)
    if isinstance(error, OSError) and error.strerror:
        return FormatError(error.strerror, path=path, line=line)
    return FormatError(f"damaged data ({' '.join(str(error).split())})", path=path, line=line)


def _display_name(source: str | os.PathLike[str] | BinaryIO) -> str:
    if isinstance(source, (str, os.PathLike)):
        return STDIN_NAME if source == "-" else os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "<stream>"


def _open_binary(source: str | os.PathLike[str] | BinaryIO, stack: ExitStack) -> io.BufferedReader:
    from xopen import xopen  # heavy: 30 ms

    if source == "-":
        if sys.stdin is None:
            raise FormatError("standard input is closed", path=STDIN_NAME)
        source = sys.stdin.buffer
    owned = isinstance(source, (str, os.PathLike))
    # threads=0: decompress in this process, where errors are exceptions.
    stream = xopen(source, "rb", threads=0)
    if owned:
        stack.callback(stream.close)
    if isinstance(stream, io.BufferedReader):
        return stream
    raw: Any = stream  # not typed as raw, but has readinto
    buffered: io.BufferedReader = io.BufferedReader(raw)
    if not owned:
        stack.callback(buffered.detach)
    return buffered
