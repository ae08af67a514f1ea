"""Reads the files of a task as examples; a label that does not fit is an error with file and line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product, zip_longest
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.bench.task import Task
from mprna.digest import file_sha256
from mprna.errors import FormatError, MissingDataError, SequenceError, StructureError, shorten
from mprna.io.fasta import read_fasta
from mprna.io.formats import suffix_of
from mprna.io.jsonl import json_rows
from mprna.io.labelled import list_cell
from mprna.io.source import numbered_lines, open_input
from mprna.io.table import read_rows
from mprna.io.tsv import delimited_cells
from mprna.predict.design import nested_target
from mprna.rna.structure import pairs_from_dot_bracket

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
FAMILIES: Final = ("5s", "16s", "23s", "trna", "tmrna", "srp", "rnasep", "telomerase", "grp1", "grp2")
"""Families of ArchiveII, in lower case; its ids begin with one of them and an underscore."""

Row = tuple[int, dict[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One item of a split."""

    sequence: str
    """What the model is given: letters `ACGUN`; for `design` the target, in round brackets."""
    label: Any
    """A dot-bracket (for `design` the target again); a class number; or an array: class numbers (L,), -1
    where nothing is scored, or floats (n,) or (L', targets), whose row i belongs to nucleotide i."""
    group: str = ""
    """Examples with the same value stay together where a published file is split anew."""
    cluster: str = ""
    """Family, or another group that is resampled as a whole for intervals; empty if not known."""
    name: str = ""
    """Name of the item, if the task says that items have names."""


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
    examples = tuple(_example(task, row, path, line) for line, row in rows)
    if not examples:
        raise FormatError("no rows", path=str(path))
    _check_lengths(task, examples, path)
    digest = file_digest(path)
    return Split(examples, str(path), digest, len(examples), _rebuilt_note(path, digest))


def _check_lengths(task: Task, examples: Sequence[Example], path: Path) -> None:
    """Rows have as many labels, or numbers, as the first."""
    if task.type not in ("multilabel", "multi_regression"):
        return
    for row, example in enumerate(examples, 1):
        if len(example.label) != len(examples[0].label):
            reason = f"row {row} has {len(example.label)} numbers, the first {len(examples[0].label)}"
            raise FormatError(reason, path=str(path))


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


def _example(task: Task, row: dict[str, Any], path: Path, line: int) -> Example:
    try:
        read = nested_target if task.type == "design" else clean_sequence
        sequence = read(str(_column(row, task.sequence)))
        label = _LABELS[task.type](task, row, sequence)
        name = str(_column(row, task.item_name)) if task.item_name else ""
    except (KeyError, ValueError, SequenceError, StructureError) as error:
        reason = f"no column {error}" if isinstance(error, KeyError) else str(error)
        raise FormatError(reason, path=str(path), line=line) from error
    return Example(sequence, label, str(row.get(task.resplit_by or "id", "")), _cluster(task, row), name)


def _cluster(task: Task, row: dict[str, Any]) -> str:
    """The column `family`; else the family in an id of ArchiveII; else the column that new splits go by."""
    if row.get("family"):
        return str(row["family"])
    name = str(row.get("id", ""))
    family = name.partition("_")[0].lower()
    return family if family in FAMILIES and "_" in name else str(row.get(task.resplit_by, ""))


def _column(row: dict[str, Any], name: str) -> Any:
    if name not in row:
        raise KeyError(name)
    if row[name] is None or row[name] == "":
        raise ValueError(f"nothing in the column {name!r}")
    return row[name]


def _structure(task: Task, row: dict[str, Any], sequence: str) -> str:
    label = str(_column(row, task.label))
    if len(label) != len(sequence):
        raise ValueError(f"{len(label)} structure symbols for {len(sequence)} nt")
    pairs_from_dot_bracket(label)
    return label


def _target(task: Task, row: dict[str, Any], target: str) -> str:
    """In design the input is also the label; known solutions in other columns are ignored."""
    return target


def _class(task: Task, row: dict[str, Any], sequence: str) -> int:
    value = _column(row, task.label)
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if text not in task.classes:
        text = text.removesuffix(".0")
    if text not in task.classes:
        raise ValueError(f"label {text!r}; expected one of {', '.join(task.classes)}")
    return task.classes.index(text)


def _number_list(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    if task.classes:
        return _floats([_column(row, name) for name in task.classes], ", ".join(task.classes))
    value = _column(row, task.label)
    parts = value if isinstance(value, list) else str(value).replace(",", " ").split()
    return _floats(parts, task.label)


def _number(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    numbers = _number_list(task, row, sequence)
    if len(numbers) != 1:
        raise ValueError(f"{len(numbers)} numbers; a regression has one")
    return numbers


def _label_set(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    labels = _number_list(task, row, sequence)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels {shorten(str(labels.tolist()))}; expected 0 or 1")
    return labels


def _floats(values: Any, column: str) -> npt.NDArray[np.float64]:
    """*Shape:* (n,)"""
    with suppress(ValueError, TypeError, OverflowError):
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.ndim == 1 and np.isfinite(numbers).all():
            return numbers
    raise ValueError(f"{column} is {shorten(str(values))}, expected finite numbers")


def _mutations(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.int64]:
    original = clean_sequence(str(_column(row, task.label)))
    if len(original) != len(sequence):
        raise ValueError(f"{len(original)} nt of the original for {len(sequence)} nt")
    wanted, given = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (original, sequence))
    if task.type == "mutation_detection":
        return np.asarray(wanted != given, dtype=np.int64)
    codes = np.full(256, -1)
    codes[[ord(letter) for letter in task.classes]] = np.arange(len(task.classes))
    return np.asarray(np.where(wanted != given, codes[wanted], -1), dtype=np.int64)


def _degradation(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    columns = [_floats(_column(row, name), name) for name in task.classes]
    lengths = {len(column) for column in columns}
    if len(lengths) != 1 or lengths.pop() > len(sequence):
        raise ValueError(f"columns {', '.join(task.classes)} must be equally long, up to {len(sequence)} nt")
    return np.stack(columns, axis=1)


_LABELS: Final = {
    "structure": _structure,
    "classification": _class,
    "multilabel": _label_set,
    "regression": _number,
    "multi_regression": _number_list,
    "mutation_detection": _mutations,
    "mutation_repair": _mutations,
    "degradation": _degradation,
    "design": _target,
}


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
