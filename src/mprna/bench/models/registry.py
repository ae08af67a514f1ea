"""From a name on the command line to a model.

A new model is an entry of `MODELS`, or no code at all: any installed model or directory has a name already.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mprna.bench.models.folding import FoldingModel
from mprna.bench.models.linear import PER_NUCLEOTIDE, POOLED, Features, LinearModel, kmer_counts
from mprna.bench.models.majority import Majority
from mprna.bench.models.model import Budget, Model
from mprna.bench.models.program import PROGRAMS, command_line, named_program
from mprna.bench.record import file_name
from mprna.bench.task import Task
from mprna.errors import MissingExtraError, UsageError
from mprna.predict.options import EnergyModel, FoldOptions
from mprna.runtime.load import load
from mprna.runtime.store import find_model

FINETUNED: Final = ("head", "lora", "full", "scratch")
MODES: Final = ("probe", *FINETUNED)
"""How our checkpoints are trained on a task; see `make_model`."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the command line says about models."""

    jobs: int = 1
    """Processes that fold."""
    weights: dict[str, str] = field(default_factory=dict, hash=False)
    """Baseline to the directory where it lies."""
    remote_code: bool = False
    """Run Python code that comes with a model."""
    budget: Budget = field(default_factory=Budget)
    """Of every network that is trained."""
    bfloat16: bool = False
    """Train our checkpoints in bfloat16."""
    work_dir: Path = Path("bench")
    """Where training that is not finished is kept."""


def _vienna(parameters: str) -> Callable[[Task, ModelOptions], Model]:
    options = FoldOptions(engine="vienna", energy_model=EnergyModel(parameters=parameters))
    return lambda task, model_options: FoldingModel(options, jobs=model_options.jobs)


def _named(program: str) -> Callable[[Task, ModelOptions], Model]:
    return lambda task, model_options: named_program(program)


MODELS: Final[dict[str, Callable[[Task, ModelOptions], Model]]] = {
    "vienna": _vienna("turner2004"),
    "vienna-langdon2018": _vienna("langdon2018"),
    "vienna-andronescu2007": _vienna("andronescu2007"),
    **{name: _named(name) for name in PROGRAMS},
    "majority": lambda task, options: Majority(),
    "kmer": lambda task, options: LinearModel({f"{k}-mers": kmer_counts(k) for k in (3, 4, 5)}, POOLED),
    "cnn": lambda task, options: _cnn(options.budget),
}
"""Models by name; each is made anew for every task and seed."""


def baselines() -> dict[str, dict[str, Any]]:
    """The published baselines: name to id, tokenization, parameters and how to load it."""
    return tomllib.loads(files("mprna.bench.models").joinpath("baselines.toml").read_text(encoding="utf-8"))


def make_model(name: str, task: Task, options: ModelOptions) -> Model:
    """The model of this name for one task.

    `NAME` of one of our models folds where the task is structure, and else is a frozen network under a
    linear head; `NAME:probe` is the latter everywhere, `NAME:model` folds by the network alone. `NAME:head`,
    `NAME:lora` and `NAME:full` are trained on the task, `NAME:scratch` is the same network from random
    weights. A baseline and `hf:DIR` are frozen transformers models. `command:PROGRAM ARGUMENTS` folds by any
    program (see `ProgramModel`).

    Raises:
        UsageError: a model that cannot do this type of task.
    """
    model = _make(name, task, options)
    if task.type not in model.types:
        raise UsageError(f"{name} does {', '.join(model.types)}, but {task.full_name} is {task.type}")
    return model


def with_mode(name: str, mode: str | None) -> str:
    """The name of one of our models with a mode, unless it has one; other names as they are.

    >>> with_mode("mini", "lora"), with_mode("mini:full", "lora"), with_mode("cnn", "lora")
    ('mini:lora', 'mini:full', 'cnn')
    """
    return name if mode is None or ":" in name or name in MODELS or name in baselines() else f"{name}:{mode}"


def _make(name: str, task: Task, options: ModelOptions) -> Model:
    if name in MODELS:
        return MODELS[name](task, options)
    if name in baselines():
        return _baseline(name, task, options)
    kind, _, directory = name.partition(":")
    if kind == "command":
        return command_line(directory)
    if kind == "hf":
        return _probe(_transformers(directory, "rna", options.remote_code), task)
    engine = directory
    if engine == "probe" or (task.type != "structure" and not engine):
        return _probe(_hidden_states(kind), task)
    if engine in FINETUNED:
        return _finetuned(name, kind, engine, task, options)
    return FoldingModel(FoldOptions(engine=engine or "hybrid", model=kind), jobs=options.jobs)


def _baseline(name: str, task: Task, options: ModelOptions) -> Model:
    entry = baselines()[name]
    if entry.get("remote_code") and not options.remote_code:
        raise UsageError(f"{name} ({entry['id']}) brings its own code; --trust-remote-code runs it")
    source = options.weights.get(name, entry["id"])
    alphabet, word, step = entry.get("alphabet", "dna"), entry.get("word", 0), entry.get("step", 1)
    return _probe(_transformers(source, alphabet, options.remote_code, word, step), task)


def _probe(features: Features, task: Task) -> Model:
    return LinearModel({"hidden states": features}, POOLED + PER_NUCLEOTIDE, max_length=task.max_length)


@lru_cache(maxsize=2)
def _hidden_states(model: str) -> Features:
    engine = load(Path(model) if Path(model).is_dir() else model)
    return lambda sequence: engine.predict(sequence).hidden_states


@lru_cache(maxsize=1)
def _transformers(source: str, alphabet: str, remote_code: bool, word: int = 0, step: int = 1) -> Features:
    from mprna.bench.models.transformers_model import TransformersFeatures

    return TransformersFeatures(source, alphabet=alphabet, word=word, step=step, remote_code=remote_code)


def _cnn(budget: Budget) -> Model:
    from mprna.bench.models.cnn import ConvolutionalModel

    return ConvolutionalModel(budget)


def _finetuned(name: str, kind: str, mode: str, task: Task, options: ModelOptions) -> Model:
    if find_spec("torch") is None:
        raise MissingExtraError(f"the mode {mode}", "bench")
    from mprna.bench.models.finetuned import FinetunedModel

    return FinetunedModel(
        find_model(kind),
        mode,
        options.budget,
        longest=task.max_length,
        bfloat16=options.bfloat16,
        run_dir=options.work_dir / f"{task.suite}.{task.name}" / file_name(name),
        num_threads=options.jobs,
    )
