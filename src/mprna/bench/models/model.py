"""The protocol of everything that is compared in a table of results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mprna.bench.examples import Example
from mprna.bench.task import Task


@dataclass(frozen=True, slots=True)
class Budget:
    """How much training a network may spend on a task. Records hold it, and no cell of a table mixes budgets;
    the models of one column may have different ones."""

    epochs: int = 10
    """Passes over train, at most."""
    batch_size: int = 32
    """Sequences per optimizer step."""
    patience: int = 3
    """Epochs without a better validation metric after which training ends."""
    learning_rates: tuple[float, ...] = ()
    """Learning rates from which the first seed chooses; empty is the default of the model or its mode."""

    def to_dict(self) -> dict[str, Any]:
        """As it stands in a record: `learning_rate` is None, a number, or a list of several."""
        *others, rate = self.learning_rates or (None,)
        fixed = {"epochs": self.epochs, "batch_size": self.batch_size, "patience": self.patience}
        return fixed | {"learning_rate": [*others, rate] if others else rate}


class Model(Protocol):
    """One model on one task. Whatever it chooses, it chooses on the validation split."""

    types: tuple[str, ...]
    """Types of the tasks that it can do."""
    trains: bool
    """Whether it needs the training and validation splits."""
    is_seeded: bool
    """Whether each seed has a record of its own."""
    choices: dict[str, Any]
    """What it chose on validation, for the record; from the start it holds the `budget`, if there is one, and
    `make_model` adds the `model_sha256`."""
    num_failed: int
    """Sequences of the last `predict` for which it had no answer, and which count as wrong."""
    num_truncated: int
    """Sequences of the last `predict` that it did not read whole."""

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Learn from `train` and choose by `valid`, both empty if it does not train. It never sees test."""
        ...

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """One prediction per sequence; the model is given nothing but the sequences.

        A dot-bracket for `structure`; class scores (C,) for `classification`, (L, C) for mutation tasks;
        values (n,) for regressions and `multilabel`; (L, targets) for `degradation`. For `design`, a sequence
        per target, empty where there is none.
        """
        ...
