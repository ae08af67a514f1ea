"""Files that are whole or not there: a temporary name, a flush to disk, a rename."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write a JSON document to a temporary name, flush it to disk, rename it."""
    temporary = path.with_name(temporary_name(path.name))
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    flush_to_disk(temporary)
    temporary.replace(path)


def temporary_name(name: str) -> str:
    """What a file is called until it is whole; no two processes on a shared disk choose the same."""
    return f"{name}.{socket.gethostname()}.{os.getpid()}.tmp"


def flush_to_disk(path: Path) -> None:
    """Make sure that what was written is on disk before a rename makes it count."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
