"""The protocol that everything in a table follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mprna.bench.data import Example
from mprna.bench.task import Task


@dataclass(frozen=True, slots=True)
class Budget:
    """What every network may spend on a task; the record holds it, so that no table mixes two."""

    epochs: int = 10
    """Passes over train, at most."""
    batch_size: int = 32
    """Sequences per optimizer step."""
    patience: int = 3
    """Epochs without a better validation metric after which training ends."""
    learning_rates: tuple[float, ...] = ()
    """Peaks of fine-tuning, of which the first seed chooses; none: that of the mode in `models.finetuned`."""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a record: `learning_rate` is None, a number, or a list of several."""
        *others, rate = self.learning_rates or (None,)
        fixed = {"epochs": self.epochs, "batch_size": self.batch_size, "patience": self.patience}
        return fixed | {"learning_rate": [*others, rate] if others else rate}


class Model(Protocol):
    """One model on one task; every choice it makes is made on the validation split."""

    types: tuple[str, ...]
    """Task types that it can do."""
    trains: bool
    """Whether it needs the training and validation splits."""
    is_seeded: bool
    """Whether each seed has a record of its own."""
    choices: dict[str, Any]
    """What was chosen on validation, for the record; `budget` from the start, where there is one."""
    num_failed: int
    """Sequences of the last `predict` for which it had no answer, and which count as wrong."""
    num_truncated: int
    """Sequences of the last `predict` that it did not read whole."""

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Learn from train, choose by valid, which are empty where it does not train. Never sees test."""
        ...

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """One prediction per sequence, sequences alone being seen.

        A dot-bracket for `structure`; class scores (C,) for `classification`, (L, C) for mutation tasks;
        values (n,) for regressions and `multilabel`; (L, targets) for `degradation`. For `design`, a sequence
        per target, empty where there is none.
        """
        ...
