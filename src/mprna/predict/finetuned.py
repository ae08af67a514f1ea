"""Records through a fine-tuned model: one row per record, and a reason where there is no prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError
from mprna.io.records import Record
from mprna.model.task_config import TaskConfig
from mprna.predict.parallel import map_ordered
from mprna.predict.tables import Row
from mprna.runtime.load import load_task_engine
from mprna.runtime.task import read_task


def read_columns(model_dir: Path) -> dict[str, str]:
    """Names of a row's values, in order, and their types, as `mprna.predict.tables` has them.

    Raises:
        ModelError: no model that `mprna finetune` wrote.
    """
    return _columns(read_task(model_dir))


def predict_records(records: Iterable[Record], model_dir: Path, *, jobs: int = 1) -> Iterator[Row]:
    """`name`, the prediction, and `error`, which is None where there is a prediction; in order.

    Sequence classes have `label` and one `p_CLASS` each, labels that do not exclude each other one `p_LABEL`
    each, token classes `labels`, one per nucleotide; numbers stand under the names of their columns in the
    training data, as a list for token tasks.

    Args:
        jobs: processes; results do not depend on it.

    Raises:
        ModelError: no readable model that `mprna finetune` wrote.
    """
    failed = partial(_failed, read_columns(model_dir))
    return map_ordered(partial(_Predictor, model_dir), records, jobs=jobs, on_kill=failed)


class _Predictor:
    def __init__(self, model_dir: Path) -> None:
        self._engine = load_task_engine(model_dir)
        self._task = self._engine.task
        self._columns = _columns(self._task)

    def __call__(self, record: Record) -> Row:
        try:
            predicted = self._engine.predict(clean_sequence(record.sequence))
        except SequenceError as error:
            return _failed(self._columns, record, str(error))
        if self._task.is_classification:
            values = _classes(predicted.argmax(1).tolist(), predicted[0].tolist(), self._task)
        elif self._task.is_multilabel:
            values = _probs(predicted[0].tolist(), self._task)
        else:
            values = _numbers(predicted.T.tolist(), self._task)
        return {"name": record.name} | values | {"error": None}


def _columns(task: TaskConfig) -> dict[str, str]:
    if task.is_multilabel:
        values = {f"p_{name}": "float" for name in task.labels}
    elif not task.is_classification:
        values = dict.fromkeys(task.labels, "floats" if task.per_token else "float")
    elif task.per_token:
        values = {"labels": "str" if _single_letters(task) else "strs"}
    else:
        values = {"label": "str"} | {f"p_{name}": "float" for name in task.labels}
    return {"name": "str"} | values | {"error": "str"}


def _failed(columns: dict[str, str], record: Record, reason: str) -> Row:
    return dict.fromkeys(columns) | {"name": record.name, "error": reason}


def _classes(chosen: list[int], probs: list[float], task: TaskConfig) -> Row:
    """Of sequence tasks with the probabilities of all classes, of token tasks the classes alone."""
    names = [task.labels[number] for number in chosen]
    if task.per_token:
        return {"labels": "".join(names) if _single_letters(task) else names}
    return {"label": names[0]} | _probs(probs, task)


def _probs(probs: list[float], task: TaskConfig) -> Row:
    return {f"p_{name}": round(prob, 4) for name, prob in zip(task.labels, probs, strict=True)}


def _numbers(values: list[list[float]], task: TaskConfig) -> Row:
    rounded = [[float(f"{value:.6g}") for value in column] for column in values]
    found = rounded if task.per_token else [column[0] for column in rounded]
    return dict(zip(task.labels, found, strict=True))


def _single_letters(task: TaskConfig) -> bool:
    return all(len(name) == 1 for name in task.labels)
