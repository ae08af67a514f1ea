"""Suites from the Hugging Face hub into a folder that `mprna bench run` reads.

What arrives stays in `.download` until it has been read and compared: a killed download goes on after its
last whole file, and the folder holds whole files only.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from mprna.bench.data import (
    STEMS,
    Split,
    find_split,
    is_as_described,
    load_split_file,
    rows_digest,
    split_paths,
)
from mprna.bench.task import SPLITS, Hub, Task
from mprna.errors import DataError, MissingExtraError, UsageError, first_line
from mprna.io.output import open_output
from mprna.io.source import open_input
from mprna.io.table import read_rows
from mprna.runtime.mirror import is_offline

STAGING: Final = ".download"
MANIFEST: Final = "downloaded.json"
"""Beside the data: repository, commit and SHA-256 of every file."""
SCHEMA: Final = {"schema": "mprna.bench.downloaded", "version": 1}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of a split, or, where `split` is empty, why a task has none."""

    task: Task
    split: str = ""
    path: Path = Path()
    """Below the data folder."""
    sha256: str = ""
    rows: int = 0
    as_described: bool | None = None
    """Whether the rows are those that the suite describes; None where it describes none."""
    is_new: bool = False
    reason: str = ""


def download(
    tasks: Sequence[Task], data_dir: Path, *, revision: str = "main", any_rows: bool = False
) -> Iterator[Arrival]:
    """Fetch what is missing, task by task; files that are there are left alone.

    Args:
        revision: commit, tag or branch of the repositories.
        any_rows: install rows too that are not those the suite describes.

    Raises:
        MissingExtraError: huggingface_hub is not installed.
        DataError: offline, or a repository that cannot be had. What is wrong with files is an arrival.
        UsageError: a suite without a repository.
    """
    whole = True
    for task in tasks:
        if known := _known(task, data_dir):
            yield from known
            continue
        if task.hub is None:
            source = f"; it is published at {task.source}" if task.source else ""
            raise UsageError(f"{task.full_name} is not on the hub{source}")
        hub = replace(task.hub, id=task.hub.id.format(name=task.name))
        snapshot = _snapshot(hub, _patterns(task, hub), data_dir / STAGING / "hub", revision)
        try:
            yield from _take(task, hub, snapshot, data_dir, any_rows)
        except DataError as error:
            yield Arrival(task, reason=str(error))
            whole = False
    if whole:
        shutil.rmtree(data_dir / STAGING, ignore_errors=True)


def _known(task: Task, data_dir: Path) -> list[Arrival]:
    """What an earlier call installed; nothing where a file of it is missing."""
    entry = _read_manifest(data_dir)["tasks"].get(task.full_name, {"splits": {}})
    try:
        arrivals = [
            Arrival(task, split, Path(facts["path"]), facts["sha256"], facts["rows"], facts["as_described"])
            for split, facts in entry["splits"].items()
        ]
    except (AttributeError, KeyError, TypeError):
        raise _foreign(data_dir) from None
    return arrivals if all((data_dir / arrival.path).is_file() for arrival in arrivals) else []


def _take(task: Task, hub: Hub, snapshot: Path, data_dir: Path, any_rows: bool) -> list[Arrival]:
    """Install the splits that are missing; none of them if one is not as described."""
    arrivals, staged = [], {}
    with _opened(hub, snapshot) as files:
        for name in SPLITS:
            sources, path = _find(task, name, files.names)
            if not sources:
                continue
            there = find_split(task, name, data_dir)
            file = there or _stage(task, files, sources, data_dir / STAGING / "files" / path)
            split = load_split_file(task, file)
            good = is_as_described(task, name, split)
            if there is None:
                if good is False and not any_rows:
                    raise _changed(task, name, split, hub, snapshot.name)
                staged[path] = file
            place = there.relative_to(data_dir) if there else Path(path)
            size = len(split.examples)
            arrivals.append(Arrival(task, name, place, split.sha256, size, good, there is None))
    if not arrivals:
        raise DataError(f"{task.full_name}: no files of it in {hub.id} at {snapshot.name}")
    for path, file in staged.items():
        (data_dir / path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, data_dir / path)
    _record(data_dir, task, hub, snapshot.name, arrivals)
    return arrivals


def _patterns(task: Task, hub: Hub) -> list[str]:
    """Files of a repository that are worth fetching for a task."""
    if hub.archive:
        return [hub.archive]
    folders = [pattern for folder in task.dirs for pattern in (f"{folder}/*", f"{folder}_*")]
    return [*folders, "*.parquet"] if _has_own_repository(task) else folders


def _has_own_repository(task: Task) -> bool:
    """Only there are files that do not name the task surely of it."""
    return task.hub is not None and "{name}" in task.hub.id


