"""Rows of a task's files as examples with checked labels.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.bench.task import Task
from mprna.errors import FormatError, SequenceError, StructureError, a_few, shorten
from mprna.predict.design import nested_target
from mprna.rna.structure import pairs_from_dot_bracket

_LARGEST: Final = 1e30
"""Numbers beyond it are mistakes, and their squares are none any more in the arithmetic of some models."""

FAMILIES: Final = ("5s", "16s", "23s", "trna", "tmrna", "srp", "rnasep", "telomerase", "grp1", "grp2")
"""Families of ArchiveII, in lower case; its ids begin with one of them and an underscore."""


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


def example_of(task: Task, row: dict[str, Any], path: Path, line: int) -> Example:
    """One row of a file.

    Raises:
        FormatError: a missing column, no RNA, a label outside the set.
    """
    try:
        read = nested_target if task.type == "design" else clean_sequence
        sequence = read(str(_column(row, task.sequence)))
        label = _LABELS[task.type](task, row, sequence)
        name = str(_column(row, task.item_name)) if task.item_name else ""
    except (KeyError, ValueError, SequenceError, StructureError) as error:
        reason = str(error)
        if isinstance(error, KeyError):
            reason = f"no column {error}, only {a_few([str(name) for name in row])}"
        raise FormatError(reason, path=str(path), line=line) from error
    return Example(sequence, label, str(row.get(task.resplit_by or "id", "")), _cluster(task, row), name)


def check_lengths(task: Task, examples: Sequence[Example], lines: Sequence[int], path: Path) -> None:
    """Rows have as many labels, or numbers, as the first.

    Args:
        lines: where each example stands in its file.

    Raises:
        FormatError: one that has not.
    """
    if task.type not in ("multilabel", "multi_regression"):
        return
    for line, example in zip(lines, examples, strict=True):
        if len(example.label) != len(examples[0].label):
            reason = f"{len(example.label)} numbers, where the first row has {len(examples[0].label)}"
            raise FormatError(reason, path=str(path), line=line)


def _cluster(task: Task, row: dict[str, Any]) -> str:
    """The column `family`; else the family in an id of ArchiveII; else the column that new splits go by."""
    if row.get("family") not in (None, ""):
        return str(row["family"])
    name = str(row.get("id", ""))
    family = name.partition("_")[0].lower()
    if family in FAMILIES and "_" in name:
        return family
    return str(row.get(task.resplit_by, "")) if task.resplit_by else ""


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
    cell = _column(row, task.label)
    return _numbers_in(cell if isinstance(cell, list) else str(cell), task.label)


def _number(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    numbers = _number_list(task, row, sequence)
    if len(numbers) != 1:
        raise ValueError(f"{len(numbers)} numbers; a regression has one, with a point for decimals")
    return numbers


def _label_set(task: Task, row: dict[str, Any], sequence: str) -> npt.NDArray[np.float64]:
    labels = _number_list(task, row, sequence)
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels {shorten(str(labels.tolist()))}; expected 0 or 1")
    return labels


def _numbers_in(cell: Any, column: str) -> npt.NDArray[np.float64]:
    """A list, or text with blanks or commas between numbers. *Shape:* (n,)"""
    return _floats(cell.replace(",", " ").split() if isinstance(cell, str) else cell, column)


def _floats(values: Any, column: str) -> npt.NDArray[np.float64]:
    """*Shape:* (n,)"""
    with suppress(ValueError, TypeError, OverflowError):
        numbers = np.asarray(values, dtype=np.float64)
        if numbers.ndim == 1 and (np.abs(numbers) <= _LARGEST).all():
            return numbers
    raise ValueError(
        f"{column} is {shorten(str(values))}, expected numbers from {-_LARGEST:g} to {_LARGEST:g}"
    )


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
    columns = [_numbers_in(_column(row, name), name) for name in task.classes]
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
