"""Where weights are found, and whether they are intact.

A model is a directory with `config.json`, `model.safetensors`, `model.onnx` and a `manifest.json` that
holds the SHA-256 of each file. A name is looked for in `$MPRNA_HOME/models` and then among the models
that ship inside the package.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mprna.digest import file_sha256
from mprna.errors import ModelError, MprnaWarning
from mprna.files import read_json, write_json
from mprna.model.layout import CARD_FILE, CONFIG_FILE, ENCODER_KIND, GRAPH_FILE, KINDS, WEIGHTS_FILE

DEFAULT_MODEL: Final = "mini"
"""Pretrained; has seen no experimental structure."""

FOLDING_MODEL: Final = "pair-fold"
"""A pair network trained on known structures; what `mprna fold` uses."""

DEGRADATION_MODEL: Final = "degradation"
"""What `mprna degrade` uses."""

MANIFEST: Final = "manifest.json"
SCHEMA: Final = {"schema": "mprna.model", "version": 1}

_PACKAGED: Final = Path(__file__).parent.parent / "weights"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One installed model."""

    name: str
    directory: Path
    num_bytes: int
    config: dict[str, Any]
    """The `model` part of `config.json`."""
    card: str
    """Text of `README.md`, or nothing."""
    kind: str
    """One of `KINDS`."""

    @property
    def max_length(self) -> int:
        """Longest sequence that the model reads in one piece, nucleotides."""
        return int(self.config["max_length"])


def model_home() -> Path:
    """The user's own models: `$MPRNA_HOME/models`, by default `~/.mprna/models`.

    Raises:
        ModelError: a user without a home directory, as in some containers.
    """
    try:
        return Path(os.environ.get("MPRNA_HOME") or Path.home() / ".mprna") / "models"
    except RuntimeError:
        raise ModelError("no home directory for models of your own; set MPRNA_HOME") from None


def find_model(name_or_path: str | Path) -> Path:
    """The verified directory of a model.

    Args:
        name_or_path: an installed name, a model directory, or that of a run, which has one. A bare word is a
            name first; write `./mini` for a directory of the same name.

    Raises:
        ModelError: no such model, or a file that differs from its manifest.
    """
    directory = _locate(name_or_path)
    verify(directory)
    return directory


def stamp(name_or_path: str | Path) -> tuple[str, tuple[int, ...]]:
    """What differs where a name stands for another model than before: its directory, and when files changed.

    Raises:
        ModelError: no such model.
    """
    directory = _locate(name_or_path).resolve()
    return str(directory), tuple(path.stat().st_mtime_ns for path in _payload(directory))


def locate_source(name_or_path: str) -> Path:
    """The unverified directory of what is to be exported: also a training run.

    Raises:
        ModelError: no such model.
    """
    path = Path(name_or_path)
    return path if (path / "model" / CONFIG_FILE).is_file() else _locate(name_or_path)


def list_models() -> list[ModelInfo]:
    """Installed models by name; the user's own hide packaged ones of the same name.

    Warns of directories that cannot be read.
    """
    by_name = {directory.name: directory for root in _roots()[::-1] for directory in _model_dirs(root)}
    return list(_described(by_name[name] for name in sorted(by_name)))


def _described(directories: Iterable[Path]) -> Iterator[ModelInfo]:
    for directory in directories:
        try:
            yield describe(directory)
        except ModelError as error:
            warnings.warn(str(error), MprnaWarning, stacklevel=1)


def describe(directory: Path) -> ModelInfo:
    """What a model directory says about itself, unverified.

    Raises:
        ModelError: no readable `config.json`.
    """
    config = read_json(directory / CONFIG_FILE)
    model = config.get("model")
    max_length = model.get("max_length") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(max_length, int) or max_length < 2:
        raise ModelError(f"{directory / CONFIG_FILE}: not an MP-RNA model")
    num_bytes = sum(path.stat().st_size for path in _payload(directory))
    card_path = directory / CARD_FILE
    card = card_path.read_text("utf-8", "replace").strip() if card_path.is_file() else ""
    return ModelInfo(directory.name, directory, num_bytes, model, card, kind_of(directory))