def _snapshot(hub: Hub, patterns: list[str], cache: Path, revision: str) -> Path:
    """The folder of a repository's files at one commit, which is its name.

    Raises:
        DataError: not to be had.
        MissingExtraError: huggingface_hub is not installed.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import (  # type: ignore[attr-defined]
            HTTPError,  # httpx's, or httpx2's, as the version has it
            LocalEntryNotFoundError,
        )
    except ImportError as error:
        raise MissingExtraError("bench download", "hub") from error
    if is_offline():
        raise DataError(f"{hub.id}: offline (MPRNA_OFFLINE is set, or --offline given)")
    try:
        return Path(
            snapshot_download(
                hub.id,
                repo_type=hub.type,
                revision=revision,
                cache_dir=cache,
                allow_patterns=patterns,
            )
        )
    except LocalEntryNotFoundError as error:
        raise DataError(f"{hub.id} cannot be reached: {first_line(error.__cause__ or error)}") from error
    except HTTPError as error:
        raise DataError(f"{hub.id} at {revision}: {first_line(error)}") from error


@dataclass(frozen=True, slots=True)
class _Files:
    """Files of a snapshot, or of the archive in it."""

    snapshot: Path
    archive: zipfile.ZipFile | None
    names: tuple[str, ...]

    def open(self, name: str) -> IO[bytes]:
        return self.archive.open(name) if self.archive else (self.snapshot / name).open("rb")


@contextmanager
def _opened(hub: Hub, snapshot: Path) -> Iterator[_Files]:
    if not hub.archive:
        paths = (path for path in sorted(snapshot.rglob("*")) if path.is_file())
        yield _Files(snapshot, None, tuple(path.relative_to(snapshot).as_posix() for path in paths))
        return
    if not (snapshot / hub.archive).is_file():
        raise DataError(f"{hub.id} at {snapshot.name} has no {hub.archive}")
    try:
        with zipfile.ZipFile(snapshot / hub.archive) as archive:
            yield _Files(snapshot, archive, tuple(archive.namelist()))
    except zipfile.BadZipFile as error:
        raise DataError(f"{hub.archive} of {hub.id} at {snapshot.name}: {error}") from error


def _find(task: Task, split: str, names: Sequence[str]) -> tuple[list[str], str]:
    """The files of a split, and where they go, in whatever folder of the source they lie."""
    files = (path for path in split_paths(task, split) if not path.endswith("/"))
    for path, name in product(files, names):
        if f"/{name}".endswith(f"/{path}"):
            return [name], path
    for stem in STEMS[split] if _has_own_repository(task) else ():
        shards = [name for name in names if _is_shard(name, stem)]
        if shards:
            return sorted(shards), f"{task.dirs[0]}/{stem}.jsonl.gz"
    return [], ""


def _is_shard(name: str, stem: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix == ".parquet" and path.name.startswith(f"{stem}-")


def _stage(task: Task, files: _Files, sources: Sequence[str], target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    if sources[0].endswith(".parquet"):
        with gzip.GzipFile(target, "wb", mtime=0) as stream:
            for row in _parquet_rows(task, files.snapshot, sources):
                stream.write(json.dumps(row).encode() + b"\n")
    else:
        with files.open(sources[0]) as source, target.open("wb") as stream:
            shutil.copyfileobj(source, stream)
    return target


def _parquet_rows(task: Task, snapshot: Path, sources: Sequence[str]) -> Iterator[dict[str, str]]:
    """`seq` and a class number, as Genomic Benchmarks are on the hub, to sequence and class."""
    for name in sources:
        with open_input(snapshot / name) as file:
            for row in read_rows(file):
                if not isinstance(row.get("seq"), str) or row.get("label") not in range(len(task.classes)):
                    raise DataError(f"{name}: expected columns seq and label, 0 to {len(task.classes) - 1}")
                yield {task.sequence: row["seq"], task.label: task.classes[row["label"]]}


def _changed(task: Task, name: str, split: Split, hub: Hub, revision: str) -> DataError:
    return DataError(
        f"{task.full_name}: {name} of {hub.id} at {revision} has {len(split.examples):,} rows with SHA-256 "
        f"{rows_digest(split.examples)}, not the {task.splits[name].size:,} with "
        f"{task.splits[name].rows_sha256} that this suite describes; --any-rows takes them all the same"
    )


def _read_manifest(data_dir: Path) -> dict[str, Any]:
    path = data_dir / MANIFEST
    if not path.is_file():
        return SCHEMA | {"tasks": {}}
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if {key: content[key] for key in SCHEMA} == SCHEMA and isinstance(content["tasks"], dict):
            return content
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise _foreign(data_dir)


def _foreign(data_dir: Path) -> DataError:
    return DataError(f"{data_dir / MANIFEST}: not written by this mprna; move it away")


def _record(data_dir: Path, task: Task, hub: Hub, revision: str, arrivals: Sequence[Arrival]) -> None:
    content = _read_manifest(data_dir)
    splits = {
        arrival.split: {
            "path": arrival.path.as_posix(),
            "sha256": arrival.sha256,
            "rows": arrival.rows,
            "as_described": arrival.as_described,
            "downloaded": arrival.is_new,
        }
        for arrival in arrivals
    }
    content["tasks"][task.full_name] = {"repository": hub.id, "revision": revision, "splits": splits}
    with open_output(data_dir / MANIFEST) as stream:
        json.dump(content, stream, indent=1)
        stream.write("\n")
