"""Splits of a task: where their files lie, what is read from them, and how missing ones are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product, zip_longest
from pathlib import Path
from typing import Any, Final

import numpy as np

from mprna.bench.examples import Example, check_lengths, example_of
from mprna.bench.task import Task
from mprna.digest import file_sha256
from mprna.errors import FormatError, MissingDataError
from mprna.io.fasta import read_fasta
from mprna.io.formats import suffix_of
from mprna.io.jsonl import json_rows
from mprna.io.labelled import list_cell
from mprna.io.source import numbered_lines, open_input
from mprna.io.table import read_rows
from mprna.io.tsv import delimited_cells

STEMS: Final = {"train": ("train",), "valid": ("valid", "dev", "val"), "test": ("test",)}
SUFFIXES: Final = (
    *(".jsonl.gz", ".jsonl", ".json", ".csv", ".tsv", ".parquet", ".fa", ".fasta", ".fna"),
    *(".json.gz", ".csv.gz", ".tsv.gz", ".fa.gz", ".fasta.gz", ".fna.gz"),
)
"""First choice first."""
SEPARATORS: Final = ("/", "_", ".")
"""What may stand between the names of task and split: `ssp/train`, `ssp_train`, `ssp.train`."""

REBUILT: Final = "rebuilt.json"
"""File that `mprna bench rebuild` writes beside the files that it made: what they are."""

Row = tuple[int, dict[str, Any]]
"""Line, or number, and columns."""


@dataclass(frozen=True, slots=True)
class Split:
    """The rows of one split in file order."""

    examples: tuple[Example, ...]
    path: str
    sha256: str
    num_original: int
    """Rows in the file, of which `examples` may be a part."""
    note: str = ""
    """How the split was made; empty for a published file that is used as it is."""


def load_split(task: Task, name: str, data_dir: Path) -> Split:
    """Read a split. What is not published as a file is cut from one that is, where the task says how.

    Raises:
        MissingDataError: no files.
        FormatError: a file that breaks its format, a missing column, a label outside the set.
    """
    path = find_split(task, name, data_dir)
    is_resplit = task.resplit_by and find_split(task, "train", data_dir) is None
    if is_resplit and (path is None or name == "test"):
        return _resplit(load_split_file(task, _required(task, "test", data_dir)), name)
    for source, missing, every in (
        ("train", "valid", task.valid_from_train),
        ("valid", "train", task.train_from_valid),
    ):
        if name != "test" and every and find_split(task, missing, data_dir) is None:
            return _part(load_split_file(task, _required(task, source, data_dir)), name, source, every)
    return load_split_file(task, path or _required(task, name, data_dir))


def find_split(task: Task, name: str, data_dir: Path) -> Path | None:
    """The file, or folder of class folders, of a split; None where there is none."""
    for root in (data_dir, data_dir / task.suite):
        if name == "test" and task.test_file and (root / task.test_file).is_file():
            return root / task.test_file
        for place in split_paths(task, name):
            path = root / place
            if path.is_dir() if place.endswith("/") else path.is_file():
                return path
    return None


def split_paths(task: Task, name: str) -> Iterator[str]:
    """Where a split may lie in a data folder, first choice first; a folder of class folders ends with /."""
    for folder, stem in product(task.dirs, STEMS[name]):
        yield f"{folder}/{stem}/"
        yield from (
            f"{folder}{separator}{stem}{suffix}" for separator, suffix in product(SEPARATORS, SUFFIXES)
        )


def clusters_of(examples: Sequence[Example]) -> list[str]:
    """The cluster of every example; empty if one of them is not known, or all are the same."""
    clusters = [example.cluster for example in examples]
    return clusters if all(clusters) and len(set(clusters)) > 1 else []


def load_split_file(task: Task, path: Path) -> Split:
    """All examples of one file or folder of class folders.

    Raises:
        FormatError: no rows, a file that breaks its format, or a rebuilt one that has changed since.
    """
    rows = list(_folder_rows(path) if path.is_dir() else _file_rows(path, task))
    examples = tuple(example_of(task, row, path, line) for line, row in rows)
    if not examples:
        raise FormatError("no rows", path=str(path))
    check_lengths(task, examples, [line for line, _ in rows], path)
    digest = file_digest(path)
    return Split(examples, str(path), digest, len(examples), _rebuilt_note(path, digest))


def _rebuilt_note(path: Path, digest: str) -> str:
    """How the file was rebuilt; empty for a published one."""
    content = read_rebuilt(path.parent)
    if path.name not in content["files"]:
        return ""
    if content["files"][path.name] != digest:
        raise FormatError(f"differs from {REBUILT} beside it; rebuild it", path=str(path))
    seed = f", seed {content['seed']}" if "seed" in content else ""
    return f"{path.name.partition('.')[0]} is rebuilt: {content['recipe']}{seed}"


def read_rebuilt(folder: Path) -> dict[str, Any]:
    """What `mprna bench rebuild` wrote about the files that it made; with no `files` if it made none.

    Raises:
        FormatError: written by something else, or damaged.
    """
    path = folder / REBUILT
    if not path.exists():
        return {"files": {}}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content["files"], dict) and isinstance(content["recipe"], str):
            return dict(content)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    raise FormatError("not written by `mprna bench rebuild`; move it away", path=str(path))


def file_digest(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents below a folder."""
    if not path.is_dir():
        return file_sha256(path)
    digest = hashlib.sha256()
    for part in sorted(path.rglob("*.txt")):
        digest.update(part.relative_to(path).as_posix().encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()


def rows_digest(examples: Iterable[Example]) -> str:
    """SHA-256 of sequences and labels in their order, whatever the file's format and compression."""
    digest = hashlib.sha256()
    for example in examples:
        label = example.label.tolist() if isinstance(example.label, np.ndarray) else example.label
        digest.update(json.dumps([example.sequence, label]).encode() + b"\n")
    return digest.hexdigest()


def is_as_described(task: Task, name: str, split: Split) -> bool | None:
    """Whether a split has the rows that the suite describes; None where it describes none."""
    expected = task.splits.get(name)
    if expected is None:
        return None
    return split.sha256 == expected.sha256 or rows_digest(split.examples) == expected.rows_sha256


def _required(task: Task, name: str, data_dir: Path) -> Path:
    path = find_split(task, name, data_dir)
    if path is None:
        stems = "|".join(STEMS[name])
        places = [task.test_file] if name == "test" and task.test_file else []
        places += [f"{folder}/{stems}.jsonl[.gz]|.csv|..., {folder}_{stems}..." for folder in task.dirs]
        advice = ""
        if task.hub:
            advice = f"; `mprna bench download {task.suite} --task {task.name}` asks for it"
        elif name == "valid":
            advice = "; or set valid_from_train"
        if task.source:
            advice += f"; published at {task.source}"
        raise MissingDataError(
            f"{task.full_name}: no {name} data in {data_dir} (looked for {' or '.join(places)}){advice}"
        )
    return path


def _file_rows(path: Path, task: Task) -> Iterator[Row]:
    suffix = suffix_of(path)
    if suffix in (".fa", ".fasta", ".fna"):
        for number, record in enumerate(read_fasta(path), 1):
            label = record.header.rpartition("|")[2]
            yield number, {task.sequence: record.sequence, task.label: label, "id": record.name}
        return
    with open_input(path) as file:
        delimiter = {".csv": ",", ".tsv": "\t"}.get(suffix)
        if delimiter:
            yield from _table_rows(delimited_cells(file, delimiter), path)
        elif suffix == ".parquet":
            yield from enumerate(read_rows(file), 1)
        else:
            yield from json_rows(numbered_lines(file), str(path))


def _table_rows(lines: Iterator[tuple[int, list[str]]], path: Path) -> Iterator[Row]:
    number, cells = next(lines, (1, list[str]()))
    columns = [cell.strip() for cell in cells]
    if len(set(columns)) < len(columns):
        raise FormatError("two columns of one name", path=str(path), line=number)
    for number, cells in lines:
        if len(cells) > len(columns):
            reason = f"{len(cells)} cells for {len(columns)} columns"
            raise FormatError(reason, path=str(path), line=number)
        yield number, dict(zip_longest(columns, map(list_cell, cells)))


def _folder_rows(path: Path) -> Iterator[Row]:
    number = 0
    for folder in sorted(part for part in path.iterdir() if part.is_dir()):
        for file in sorted(folder.glob("*.txt")):
            number += 1
            sequence = file.read_text("utf-8", "replace").strip()
            yield number, {"sequence": sequence, "label": folder.name, "id": file.stem}


def _part(split: Split, name: str, source: str, every: int) -> Split:
    """Train or validation, of the rows of one of them."""
    chosen = tuple(
        example for i, example in enumerate(split.examples) if (i % every == every - 1) == (name == "valid")
    )
    if not chosen:
        raise MissingDataError(f"{split.path}: too few rows to make a {name} split of them")
    kept = f"validation is every {every}th row of {source}"
    note = kept if source == "train" else f"no training split: {kept}, the others train"
    return replace(split, examples=chosen, note=note)


def _resplit(split: Split, name: str) -> Split:
    low, high = {"train": (0, 70), "valid": (70, 80), "test": (80, 100)}[name]
    chosen = tuple(example for example in split.examples if low <= _percentile(example.group) < high)
    if not chosen:
        raise MissingDataError(f"{split.path}: too few groups to make a {name} split of them")
    return replace(split, examples=chosen, note="re-split of the published test file by gene, 70/10/20")


def _percentile(group: str) -> int:
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:4]) % 100