def kind_of(directory: Path) -> str:
    """Which of `KINDS` a model directory holds, unverified.

    Raises:
        ModelError: no readable `config.json`, or a kind that this version does not know.
    """
    path = directory / CONFIG_FILE
    kind = read_json(path).get("kind", ENCODER_KIND)
    if kind not in KINDS:
        raise ModelError(f"{path}: kind {kind!r}; this mprna knows {', '.join(KINDS)}; upgrade it")
    return str(kind)


def write_manifest(directory: Path) -> None:
    """Record the SHA-256 of every file of a model directory; written last."""
    digests = {path.name: file_sha256(path) for path in _payload(directory)}
    write_json(SCHEMA | {"files": digests}, directory / MANIFEST)


def verify(directory: Path) -> None:
    """Compare every file with the manifest. A training checkpoint, which has none and no graph, passes.

    Raises:
        ModelError: a file is missing, differs or is not in the manifest, or the manifest is of another kind.
    """
    files = files_of(directory)
    if not files and not (directory / GRAPH_FILE).exists():
        return
    for name in (CONFIG_FILE, WEIGHTS_FILE, GRAPH_FILE):
        if name not in files and (directory / name).exists():
            raise ModelError(
                f"{directory}: no {MANIFEST} with the SHA-256 of {name}; install or export the model again"
            )
    for name, expected in files.items():
        path = directory / name
        if not path.is_file():
            raise ModelError(f"{path}: missing; install the model again")
        if file_sha256(path) != expected:
            raise ModelError(f"{path}: SHA-256 differs from {MANIFEST}; install the model again")


def files_of(directory: Path) -> dict[str, str]:
    """SHA-256 of the files of a model directory, as its manifest has them; none without a manifest.

    Raises:
        ModelError: the manifest is of another kind, or of a later version.
    """
    path = directory / MANIFEST
    if not path.exists():
        return {}
    manifest = read_json(path)
    files = manifest.get("files")
    if manifest.get("schema") != SCHEMA["schema"] or not isinstance(files, dict):
        raise ModelError(f"{path}: not the manifest of an MP-RNA model")
    if manifest.get("version") != SCHEMA["version"]:
        found, known = manifest.get("version"), SCHEMA["version"]
        raise ModelError(f"{path}: version {found!r}, but this mprna reads {known}; upgrade it")
    if not all(map(is_plain, files)):
        raise ModelError(f"{path}: names a file outside of its folder")
    return dict(files)


def is_plain(name: str) -> bool:
    """Whether a name stays in its folder."""
    return bool(name) and not name.startswith(".") and not set(name) & {"/", "\\", "\0"}


def _locate(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and os.sep not in name_or_path:
        for root in _roots():
            if os.path.isfile(root / name_or_path / CONFIG_FILE):  # Path.is_file fails on long names
                return root / name_or_path
    if not os.fspath(name_or_path):  # which would be the folder that the program runs in
        raise ModelError("no model: its name is empty")
    path = Path(name_or_path)
    for directory in (path / "model", path):
        if os.path.isfile(directory / CONFIG_FILE):
            return directory
    if os.path.isdir(path):
        raise ModelError(f"{path}: no {CONFIG_FILE}; expected an MP-RNA model directory")
    known = ", ".join(info.name for info in list_models()) or "none"
    raise ModelError(f"no model {str(name_or_path)!r}; installed: {known}; or give a model directory")


def _roots() -> tuple[Path, ...]:
    try:
        return model_home(), _PACKAGED
    except ModelError:
        return (_PACKAGED,)


def _model_dirs(root: Path) -> Iterator[Path]:
    return (path.parent for path in root.glob(f"*/{CONFIG_FILE}")) if os.path.isdir(root) else iter(())


def _payload(directory: Path) -> list[Path]:
    return sorted(
        path
        for path in directory.iterdir()
        if path.is_file() and path.name != MANIFEST and not path.name.startswith(".")
    )
