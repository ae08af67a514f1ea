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
from os.path import isdir
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mprna.bench.models.design import Designer, DesignModel, search
from mprna.bench.models.folding import FoldingModel, TemplateModel
from mprna.bench.models.identity import model_sha256
from mprna.bench.models.linear import PER_NUCLEOTIDE, POOLED, Features, LinearModel, kmer_counts
from mprna.bench.models.majority import Majority
from mprna.bench.models.model import Budget, Model
from mprna.bench.models.program import PROGRAMS, command_line, named_program
from mprna.bench.models.rnainverse import rnainverse
from mprna.bench.record import file_name, record_path
from mprna.bench.task import Task
from mprna.errors import MissingExtraError, UsageError
from mprna.model.layout import TASK_KIND
from mprna.predict.options import EnergyModel, FoldOptions
from mprna.runtime.load import load
from mprna.runtime.store import find_model, kind_of

if TYPE_CHECKING:
    from mprna.bench.models.transformers_tokens import Source
    from mprna.train.backbone import Backbone

FINETUNED: Final = ("head", "lora", "full", "scratch", "pairs", "scratch-pairs")
MODES: Final = ("probe", *FINETUNED)
"""How a network is trained on a task; see `make_model`."""


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the command line says about models."""

    jobs: int = 1
    """Processes that fold or design; of fine-tuning, threads."""
    weights: dict[str, str] = field(default_factory=dict, hash=False)
    """Baseline to the directory where it lies."""
    remote_code: bool = False
    """Run Python code that comes with a model."""
    budget: Budget = field(default_factory=Budget)
    """Budget of every network that is trained."""
    time_limit: float = 10.0
    """Seconds of processor time of the search for each design."""
    bfloat16: bool = False
    """Fine-tune in bfloat16."""
    device: str | None = None
    """Device of fine-tuning, as torch names it; None is a GPU if there is one."""
    work_dir: Path = Path("bench")
    """Where the records go, and what is not finished is kept."""
    first_choices: dict[str, Any] = field(default_factory=dict, hash=False)
    """Of the record of the task's first seed, whose learning rate the other seeds take."""


def _vienna(parameters: str) -> Callable[[Task, ModelOptions], Model]:
    options = FoldOptions(engine="vienna", energy_model=EnergyModel(parameters=parameters))
    return lambda task, model_options: FoldingModel(options, jobs=model_options.jobs)


def _named(program: str) -> Callable[[Task, ModelOptions], Model]:
    return lambda task, model_options: named_program(program)


def _designed(name: str, designer: Designer) -> Callable[[Task, ModelOptions], Model]:
    return lambda task, options: DesignModel(
        designer,
        time_limit=options.time_limit,
        record_of=lambda seed: record_path(options.work_dir, task.suite, task.name, name, seed),
        jobs=options.jobs,
    )


MODELS: Final[dict[str, Callable[[Task, ModelOptions], Model]]] = {
    "vienna": _vienna("turner2004"),
    "vienna-langdon2018": _vienna("langdon2018"),
    "vienna-andronescu2007": _vienna("andronescu2007"),
    "vienna-templates": lambda task, options: TemplateModel(FoldOptions(engine="vienna"), jobs=options.jobs),
    **{name: _named(name) for name in PROGRAMS},
    "design": _designed("design", search),
    "rnainverse": _designed("rnainverse", rnainverse),
    "majority": lambda task, options: Majority(),
    "kmer": lambda task, options: LinearModel({f"{k}-mers": kmer_counts(k) for k in (3, 4, 5)}, POOLED),
    "cnn": lambda task, options: _cnn(options),
}
"""Models by name; each is made anew for every task and seed."""


def baselines() -> dict[str, dict[str, Any]]:
    """The published baselines: name to id, tokenization, parameters and how to load it."""
    return tomllib.loads(files("mprna.bench.models").joinpath("baselines.toml").read_text(encoding="utf-8"))


def make_model(name: str, task: Task, options: ModelOptions) -> Model:
    """The model of this name for one task.

    A directory that `mprna finetune` wrote is taken as it is, for tasks with its labels. `NAME` of another
    of our models folds where the task is structure, and else is a frozen network under a linear head;
    `NAME:probe` is the latter everywhere, `NAME:model` folds by the network alone, and `NAME:templates` with
    the structures of train as templates. `NAME:head`, `NAME:lora`
    and `NAME:full` are trained on the task, and `NAME:scratch` is the same network from random weights.
    `NAME:pairs` and `NAME:scratch-pairs`, for structures, train its pair head in place of a new one. A
    baseline and `hf:DIR` are transformers models, frozen or with one of these modes but the last two.
    `command:PROGRAM ARGUMENTS` folds by any program (see `ProgramModel`).

    Raises:
        UsageError: a model that cannot do this type of task.
    """
    model = _make(name, task, options)
    if task.type not in model.types:
        raise UsageError(f"{name} does {', '.join(model.types)}, but {task.full_name} is {task.type}")
    if directory := _directory(name, options):
        has_weights = "scratch" not in split_mode(name)[1]
        model.choices["model_sha256"] = model_sha256(directory, has_weights=has_weights)
    return model


