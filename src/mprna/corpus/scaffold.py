"""The working folder of an unfinished build, and who may work in it.

One whole build holds the folder alone; the jobs of an array share it, and take turns for the scan. The locks
are flock's: they end with their process, and hold between machines where the file system says so (NFS does).
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from mprna.corpus.manifest import MANIFEST_NAME
from mprna.errors import CorpusError, MprnaWarning
from mprna.files import partials_of, write_json

_NAME: Final = ".build"


def scaffold_path(out_dir: Path) -> Path:
    """Where the scaffold of a corpus is, if there is one."""
    return out_dir / _NAME


@contextmanager
def hold_scaffold(out_dir: Path, *, shared: bool) -> Iterator[Path]:
    """The folder `.build`, made if needed; it stays until `remove_scaffold`.

    Raises:
        CorpusError: `out_dir` holds something else, another build is at work there, or the operating system
            refuses to write.
    """
    with write_errors(out_dir):
        names = os.listdir(out_dir) if out_dir.exists() else []
        if names and _NAME not in names:
            raise CorpusError(f"{out_dir} is not empty and holds no corpus: choose another folder")
        scaffold = scaffold_path(out_dir)
        scaffold.mkdir(parents=True, exist_ok=True)
        with (scaffold / "lock").open("a+") as lock:
            _lock(lock.fileno(), out_dir, shared=shared)
            yield scaffold


def _lock(descriptor: int, out_dir: Path, *, shared: bool) -> None:
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CorpusError(
            f"another build is at work in {out_dir}: wait for it, or choose another folder"
        ) from None
    except OSError as error:
        what = f"{out_dir}: the disk has no file locks ({error.strerror})"
        if shared:
            raise CorpusError(f"{what}, which --shard needs; choose a folder on another one") from None
        warnings.warn(f"{what}; begin no second build here", MprnaWarning, stacklevel=2)


@contextmanager
def turn_to_scan(scaffold: Path) -> Iterator[None]:
    """Wait until no other job of the array scans."""
    with (scaffold / "scan.lock").open("a+") as lock:
        with suppress(OSError):  # a disk without locks, where there are no arrays
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def remove_scaffold(out_dir: Path) -> None:
    """What a finished corpus no longer needs, and the manifests of runs that ended while they wrote them."""
    for path in partials_of(out_dir / MANIFEST_NAME):
        path.unlink(missing_ok=True)
    shutil.rmtree(scaffold_path(out_dir), ignore_errors=True)


def agree_with_earlier_run(scaffold: Path, plan: dict[str, Any]) -> None:
    """Continue only what was begun with the same plan."""
    path = scaffold / "plan.json"
    if path.exists():
        require_same(_earlier_plan(path, plan), plan, f"{scaffold.parent} holds an unfinished corpus")
    else:
        write_json(plan, path)


def _earlier_plan(path: Path, plan: dict[str, Any]) -> dict[str, Any]:
    with suppress(ValueError, RecursionError, LookupError, TypeError):
        earlier = json.loads(path.read_bytes())
        if all(isinstance(earlier[part], dict) for part in plan):
            return dict(earlier)
    raise CorpusError(f"{path}: damaged; remove {path.parent} and build again")


def require_same(earlier: dict[str, Any], plan: dict[str, Any], what: str) -> None:
    """Raise CorpusError, with what changed, unless two plans are equal."""
    changed = [
        f"{part} {key}"
        for part in plan
        for key in sorted(earlier[part].keys() | plan[part].keys())
        if earlier[part].get(key) != plan[part].get(key)
    ]
    if changed:
        raise CorpusError(
            f"{what} of other {', '.join(changed[:4])}{' ...' if len(changed) > 4 else ''}: "
            "give the same as before, choose another folder, or remove this one"
        )


@contextmanager
def write_errors(out_dir: Path) -> Iterator[None]:
    """What the operating system refuses (a full disk, a read-only folder), as one line."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or out_dir}: {error.strerror or error}"
        raise CorpusError(
            f"{what}; make it writable or free space, then run the same command again"
        ) from error
