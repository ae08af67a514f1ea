"""What an answer is worth that does not look at the sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mprna.bench.examples import Example
from mprna.bench.task import LABELLED, Task


class Majority:
    """The class frequencies, or the mean label, of the training split."""

    types: tuple[str, ...] = LABELLED
    trains = True
    is_seeded = True

    def __init__(self) -> None:
        self.choices: dict[str, Any] = {}
        self.num_failed = self.num_truncated = 0
        self._answer: Any = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Count train."""
        if task.type in ("classification", "mutation_detection", "mutation_repair"):
            labels = np.concatenate([np.atleast_1d(example.label) for example in train])
            counts = np.bincount(labels[labels >= 0], minlength=len(task.classes))
            self._answer = counts / max(1, counts.sum())
        elif task.type != "structure":
            self._answer = np.mean(
                np.concatenate([np.atleast_2d(example.label) for example in train]), axis=0
            )

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """The same answer for every item."""
        if task.type == "structure":
            return ["." * len(sequence) for sequence in sequences]
        if task.type in ("mutation_detection", "mutation_repair", "degradation"):
            return [np.tile(self._answer, (len(sequence), 1)) for sequence in sequences]
        return [self._answer for _ in sequences]