def split_mode(name: str) -> tuple[str, str]:
    """A name and its mode, which is empty where it has none.

    >>> split_mode("mini:lora"), split_mode("hf:esm:full"), split_mode("hf:full"), split_mode("mini:model")
    (('mini', 'lora'), ('hf:esm', 'full'), ('hf:full', ''), ('mini:model', ''))
    """
    stem, _, mode = name.rpartition(":")
    has_one = mode in MODES and stem not in ("", "hf") and not name.startswith("command:")
    return (stem, mode) if has_one else (name, "")


def with_mode(name: str, mode: str | None) -> str:
    """The name of a network with a mode, unless it has one; other names as they are.

    >>> [with_mode(name, "lora") for name in ("mini", "mini:full", "hf:esm", "dnabert-2", "cnn")]
    ['mini:lora', 'mini:full', 'hf:esm:lora', 'dnabert-2:lora', 'cnn']
    """
    is_network = name.startswith("hf:") or (":" not in name and name not in MODELS)
    return f"{name}:{mode}" if mode and is_network and not split_mode(name)[1] else name


def _make(name: str, task: Task, options: ModelOptions) -> Model:
    if name in MODELS:
        return MODELS[name](task, options)
    stem, mode = split_mode(name)
    if stem in baselines():
        return _transformers(name, _baseline(stem, options), mode, task, options)
    kind, _, rest = stem.partition(":")
    if kind == "command":
        return command_line(rest)
    if kind == "hf":
        return _transformers(name, {"name": rest, "remote_code": options.remote_code}, mode, task, options)
    if mode in FINETUNED:
        return _finetuned(name, _checkpoint(kind, mode), mode, task, options)
    if not mode and kind_of(find_model(kind)) == TASK_KIND:
        return _trained(find_model(kind), task, options)
    if mode == "probe" or (task.type != "structure" and not rest):
        return _probe(_hidden_states(kind), task)
    if rest == "templates":
        return TemplateModel(FoldOptions(model=kind), jobs=options.jobs)
    return FoldingModel(FoldOptions(engine=rest or "hybrid", model=kind), jobs=options.jobs)


def _directory(name: str, options: ModelOptions) -> Path | None:
    """Where the weights of a model lie; None where it has none, or transformers looks for them."""
    stem, _ = split_mode(name)
    kind, _, rest = stem.partition(":")
    if name in MODELS or kind == "command":
        return None
    if kind != "hf" and stem not in baselines():
        return find_model(kind)
    directory = rest if kind == "hf" else options.weights.get(stem, "")
    return Path(directory) if isdir(directory) else None


def _baseline(name: str, options: ModelOptions) -> dict[str, Any]:
    """Fields of the `Source` of a published baseline."""
    entry = baselines()[name]
    if entry.get("remote_code") and not options.remote_code:
        raise UsageError(f"{name} ({entry['id']}) brings its own code; --trust-remote-code runs it")
    how = {key: entry[key] for key in ("alphabet", "word", "step") if key in entry}
    name_or_dir = options.weights.get(name, entry["id"])
    return {"alphabet": "dna"} | how | {"name": name_or_dir, "remote_code": options.remote_code}


def _probe(features: Features, task: Task) -> Model:
    return LinearModel({"hidden states": features}, POOLED + PER_NUCLEOTIDE, max_length=task.max_length)


@lru_cache(maxsize=2)
def _hidden_states(model: str) -> Features:
    engine = load(Path(model) if Path(model).is_dir() else model)
    return lambda sequence: engine.predict(sequence).hidden_states


def _transformers(name: str, source: dict[str, Any], mode: str, task: Task, options: ModelOptions) -> Model:
    _need_torch("a transformers model", "transformers")
    from mprna.bench.models.transformers_model import TransformersBackbone
    from mprna.bench.models.transformers_tokens import Reader, Source

    if mode.endswith("pairs"):
        raise UsageError(f"{name}: only our own models have a head for pairs; take another mode")
    if mode in FINETUNED:
        return _finetuned(name, TransformersBackbone(Reader(Source(**source))), mode, task, options)
    return _probe(_frozen(Source(**source)), task)


@lru_cache(maxsize=1)
def _frozen(source: Source) -> Features:
    from mprna.bench.models.transformers_model import TransformersFeatures

    return TransformersFeatures(source)


def _checkpoint(model: str, mode: str) -> Backbone:
    _need_torch(f"the mode {mode}")
    from mprna.train.backbone import Checkpoint

    return Checkpoint(find_model(model))


def _trained(directory: Path, task: Task, options: ModelOptions) -> Model:
    _need_torch("a fine-tuned model")
    from mprna.bench.models.trained import TrainedModel

    return TrainedModel(directory, task, batch_size=options.budget.batch_size)


def _need_torch(feature: str, *others: str) -> None:
    if any(find_spec(module) is None for module in ("torch", *others)):
        raise MissingExtraError(feature, "bench")


def _cnn(options: ModelOptions) -> Model:
    _need_torch("the one-hot CNN")
    from mprna.bench.models.cnn import ConvolutionalModel

    return ConvolutionalModel(options.budget, options.first_choices)


def _finetuned(name: str, backbone: Backbone, mode: str, task: Task, options: ModelOptions) -> Model:
    from mprna.bench.models.finetuned import FinetunedModel

    return FinetunedModel(
        backbone,
        mode,
        options.budget,
        longest=task.max_length,
        bfloat16=options.bfloat16,
        device=options.device,
        run_dir=options.work_dir / f"{task.suite}.{task.name}" / file_name(name),
        num_threads=options.jobs,
        first_choices=options.first_choices,
    )
