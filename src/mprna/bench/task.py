"""What a benchmark task is, and the suites that ship as data in `tasks/`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, fields, replace
from importlib.resources import files
from typing import Any, Final

from mprna.errors import UsageError

SUITES: Final = ("rgb", "pgb", "gue", "gb", "eterna100")
SPLITS: Final = ("train", "valid", "test")
LABELLED: Final = (
    "structure",
    "classification",
    "multilabel",
    "regression",
    "multi_regression",
    "mutation_detection",
    "mutation_repair",
    "degradation",
)
"""Types whose examples are sequences with labels, from which a model can learn."""
TYPES: Final = (*LABELLED, "design")
"""An example of `design` is a target structure, and the answer to it is a sequence."""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split's file should be."""

    size: int
    """Number of rows."""
    sha256: str
    """SHA-256 of the file as it was read here; the same rows compressed otherwise have another."""
    rows_sha256: str
    """Of sequences and labels in file order (`data.rows_digest`), which no packing changes."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Where `mprna bench download` finds a suite on the Hugging Face hub."""

    id: str
    """Id of the repository; `{name}` is replaced by the task's name."""
    type: str = "dataset"
    """`dataset` or `space`."""
    archive: str = ""
    """The zip file that holds all, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One data set with its metrics."""

    suite: str
    name: str
    type: str
    """One of `TYPES`."""
    classes: tuple[str, ...]
    """Labels as the files write them; columns of `degradation`. Empty for numbers."""
    metrics: tuple[str, ...]
    """Names in `METRICS`, the one that choices are made by first."""
    dirs: tuple[str, ...]
    """Folders, or beginnings of file names, in the data folder; the first with files is taken."""
    test_file: str = ""
    """Name of the test file in the data folder, where it does not say so itself."""
    sequence: str
    """Column of the sequence, or of the target structure where the task is `design`."""
    label: str = "label"
    """Column of the label; `design` has none."""
    item_name: str = ""
    """Column of what an item is called, for the lists of those that were missed."""
    max_length: int
    """Longer sequences are cut for models that cannot read them, and counted; nt."""
    subsets: tuple[str, ...] = ()
    """Data sets of the task, each of which becomes a task `name.subset`."""
    group: str = ""
    """Name of the task that a subset is part of."""
    valid_from_train: int = 0
    """Where there is no validation split, every n-th row of train is it; 0 refuses."""
    train_from_valid: int = 0
    """Where there is no training split, every n-th row of validation is it, the others train; 0 refuses."""
    resplit_by: str = ""
    """Column by which a lone test file is split anew; empty refuses."""
    note: str = ""
    source: str = ""
    licence: str = ""
    version: str = ""
    hub: Hub | None = None
    splits: dict[str, SplitFacts] = field(default_factory=dict, hash=False)

    @property
    def full_name(self) -> str:
        return f"{self.suite}/{self.name}"


def load_suite(name: str) -> tuple[Task, ...]:
    """Tasks of a suite in their order, subsets as tasks of their own.

    Raises:
        UsageError: no such suite.
    """
    if name not in SUITES:
        raise UsageError(f"suite {name!r}; expected one of {', '.join(SUITES)}")
    text = files("mprna.bench").joinpath("tasks", f"{name}.toml").read_text(encoding="utf-8")
    return parse_suite(name, text)


def parse_suite(name: str, text: str) -> tuple[Task, ...]:
    """Tasks written as TOML; keys of the file's head hold for every task.

    Raises:
        UsageError: an unknown key or type.
    """
    content = tomllib.loads(text)
    shared = {key: content[key] for key in ("source", "licence", "version")}
    if "hub" in content:
        shared["hub"] = Hub(**content["hub"])
    return tuple(task for entry in content["tasks"] for task in _tasks_of(name, {**shared, **entry}))


def choose_tasks(suite: str, names: tuple[str, ...] = ()) -> tuple[Task, ...]:
    """Tasks of a suite by name or group; all without names.

    Raises:
        UsageError: no such suite or task.
    """
    tasks = load_suite(suite)
    known = {task.name for task in tasks} | {task.group for task in tasks}
    for name in names:
        if name not in known:
            raise UsageError(f"suite {suite} has no task {name!r}; `mprna bench list {suite}` names them")
    return tuple(task for task in tasks if not names or task.name in names or task.group in names)


def _tasks_of(suite: str, entry: dict[str, Any]) -> list[Task]:
    unknown = set(entry) - {field.name for field in fields(Task)}
    if unknown or entry["type"] not in TYPES:
        raise UsageError(
            f"{suite}: task {entry.get('name')!r}: unknown {', '.join(unknown) or entry['type']}"
        )
    splits = {name: SplitFacts(**facts) for name, facts in entry.pop("splits", {}).items()}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    task = Task(suite=suite, splits=splits, **values)
    if not task.subsets:
        return [replace(task, group=task.name)]
    return [
        replace(
            task,
            name=f"{task.name}.{subset}",
            group=task.name,
            dirs=tuple(pattern.format(subset=subset) for pattern in task.dirs),
            subsets=(),
        )
        for subset in task.subsets
    ]
