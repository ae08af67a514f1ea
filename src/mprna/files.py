"""Files that appear whole or not at all, and text and JSON objects in them."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from mprna.errors import ModelError
from mprna.leftovers import remove_abandoned, writer

_LONGEST_NAME: Final = 200
"""Bytes of a file's name in a temporary one, which has more to say and may be no longer than others."""


def current_umask() -> int:
    """Permissions that new files shall not have; the system tells them only by a change."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def shortened(name: str) -> str:
    """What a temporary name says of a file's name."""
    return os.fsdecode(os.fsencode(name)[:_LONGEST_NAME])


@contextmanager
def replacing(path: Path, *, inside: Path | None = None, flush: bool = True) -> Iterator[Path]:
    """A name to write to; what has it becomes `path` when the block ends without an error.

    An older file stays until then, so that a process that is killed never leaves half a file; what it left
    of this kind is removed by the next one that writes to the folder on the same machine. No two processes
    on a shared disk choose the same name.

    Args:
        inside: the folder to write in, on the same disk; the one of `path` unless given.
        flush: make sure that the content is on disk before it counts, even if the machine goes down.
    """
    folder = path.parent if inside is None else inside
    remove_abandoned(folder)
    partial = folder / f".{shortened(path.name)}{writer()}"
    try:
        yield partial
        if flush:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def partials_of(path: Path) -> Iterator[Path]:
    """What any process on any machine writes, or left, that was to become `path`."""
    return path.parent.glob(f".{glob.escape(shortened(path.name))}.*.*.mprna")


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a JSON file, whole or not at all; UTF-8, and names that are none as escapes."""
    write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", path)


def write_text(text: str, path: Path) -> None:
    """Write a text file, whole or not at all; UTF-8, and what is no character as escapes."""
    with replacing(path) as partial:
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file of a model or run directory.

    Raises:
        ModelError: not readable, or no JSON object.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file; expected a model directory") from None
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not JSON ({error})") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path}: expected a JSON object")
    return content
