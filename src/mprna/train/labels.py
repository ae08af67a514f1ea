"""Rows of a table to targets of a task; a label that does not fit is an error with its file and line.

Shape letters: L nucleotides, P places (1 for sequence tasks, else L), K = 1 for classes and pairs, else the
number of label columns.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.errors import MissingDataError, StructureError
from mprna.io.labelled import LabelledRow
from mprna.model.heads import MIN_PAIR_SPAN
from mprna.model.task_config import MULTILABEL, PAIR_PREDICTION, TaskConfig
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.tokenizer import TokenIds, Tokenizer

_WHOLE: Final = re.compile(r"-?\d+")
_LARGEST: Final = float(np.finfo(np.float32).max)

Targets = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """One sequence and what is to be predicted of it."""

    input_ids: TokenIds
    """*Shape:* (L + 2,)"""
    targets: Targets
    """Class numbers, labels as 0 or 1, numbers in their own units, or the tokens of partners (0 of the
    unpaired); NaN is not scored. *Shape:* (P, K)"""


def class_names(rows: Sequence[LabelledRow], task: str) -> tuple[str, ...]:
    """All classes of a training set, in order (of number where all are whole numbers).

    Raises:
        MissingDataError: a single class.
        FormatError: a row whose label does not fit the task.
    """
    texts = {_text(name, row) for row in rows for name in _cells(row, 0, task) if name is not None}
    if len(texts) < 2:
        raise MissingDataError(f"{rows[0].path}: {len(texts)} classes; classification needs two or more")
    if all(_WHOLE.fullmatch(text) for text in texts):
        return tuple(sorted(texts, key=lambda text: (int(text), text)))
    return tuple(sorted(texts))


def _text(name: Any, row: LabelledRow) -> str:
    """The name of a class; different bytes that are no UTF-8 would be one.

    >>> row = LabelledRow("ACGU", (), "f", 1)
    >>> [_text(name, row) for name in (True, 2.0, "a")]
    ['true', '2', 'a']
    """
    if isinstance(name, float) and math.isnan(name):
        raise row.fault("label nan; write null where nothing is known")
    text = str(name).lower() if isinstance(name, bool) else str(name)
    if isinstance(name, float) and name.is_integer():
        text = str(int(name))
    if not text.strip():
        raise row.fault(f"label {text!r} is blank; write null where nothing is known")
    if "\ufffd" in text:  # in place of them
        raise row.fault(f"label {text!r:.40} is not UTF-8; save the file as UTF-8")
    return text


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
    if task.is_pairing:
        return _partners(row)
    columns = [_cells(row, column, task.task) for column in range(len(row.labels))]
    if task.is_classification:
        numbers = {name: float(number) for number, name in enumerate(task.labels)}
        parsed = [[_class(row, cell, numbers) for cell in columns[0]]]
    elif task.is_multilabel:
        parsed = [[_yes_or_no(row, cell) for cell in cells] for cells in columns]
    else:
        may_lack = not task.task.startswith("sequence")
        parsed = [[_number(row, cell, may_lack=may_lack) for cell in cells] for cells in columns]
    return np.array(parsed, np.float64).T


def _partners(row: LabelledRow) -> Targets:
    """Pairs that are too close for the network, and so for a hairpin, are not scored."""
    dot_bracket = row.labels[0]
    if not isinstance(dot_bracket, str):
        raise row.fault(f"label {dot_bracket!r}; {PAIR_PREDICTION} expects a dot-bracket")
    if len(dot_bracket) != len(row.sequence):
        raise row.fault(f"a dot-bracket of {len(dot_bracket)} symbols for {len(row.sequence)} nt")
    try:
        first, second = pairs_from_dot_bracket(dot_bracket).T
    except StructureError as error:
        raise row.fault(str(error)) from error
    partners = np.zeros((len(dot_bracket), 1))
    partners[first, 0], partners[second, 0] = second + 1, first + 1  # behind <cls>
    close = second - first < MIN_PAIR_SPAN
    partners[first[close]] = partners[second[close]] = np.nan
    return partners


def _cells(row: LabelledRow, column: int, task: str) -> list[Any]:
    """The values of one label column, one per place."""
    value = row.labels[column]
    if task.startswith("sequence"):
        if value is None and task != MULTILABEL:
            raise row.fault("no label; give one, or remove this row")
        if isinstance(value, (list, dict)):
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
    text = _text(cell, row)
    if text not in numbers:
        raise row.fault(f"class {text!r} is not in the training data; known are {', '.join(numbers)}")
    return numbers[text]


def _yes_or_no(row: LabelledRow, cell: Any) -> float:
    number = _number(row, cell, may_lack=True)
    if number not in (0, 1) and cell is not None:
        raise row.fault(f"label {cell!r:.40}; {MULTILABEL} expects 0 or 1, or nothing where it is not known")
    return number


def _number(row: LabelledRow, cell: Any, *, may_lack: bool) -> float:
    try:
        number = math.nan if cell is None else float(cell)
    except (TypeError, ValueError, OverflowError):
        raise row.fault(f"label {cell!r:.40} is no number") from None
    if abs(number) > _LARGEST or (math.isnan(number) and cell is not None):
        advice = "write null where nothing is known" if may_lack else "give one, or remove this row"
        raise row.fault(f"label {cell!r} is no finite number; {advice}")
    return number
