"""Rows of a table to targets of a task; a label that does not fit is an error with its file and line.

Shape letters: L nucleotides, P places (L for token tasks, 1 for sequence tasks), K = 1 for classes, else the
number of label columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.errors import MissingDataError
from mprna.io.labelled import LabelledRow
from mprna.model.task import TaskConfig
from mprna.tokenizer import TokenIds, Tokenizer

_LARGEST: Final = float(np.finfo(np.float32).max)

Targets = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence and what is to be predicted of it."""

    input_ids: TokenIds
    """*Shape:* (L + 2,)"""
    targets: Targets
    """Class numbers, or numbers in their own units; NaN is not scored. *Shape:* (P, K)"""


def class_names(rows: Sequence[LabelledRow], task: str) -> tuple[str, ...]:
    """All classes of a training set, in order (of number where all are whole numbers).

    Raises:
        MissingDataError: a single class.
        FormatError: a row whose label does not fit the task.
    """
    names = {name for row in rows for name in _cells(row, 0, task) if name is not None}
    if len(set(map(str, names))) < 2:
        raise MissingDataError(f"{rows[0].path}: {len(names)} classes; classification needs two or more")
    texts = {str(name) for name in names}
    return tuple(sorted(texts, key=int) if all(text.isdecimal() for text in texts) else sorted(texts))


def examples(rows: Sequence[LabelledRow], task: TaskConfig, *, max_length: int) -> list[Example]:
    """Token ids and targets of every row.

    Raises:
        FormatError: a sequence that is too long, or a label that does not fit it or the task.
    """
    tokenizer = Tokenizer()
    for row in rows:
        if len(row.sequence) > max_length:
            message = (
                f"{len(row.sequence)} nt, the model reads {max_length}; cut the sequence or remove the row"
            )
            raise row.fault(message)
    return [Example(tokenizer.encode(row.sequence), _targets(row, task)) for row in rows]


def _targets(row: LabelledRow, task: TaskConfig) -> Targets:
    columns = [_cells(row, column, task.task) for column in range(len(row.labels))]
    if task.is_classification:
        numbers = {name: float(number) for number, name in enumerate(task.labels)}
        parsed = [[_class(row, cell, numbers) for cell in columns[0]]]
    else:
        parsed = [[_number(row, cell) for cell in cells] for cells in columns]
    return np.array(parsed, np.float32).T


def _cells(row: LabelledRow, column: int, task: str) -> list[Any]:
    """The values of one label column, one per place."""
    value = row.labels[column]
    if task.startswith("sequence"):
        if value is None or isinstance(value, (list, dict)):
            raise row.fault(f"label {value!r}; {task} expects one value per sequence")
        return [value]
    if not isinstance(value, (list, str)) or (isinstance(value, str) and task == "token_regression"):
        raise row.fault(f"label {value!r}; {task} expects a list with one value per nucleotide")
    if len(value) != len(row.sequence):
        message = f"{len(value)} labels for {len(row.sequence)} nt; write null where nothing is known"
        raise row.fault(message)
    return list(value)


def _class(row: LabelledRow, cell: Any, numbers: dict[str, float]) -> float:
    if cell is None:
        return math.nan
    if str(cell) not in numbers:
        raise row.fault(f"class {str(cell)!r} is not in the training data; known are {', '.join(numbers)}")
    return numbers[str(cell)]


def _number(row: LabelledRow, cell: Any) -> float:
    try:
        number = math.nan if cell is None else float(cell)
    except (TypeError, ValueError):
        raise row.fault(f"label {cell!r} is no number") from None
    if abs(number) > _LARGEST or (math.isnan(number) and cell is not None):
        raise row.fault(f"label {cell!r} is no finite number; write null where nothing is known")
    return number
