"""One JSON file per model, task and seed: the result, and everything that it depends on."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

import numpy as np

from mprna import __version__
from mprna.bench.metrics import METRICS, Floats
from mprna.errors import DataError
from mprna.io.output import open_output

SCHEMA: Final = 1
MAX_NAME: Final = 100
"""Most bytes of a model's name that are in the name of its record."""
LATER: Final = {"answers", "clusters", "names"}
"""Fields that the first records do not have."""
PACKAGES: Final = ("numpy", "viennarna", "onnxruntime", "torch", "scipy", "transformers")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What one model did on one task with one seed."""

    suite: str
    task: str
    group: str
    model: str
    seed: int
    metrics: dict[str, float]
    items: dict[str, list[Any]]
    """Per metric and test item, the numbers that it is made of (see `metrics`)."""
    num_original: int
    """Test rows in the file."""
    num_scored: int
    num_truncated: int
    """Test sequences that the model did not read whole."""
    num_failed: int
    """Test items without an answer, which count as wrong."""
    data: dict[str, dict[str, Any]]
    """Split to path, SHA-256, rows, whether they are the expected ones, and how the split was made."""
    clusters: list[str] = field(default_factory=list)
    """For each test item, the group that is resampled as a whole, such as its family; empty if not known."""
    names: list[str] = field(default_factory=list)
    """Names of the test items; empty if they have none."""
    answers: list[str] = field(default_factory=list)
    """Answers to the test items, if these are designed sequences."""
    choices: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    """Wall time of training and test; of a run that was killed, since its last start."""
    peak_memory_mb: float = 0.0
    """Largest resident size of the process meanwhile."""
    versions: dict[str, str] = field(default_factory=dict)
    hardware: dict[str, Any] = field(default_factory=dict)
    git_commit: str = ""
    schema: int = SCHEMA


def record_path(out_dir: Path, suite: str, task: str, model: str, seed: int) -> Path:
    """Where the record of a model, task and seed lies."""
    return out_dir / f"{suite}.{task}" / f"{file_name(model)}.seed{seed}.json"


def part_path(record: Path) -> Path:
    """Where a model keeps what it has of a record that is not written yet."""
    return record.with_suffix(".part.jsonl")


def training_path(record: Path) -> Path:
    """Where a model that is trained keeps its training until the record is written."""
    return record.with_suffix(".run")


def file_name(model: str) -> str:
    """A model's name, which may be a path or a command, as part of a file name.

    Where two have the same, the record tells them apart (`runner`).

    >>> file_name("runs/mini:model")
    'runs_mini_model'
    """
    name = re.sub(r"[^\w.+-]+", "_", model).strip("_")
    if len(name.encode()) <= MAX_NAME:
        return name
    return (
        f"{name.encode()[:MAX_NAME].decode(errors='ignore')}_{hashlib.sha256(model.encode()).hexdigest()[:8]}"
    )


def write_record(record: RunRecord, path: Path) -> None:
    """Write a record, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_output(path) as stream:
        json.dump(asdict(record), stream)
        stream.write("\n")


def read_record(path: Path) -> RunRecord:
    """Read a record.

    Raises:
        DataError: no record, or one of another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: no readable record ({error})") from error
    hints = get_type_hints(RunRecord)
    fits = isinstance(content, dict) and hints.keys() - LATER <= content.keys() <= hints.keys()
    if not fits or content["schema"] != SCHEMA:
        raise DataError(f"{path}: no benchmark record of version {SCHEMA}")
    if wrong := [name for name in content if not _has_type(content[name], hints[name])]:
        raise DataError(f"{path}: damaged ({', '.join(wrong)}); remove it and run the same again")
    record = RunRecord(**content)
    if missing := record.metrics.keys() - record.items.keys():
        raise DataError(f"{path}: no items of {', '.join(sorted(missing))}; remove it and run the same again")
    if wrong := list(_misfits(record)):
        raise DataError(f"{path}: damaged ({', '.join(wrong)}); remove it and run the same again")
    return record


def _misfits(record: RunRecord) -> Iterator[str]:
    """Fields that do not fit the others, or name what there is not."""
    if record.metrics.keys() - METRICS.keys():
        yield "metrics"
    if "test" not in record.data:
        yield "data"
    if any(len(record.items[metric]) != record.num_scored for metric in record.metrics):
        yield "items"
    for name in ("clusters", "names"):
        if len(getattr(record, name)) not in (0, record.num_scored):
            yield name


def _has_type(value: object, hint: Any) -> bool:
    """Whether JSON has this type; whole numbers are floats too."""
    kind, parts = get_origin(hint) or hint, get_args(hint)
    if kind is Any:
        return True
    if kind is float:
        return type(value) in (int, float)
    if kind is dict and isinstance(value, dict):
        return all(_has_type(part, parts[1]) for part in value.values())
    if kind is list and isinstance(value, list):
        return all(_has_type(part, parts[0]) for part in value)
    return type(value) is kind


def read_records_of(out_dir: Path) -> list[RunRecord]:
    """All records below a folder, by task, model and seed.

    Raises:
        DataError: none, or a file that is none.
    """
    records = [read_record(path) for path in sorted(out_dir.glob("*/*.seed*.json"))]
    if not records:
        raise DataError(f"{out_dir}: no records; `mprna bench run` makes them")
    return records


def items_of(record: RunRecord, metric: str) -> list[Floats]:
    """The per-item numbers of a metric as arrays; JSON does not say how wide those without rows are."""
    items = [np.asarray(item, dtype=np.float64) for item in record.items[metric]]
    width = max((item.shape[1] for item in items if item.ndim == 2), default=2)
    return [item if item.size else np.zeros((0, width)) for item in items]


def plain_items(items: Iterable[Floats]) -> list[Any]:
    """Arrays as JSON; nine digits."""
    return [
        np.vectorize(lambda value: float(f"{value:.9g}"), otypes=[float])(item).tolist() for item in items
    ]


def package_versions() -> dict[str, str]:
    """Versions of what computes."""
    versions = {"mprna": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def hardware() -> dict[str, Any]:
    """The processor, as far as the system tells."""
    return {"machine": platform.machine(), "system": platform.system(), "cores": os.cpu_count()}


def git_commit() -> str:
    """Commit of the checkout that this package runs from, with `+` where files differ; empty outside git."""
    folder = Path(__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return result.stdout.strip() if result.returncode == 0 else ""


def reset_peak_memory() -> None:
    """Let `peak_memory_mb` count from here, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb() -> float:
    """Largest resident size of this process since `reset_peak_memory`, or since its start, MB."""
    status = Path("/proc/self/status")
    text = status.read_text() if status.exists() else ""
    if peak := re.search(r"^VmHWM:\s+(\d+) kB$", text, re.MULTILINE):
        return int(peak[1]) * 1.024e-3
    if sys.platform == "win32":
        return 0.0
    import resource

    scale = 1e6 if sys.platform == "darwin" else 1e3
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale
