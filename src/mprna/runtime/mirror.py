"""Models from elsewhere: any static web server, or folder, that holds model directories by name.

`MIRROR/NAME/manifest.json` names every file with its SHA-256, so a copy of `$MPRNA_HOME/models` is a mirror
as it stands. Nothing is downloaded unasked; beside this, only `mprna bench` reaches for the network, through
transformers and huggingface_hub.
"""

from __future__ import annotations

import errno
import http.client
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

from mprna.digest import file_sha256
from mprna.errors import ModelError, UsageError
from mprna.leftovers import remove_abandoned, writer
from mprna.runtime.store import MANIFEST, describe, files_of, is_plain, model_home, verify

TIMEOUT_S: Final = 60.0
"""Seconds without a byte after which a mirror counts as dead."""


_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Where no other mirror would help."""


def is_offline() -> bool:
    """Whether `$MPRNA_OFFLINE` forbids the network: set, and neither empty nor 0."""
    return os.environ.get("MPRNA_OFFLINE", "") not in ("", "0")


def mirrors_from_environment() -> list[str]:
    """`$MPRNA_MIRRORS`: URLs or folders, separated by spaces, the first asked first."""
    return os.environ.get("MPRNA_MIRRORS", "").split()


def get_model(name: str, mirrors: Sequence[str], *, sha256: str | None = None) -> Path:
    """Install a model in `$MPRNA_HOME/models`, whole or not at all, from the first mirror that has it intact.

    Another model of that name is moved aside first, and back if the new one cannot take its place. A process
    that is killed between these two renames leaves it in a hidden folder, which the next one removes.

    Args:
        name: what it is called there and here.
        mirrors: URLs (http, https, file) or folders.
        sha256: of its manifest, where it is known from somewhere more trustworthy than the mirror.

    Returns:
        its directory; untouched if the same files are there already.

    Raises:
        UsageError: no mirror, or a name that is no plain name.
        ModelError: no mirror has it intact; says why for each.
        OSError: the disk is full.
    """
    if not is_plain(name):
        raise UsageError(f"{name!r}: expected a plain name, without slashes")
    if not mirrors:
        raise UsageError("no mirror: give --from URL_OR_FOLDER, or set MPRNA_MIRRORS")
    faults = []
    for mirror in mirrors:
        try:
            return _get_from(mirror.rstrip("/"), name, sha256)
        except ModelError as error:
            faults.append(str(error))
    raise ModelError("; ".join(faults))


def _get_from(mirror: str, name: str, sha256: str | None) -> Path:
    target = model_home() / name
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(target.parent)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}.", suffix=writer()) as folder:
        partial = Path(folder) / name
        partial.mkdir()
        manifest = partial / MANIFEST
        _fetch(f"{mirror}/{name}", MANIFEST, manifest)
        if sha256 is not None and file_sha256(manifest) != sha256.lower():
            raise ModelError(f"{mirror}/{name}/{MANIFEST}: SHA-256 is {file_sha256(manifest)}, not {sha256}")
        if _is_installed(target, manifest):
            return target
        with _faults_of(f"{mirror}/{name}", partial):
            for file in files_of(partial):
                _fetch(f"{mirror}/{name}", file, partial / file)
            verify(partial)
            describe(partial)
        _take_place(partial, target, Path(folder) / "old")
    return target


def _take_place(partial: Path, target: Path, aside: Path) -> None:
    """Rename a directory to another, which may be there: no system renames over one that is not empty.

    Args:
        aside: a free name, for what was there.
    """
    with suppress(FileNotFoundError):
        target.replace(aside)
    try:
        partial.replace(target)
    except BaseException:
        if aside.exists():
            aside.replace(target)
        raise


def _is_installed(target: Path, manifest: Path) -> bool:
    if not (target / MANIFEST).is_file() or (target / MANIFEST).read_bytes() != manifest.read_bytes():
        return False
    try:
        verify(target)
    except ModelError:
        return False
    return True


@contextmanager
def _faults_of(source: str, partial: Path) -> Iterator[None]:
    """Say of the mirror, not of a temporary folder, that its files are damaged."""
    try:
        yield
    except ModelError as error:
        raise ModelError(str(error).replace(str(partial), source)) from None


def _fetch(source: str, name: str, target: Path) -> None:
    try:
        url = f"{source}/{quote(name)}" if _is_url(source) else (Path(source).absolute() / name).as_uri()
        if is_offline() and not url.startswith("file:"):
            raise ModelError(f"{source}/{name}: offline (MPRNA_OFFLINE is set, or --offline given)")
        with urlopen(url, timeout=TIMEOUT_S) as stream, target.open("wb") as file:
            shutil.copyfileobj(stream, file)
    except (URLError, http.client.HTTPException, OSError, ValueError) as error:  # ValueError: no URL
        if isinstance(error, OSError) and error.errno in _FULL:
            raise OSError(error.errno, error.strerror, str(model_home())) from None
        reason = error.reason if isinstance(error, URLError) else error
        raise ModelError(f"{source}/{name}: {reason or error}") from None


def _is_url(source: str) -> bool:
    return urlsplit(source).scheme in ("http", "https", "file")
