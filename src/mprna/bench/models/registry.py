"""From a name on the command line to a model.

A new model is an entry of `MODELS`, or no code at all: any installed model or directory has a name already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mprna.bench.models.folding import FoldingModel
from mprna.bench.models.majority import Majority
from mprna.bench.models.model import Model
from mprna.bench.task import Task
from mprna.errors import UsageError
from mprna.predict.options import EnergyModel, FoldOptions


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the command line says about models."""

    jobs: int = 1
    """Processes that fold."""


def _vienna(parameters: str) -> Callable[[Task, ModelOptions], Model]:
    options = FoldOptions(engine="vienna", energy_model=EnergyModel(parameters=parameters))
    return lambda task, model_options: FoldingModel(options, jobs=model_options.jobs)


MODELS: Final[dict[str, Callable[[Task, ModelOptions], Model]]] = {
    "vienna": _vienna("turner2004"),
    "vienna-langdon2018": _vienna("langdon2018"),
    "vienna-andronescu2007": _vienna("andronescu2007"),
    "majority": lambda task, options: Majority(),
}
"""Models by name; each is made anew for every task and seed."""


def make_model(name: str, task: Task, options: ModelOptions) -> Model:
    """The model of this name for one task.

    `NAME` of one of our models folds with it where the task is structure; `NAME:model` folds by the network
    alone.

    Raises:
        UsageError: a model that cannot do this type of task.
    """
    model = MODELS[name](task, options) if name in MODELS else _ours(name, task, options)
    if task.type not in model.types:
        raise UsageError(f"{name} does {', '.join(model.types)}, but {task.full_name} is {task.type}")
    return model


def _ours(name: str, task: Task, options: ModelOptions) -> Model:
    directory, _, engine = name.partition(":")
    return FoldingModel(FoldOptions(engine=engine or "hybrid", model=directory), jobs=options.jobs)
