"""Temporary names that tell which process writes there, so that what a killed one left can be removed."""

from __future__ import annotations

import os
import platform
import shutil
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path


def writer(process: int | str | None = None) -> str:
    """How the temporary names of a process end; of this one by default.

    The digest is of the machine and of what numbers processes there: containers may share a name and a disk,
    but not their numbers, and so may machines.
    """
    place = zlib.crc32(f"{platform.node()} {_machine()} {_numbering()}".encode())  # names may be long
    return f".{place:08x}.{os.getpid() if process is None else process}.mprna"


def _machine() -> str:
    """What systemd drew when the machine was installed; empty elsewhere."""
    try:
        return Path("/etc/machine-id").read_text()
    except OSError:
        return ""


def _numbering() -> int:
    """The PID namespace of this process; 0 where there are none."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino
    except OSError:
        return 0


@cache  # a folder of many files is looked through once
def remove_abandoned(folder: Path) -> None:
    """Remove files and folders whose writers are gone."""
    for path in folder.glob(f".*{writer('*')}"):
        process = path.name.split(".")[-2]
        if not process.isdecimal() or _is_running(int(process)):
            continue
        with suppress(OSError):  # of another user, in /tmp
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _is_running(process: int) -> bool:
    """Whether this machine has such a process; of Windows, where asking would end it, that is not known."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
