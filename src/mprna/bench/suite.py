"""Suites of benchmark tasks: those that ship as data in `tasks/`, and files of a user's own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from mprna.bench.task import CLASSES_OF, METRICS_OF, SPLITS, Hub, SplitFacts, Task
from mprna.errors import UsageError

SUITES: Final = ("rgb", "pgb", "gue", "gb", "eterna100")
"""Those that ship."""

_NAME: Final = re.compile(r"\w[\w.+-]*")
"""What suites and tasks may be called, since folders of records have their names."""
_NO_KEYS: Final = ("suite", "group", "hub")
"""Fields of a task that do not stand in its entry."""
_SPLIT_RULES: Final = ("valid_from_train", "train_from_valid")
_EXPECTED: Final = {
    "str": "a text",
    "int": "a whole number from 0",
    "tuple[str, ...]": "a list of texts",
    "dict[str, SplitFacts]": "a table",
}

Made = TypeVar("Made")


def load_suite(name: str) -> tuple[Task, ...]:
    """Tasks of a suite in their order, subsets as tasks of their own.

    Args:
        name: one of `SUITES`, or the path of a TOML file, whose name without `.toml` is that of the suite.

    Raises:
        UsageError: no such suite, or a file that describes none.
    """
    if name in SUITES:
        text = files("mprna.bench").joinpath("tasks", f"{name}.toml").read_text(encoding="utf-8")
        return parse_suite(name, text)
    path = Path(name)
    if path.suffix != ".toml":
        raise UsageError(
            f"suite {name!r}; expected one of {', '.join(SUITES)}, or a file that ends with .toml"
        )
    if path.stem in SUITES or not _NAME.fullmatch(path.stem):
        raise UsageError(f"{name}: records are called by the name of the file; rename it ({path.stem!r})")
    if not path.is_file():
        raise UsageError(f"{name}: no such file")
    try:
        return parse_suite(path.stem, path.read_text(encoding="utf-8-sig"))
    except (UsageError, ValueError) as error:  # no UTF-8, or no TOML
        raise UsageError(f"{name}: {error}") from None
    except RecursionError:
        raise UsageError(f"{name}: too deep") from None


def parse_suite(name: str, text: str) -> tuple[Task, ...]:
    """Tasks written as TOML; keys of the file's head hold for every task.

    Raises:
        UsageError: a key, type or metric that does not exist, or a value that does not fit.
        ValueError: no TOML.
    """
    content = tomllib.loads(text)
    shared = {key: value for key, value in content.items() if key not in ("title", "hub", "tasks")}
    hub = _made(Hub, content["hub"]) if "hub" in content else None
    entries = content.get("tasks")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries) or not entries:
        raise UsageError("no [[tasks]], which have at least a name and a type")
    tasks = tuple(task for entry in entries for task in _tasks_of(name, {**shared, **entry}, hub))
    if len({task.name for task in tasks}) < len(tasks):
        raise UsageError("two tasks of one name")
    return tasks


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


def _problem(entry: dict[str, Any]) -> str:
    """Why an entry describes no task; empty if it does."""
    types = {field.name: str(field.type) for field in fields(Task) if field.name not in _NO_KEYS}
    for key, value in entry.items():
        if key not in types:
            return f"unknown {key}"
        if not _fits(value, types[key]):
            return f"{key} is {value!r:.40}, expected {_EXPECTED[types[key]]}"
    kind, name = entry.get("type", ""), entry.get("name", "")
    if not all(map(_NAME.fullmatch, (name, *entry.get("subsets", ())))):
        return "expected names of letters, digits and . + - _, of it and its subsets"
    if kind not in METRICS_OF:
        return f"type {kind!r}; expected one of {', '.join(METRICS_OF)}"
    if unknown := [metric for metric in entry.get("metrics", ()) if metric not in METRICS_OF[kind]]:
        return f"metrics {', '.join(unknown)}; expected some of {', '.join(METRICS_OF[kind])}"
    if entry.get("max_length") == 0 or 1 in (entry.get(rule) for rule in _SPLIT_RULES):
        return f"max_length is from 1, {' and '.join(_SPLIT_RULES)} from 2"
    if unknown := [split for split in entry.get("splits", ()) if split not in SPLITS]:
        return f"splits {', '.join(unknown)}; expected some of {', '.join(SPLITS)}"
    classes = entry.get("classes", [])
    if kind in ("classification", "degradation") and not classes:
        return f"{kind} needs classes"
    if kind == "regression" and len(classes) > 1:
        return f"{len(classes)} classes; regression has one number, multi_regression several"
    if kind in CLASSES_OF and classes not in ([], list(CLASSES_OF[kind])):
        return f"the classes of {kind} are {' '.join(CLASSES_OF[kind])}; leave them out"
    if len(set(classes)) < len(classes):
        return "two classes of one name"
    try:
        [pattern.format(subset="") for pattern in entry.get("dirs", ()) if entry.get("subsets")]
    except (LookupError, ValueError, AttributeError):
        return f"dirs are {entry['dirs']!r:.60}; {{subset}} is all that may stand in braces"
    return ""


def _fits(value: Any, type_name: str) -> bool:
    """Whether a value of TOML has the type of a field."""
    if type_name == "str":
        return isinstance(value, str)
    if type_name == "int":
        return type(value) is int and value >= 0
    if type_name == "tuple[str, ...]":
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return isinstance(value, dict)


def _made(kind: Callable[..., Made], values: Any) -> Made:
    """A table of TOML as the object that it describes."""
    try:
        return kind(**values)
    except TypeError as error:
        raise UsageError(f"{values!r:.40} does not describe what it should ({error})") from None


def _tasks_of(suite: str, entry: dict[str, Any], hub: Hub | None) -> list[Task]:
    if problem := _problem(entry):
        raise UsageError(f"task {entry.get('name')!r}: {problem}")
    splits = {name: _made(SplitFacts, facts) for name, facts in entry.pop("splits", {}).items()}
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
    }
    task = Task(suite=suite, splits=splits, hub=hub, **values)
    own_dir = f"{task.name}/{{subset}}" if task.subsets else task.name
    task = replace(
        task,
        classes=task.classes or CLASSES_OF.get(task.type, ()),
        metrics=task.metrics or METRICS_OF[task.type],
        dirs=task.dirs or (() if task.test_file else (own_dir,)),
    )
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
