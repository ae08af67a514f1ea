"""Runs models on tasks: train, choose on validation, test once, write a record."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mprna.bench.data import Split, clusters_of, file_digest, find_split, is_as_described, load_split
from mprna.bench.metrics import METRICS, Floats, Metric, evaluate
from mprna.bench.models.model import Model
from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.record import (
    RunRecord,
    git_commit,
    hardware,
    package_versions,
    part_path,
    peak_memory_mb,
    plain_items,
    read_record,
    record_path,
    reset_peak_memory,
    training_path,
    write_record,
)
from mprna.bench.task import SPLITS, Task
from mprna.errors import MissingDataError, RunError, UsageError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one model, task and seed."""

    task: Task
    model: str
    seed: int
    record: RunRecord | None = None
    reason: str = ""
    """Why there is no record."""
    is_new: bool = False


def run_all(
    tasks: Sequence[Task],
    models: Sequence[str],
    seeds: Sequence[int],
    data_dir: Path,
    out_dir: Path,
    options: ModelOptions,
) -> Iterator[Outcome]:
    """Every model on every task with every seed; finished records are not repeated.

    A model that is not seeded has one record, of the first seed.

    Raises:
        FormatError: data that break their format. Missing data and runs that fail are outcomes with a reason.
        UsageError: a finished record of another model or budget, other data, or a task described otherwise.
    """
    options = replace(options, work_dir=out_dir)
    for task in tasks:
        files = {split: find_split(task, split, data_dir) for split in SPLITS}
        digests = {split: file_digest(file) for split, file in files.items() if file}
        for name in models:
            yield from _run_seeds(task, name, seeds, digests, data_dir, options)


def _run_seeds(
    task: Task,
    name: str,
    seeds: Sequence[int],
    digests: Mapping[str, str],
    data_dir: Path,
    options: ModelOptions,
) -> Iterator[Outcome]:
    try:
        model = make_model(name, task, options)
    except UsageError as error:
        yield Outcome(task, name, seeds[0], reason=str(error))
        return
    first: dict[str, Any] = {}
    for seed in seeds if model.is_seeded else seeds[:1]:
        path = record_path(options.work_dir, task.suite, task.name, name, seed)
        if path.exists():
            record = _finished(path, name, task, model)
            _check_data(path, record, digests)
            _remove_parts(path)  # of a run that was killed when it had written the record
            outcome = Outcome(task, name, seed, record)
        else:
            outcome = _run(task, name, seed, data_dir, path, replace(options, first_choices=first))
        yield outcome
        first = first or (outcome.record.choices if outcome.record else {})


def _finished(path: Path, name: str, task: Task, model: Model) -> RunRecord:
    record = read_record(path)
    if record.model != name:
        raise UsageError(f"{path} is of the model {record.model}, this is {name}; choose another --out")
    if record.choices.get("budget") != model.choices.get("budget"):
        raise UsageError(
            f"{path} was made with the budget {record.choices.get('budget')}, this is "
            f"{model.choices.get('budget')}; choose another --out"
        )
    chosen = model.choices
    for key, what, now in (
        ("task", "another task", task.facts),
        ("model_sha256", "another model", chosen.get("model_sha256")),
        ("bfloat16", "another setting of bfloat16", chosen.get("bfloat16")),
    ):
        if record.choices.get(key, now) != now:  # the first records do not have them
            raise UsageError(f"{path} was made with {what}; remove it, or choose another --out")
    return record


def _check_data(path: Path, record: RunRecord, digests: Mapping[str, str]) -> None:
    for split, facts in record.data.items():
        if digests.get(split, facts["sha256"]) != facts["sha256"]:
            raise UsageError(
                f"{path} was made from another {split} file than the one here; choose another --out"
            )


def _run(task: Task, name: str, seed: int, data_dir: Path, path: Path, options: ModelOptions) -> Outcome:
    try:
        record = run_one(task, name, seed, data_dir, options)
    except (MissingDataError, RunError) as error:
        return Outcome(task, name, seed, reason=str(error))
    write_record(record, path)
    _remove_parts(path)
    return Outcome(task, name, seed, record, is_new=True)


def _remove_parts(path: Path) -> None:
    """What was kept so that a killed run goes on, which a record that is written makes useless."""
    part_path(path).unlink(missing_ok=True)
    shutil.rmtree(training_path(path), ignore_errors=True)


def run_one(task: Task, name: str, seed: int, data_dir: Path, options: ModelOptions) -> RunRecord:
    """Train a model and test it once. The test split is not even read before training is over."""
    start = time.monotonic()
    reset_peak_memory()
    model = make_model(name, task, options)
    to_learn = ("train", "valid") if model.trains else ()
    splits = {split: load_split(task, split, data_dir) for split in to_learn}
    train, valid = (splits[split].examples if model.trains else () for split in ("train", "valid"))
    model.fit(task, train, valid, seed)
    test = splits["test"] = load_split(task, "test", data_dir)
    predictions = model.predict(task, [example.sequence for example in test.examples])
    items = {metric: _items(METRICS[metric], test, predictions) for metric in task.metrics}
    return RunRecord(
        suite=task.suite,
        task=task.name,
        group=task.group,
        model=name,
        seed=seed,
        metrics={metric: evaluate(METRICS[metric], values) for metric, values in items.items()},
        items={metric: plain_items(values) for metric, values in items.items()},
        num_original=test.num_original,
        num_scored=len(test.examples),
        num_truncated=model.num_truncated,
        num_failed=model.num_failed,
        data={split: _facts(task, split, loaded) for split, loaded in splits.items()},
        clusters=clusters_of(test.examples),
        names=[example.name for example in test.examples] if task.item_name else [],
        answers=predictions if task.type == "design" else [],
        choices={"task": task.facts, **model.choices},
        seconds=round(time.monotonic() - start, 3),
        peak_memory_mb=round(peak_memory_mb(), 1),
        versions=package_versions(),
        hardware=hardware(),
        git_commit=git_commit(),
    )


def _items(metric: Metric, split: Split, predictions: Sequence[Any]) -> list[Floats]:
    """What the metric is computed from, one array per example."""
    labels = (example.label for example in split.examples)
    return [metric.item(label, answer) for label, answer in zip(labels, predictions, strict=True)]


def _facts(task: Task, name: str, split: Split) -> dict[str, object]:
    """How a record describes the data of a split."""
    return {
        "path": split.path,
        "sha256": split.sha256,
        "rows": len(split.examples),
        "as_expected": is_as_described(task, name, split),
        "note": split.note,
    }
