"""Validation chooses the learning rate: the first seed tries several, the other seeds take the best one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from mprna.bench.examples import Example
from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.models.model import Budget, Model
from mprna.bench.task import Task
from mprna.errors import RunError

TRIED: Final = "learning_rates"
"""Of `choices`: the seed that tried several, the metric, and each one's validation value (None: diverged)."""

Network = TypeVar("Network")


@dataclass(frozen=True, slots=True)
class LearningRates:
    """Those that one seed trains with."""

    rates: tuple[float, ...]
    chosen_by: Mapping[str, Any]
    """What an earlier seed tried, as `choices` has it; empty if none did."""

    @classmethod
    def of(cls, budget: Budget, default: float, first_choices: Mapping[str, Any]) -> LearningRates:
        """The choice of the first seed, if that tried several, else the rates of the budget."""
        if TRIED in first_choices:
            return cls((first_choices["learning_rate"],), {TRIED: first_choices[TRIED]})
        return cls(budget.learning_rates or (default,), {})

    def best(
        self,
        task: Task,
        seed: int,
        train: Callable[[float], tuple[Network, dict[str, Any]]],
        score: Callable[[Network], float],
    ) -> tuple[Network, dict[str, Any]]:
        """The network of the best rate, and what the record says of it.

        Args:
            train: with a rate, to a network and its choices.
            score: a network's first metric of the task on validation; not asked if there is one rate.

        Raises:
            RunError: the loss diverges at every rate.
        """
        if len(self.rates) == 1:
            network, choices = train(self.rates[0])
            return network, {"learning_rate": self.rates[0], **choices, **self.chosen_by}
        tried: dict[str, float | None] = {}
        best, failures = -np.inf, []
        kept: tuple[Network, dict[str, Any]] | None = None
        for rate in self.rates:
            try:
                network, choices = train(rate)
            except RunError as error:  # diverged
                tried[str(rate)] = None
                failures.append(error)
                continue
            tried[str(rate)] = value = score(network)
            if kept is None or sign_of(task) * value > best:  # nan is kept until there is a number
                best, kept = (
                    np.fmax(best, sign_of(task) * value),
                    (network, {"learning_rate": rate} | choices),
                )
        if kept is None:
            raise failures[-1]
        network, choices = kept
        return network, choices | {TRIED: {"seed": seed, "metric": task.metrics[0], "valid": tried}}


def validate(model: Model, task: Task, valid: Sequence[Example]) -> float:
    """The first metric of the task."""
    metric = METRICS[task.metrics[0]]
    answers = model.predict(task, [example.sequence for example in valid])
    return evaluate(metric, [metric.item(e.label, answer) for e, answer in zip(valid, answers, strict=True)])


def sign_of(task: Task) -> float:
    """-1 where the least value of the first metric is the best."""
    return -1.0 if METRICS[task.metrics[0]].lower_is_better else 1.0
