"""What `mprna finetune` wrote, scored as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mprna.bench.examples import Example
from mprna.bench.models.finetuned import TASKS, answers
from mprna.bench.task import LABELLED, Task
from mprna.errors import UsageError
from mprna.model.task_checkpoint import load_task_model
from mprna.model.task_config import TaskConfig


class TrainedModel:
    """A model directory for a task with the same labels; nothing is trained.

    Raises:
        ModelError: missing or damaged files.
        UsageError: a model for a task of another kind, or one that knows other classes.
    """

    types: tuple[str, ...] = LABELLED
    trains = False
    is_seeded = False

    def __init__(self, directory: Path, task: Task, *, batch_size: int) -> None:
        self._model = load_task_model(directory)
        self._columns = _columns(self._model.task, task, directory)
        self._longest = self._model.config.max_length
        self._batch_size = batch_size
        self.choices: dict[str, Any] = {}
        self.num_failed = self.num_truncated = 0

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Nothing to learn."""

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """Scores, values or a structure per sequence."""
        kept = [sequence[: self._longest] for sequence in sequences]
        self.num_truncated = sum(len(a) < len(b) for a, b in zip(kept, sequences, strict=True))
        return answers(task, self._model, self._columns, sequences, kept, batch_size=self._batch_size)


def _columns(model: TaskConfig, task: Task, directory: Path) -> list[int] | None:
    """Places of what the model names among the classes of the task; None for numbers without names."""
    if model.task != TASKS[task.type]:
        raise UsageError(
            f"{directory} was trained for {model.task}, but {task.full_name} is {TASKS[task.type]}"
        )
    if not task.classes:
        if task.type == "regression" and len(model.labels) > 1:
            names = ", ".join(model.labels)
            raise UsageError(f"{directory} says {names}; give {task.full_name} one of them as classes")
        return None
    unknown, unsaid = set(model.labels) - set(task.classes), set(task.classes) - set(model.labels)
    if unknown or (unsaid and not model.is_classification):  # train may lack a class, but no number
        raise UsageError(
            f"{directory} says {', '.join(model.labels)}, but the classes of {task.full_name} are "
            f"{', '.join(task.classes)}"
        )
    return [task.classes.index(label) for label in model.labels]
