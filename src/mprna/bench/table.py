"""Records to the rows of a table: means, spreads, intervals, tests, ranks.

A cell pools the seeds of one model on one task and metric: the mean over seeds, their standard deviation,
and the 95 % interval over test items of the seeds' mean.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Final

import numpy as np

from mprna.bench.audit import Leaked
from mprna.bench.metrics import METRICS, Floats, Metric, evaluate
from mprna.bench.record import RunRecord, items_of
from mprna.bench.statistics import Draws, average_ranks, draw_items, holm, interval, paired_p, resampled
from mprna.errors import DataError

ALPHA: Final = 0.05
MIN_COMPARED: Final = 6
"""Items, or clusters, below which no model is compared: 5 differences have one sign by chance once in 16."""

_SAME_IN_A_CELL: Final = {
    "budget": "budgets",
    "model_sha256": "weights",
    "bfloat16": "settings of bfloat16",
}
"""Choices that seeds of one model have in common, and what they are called; the first records lack some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One model on one task by one metric."""

    model: str
    mean: float
    sd: float
    """Over seeds; nan with one."""
    low: float
    """Lower end of the 95 % interval."""
    high: float
    num_seeds: int
    num_original: int
    num_scored: int
    num_truncated: int
    num_failed: int
    seconds: float
    """Wall time of training and test, mean over seeds."""
    peak_memory_mb: float
    """Peak memory of the process, the largest of all seeds."""
    rank: int
    """1 is best; models with equal means share a rank, and a model without a value comes last."""
    p: float
    """p-value of no difference from the best model, Holm-corrected over the column; nan for the best, and for
    a model without a value."""


@dataclass(frozen=True, slots=True)
class Column:
    """All models on one task, by one metric."""

    task: str
    metric: str
    lower_is_better: bool
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]
    """How the data differ from the published ones, what intervals resample, and which items were missed."""

    @property
    def title(self) -> str:
        return f"{self.task} {self.metric} {'↓' if self.lower_is_better else '↑'}"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and the mean rank of every model over the columns in which all models have a value."""

    columns: tuple[Column, ...]
    ranks: dict[str, float]

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.model for column in self.columns for cell in column.cells))

    @property
    def num_ranked(self) -> int:
        """How many columns the mean ranks are over."""
        defined = [sum(not isnan(cell.mean) for cell in column.cells) for column in self.columns]
        return defined.count(len(self.models))


def build_table(records: Sequence[RunRecord], left_out: Mapping[str, Leaked] | None = None) -> Table:
    """A table of records.

    Args:
        left_out: task (`suite/name`) to test rows that are not scored.

    Raises:
        DataError: records of one task that were made on different test files, have different metrics or
            describe the task otherwise; an audit of another test file;
            seeds of one model with other choices or training files; no row left.
    """
    by_task: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        by_task[f"{record.suite}/{record.task}"].append(record)
    columns = []
    for task, group in by_task.items():
        _check_comparable(task, group)
        leaked = (left_out or {}).get(task)
        if leaked:
            _check_audit(task, leaked, group[0])
        note = ("not in the audit: nothing left out",) if left_out is not None and not leaked else ()
        without = leaked.rows if leaked else set()
        made = (_column(task, metric, group, without) for metric in group[0].metrics)
        columns += [replace(column, notes=(*note, *column.notes)) for column in made]
    return Table(tuple(columns), _ranks(columns))


def _check_comparable(task: str, records: Sequence[RunRecord]) -> None:
    for model in {record.model for record in records}:
        _check_seeds(task, model, [record for record in records if record.model == model])
    if len({(record.data["test"]["sha256"], record.num_scored) for record in records}) > 1:
        raise DataError(f"{task}: records of different test files cannot stand in one table")
    described = [record for record in records if "task" in record.choices]  # the first records have none
    if others := [one for one in described if one.choices["task"] != described[0].choices["task"]]:
        models = f"{described[0].model} and {others[0].model}"
        raise DataError(f"{task}: the records of {models} describe the task otherwise; run one of them again")
    by_metrics = {frozenset(record.metrics): record for record in records}
    if len(by_metrics) > 1:
        fewest, *_, most = sorted(by_metrics.values(), key=lambda record: len(record.metrics))
        raise DataError(
            f"{task}: the record of {fewest.model} has {', '.join(fewest.metrics)}, that of {most.model} "
            f"{', '.join(most.metrics)}; run {fewest.model} again"
        )


def _check_audit(task: str, leaked: Leaked, record: RunRecord) -> None:
    """Rows are numbered: in another file they are others."""
    same = leaked.num_sequences == record.num_scored
    if leaked.sha256:
        same = leaked.sha256 == record.data["test"]["sha256"]
    if not same:
        raise DataError(f"{task}: the audit is of another test file; run `mprna bench audit` again")


def _check_seeds(task: str, model: str, records: Sequence[RunRecord]) -> None:
    """A cell pools them, so that nothing but the seed may differ. A model without training has no budget."""
    if len({record.seed for record in records}) < len(records):
        raise DataError(f"{task}: two records of {model} with one seed; remove one")
    for split in ("train", "valid"):
        if len({record.data[split]["sha256"] for record in records if split in record.data}) > 1:
            raise DataError(f"{task}: the seeds of {model} were made with different {split} files")
    for key, what in _SAME_IN_A_CELL.items():
        found = [record.choices[key] for record in records if key in record.choices]
        if others := [value for value in found if value != found[0]]:
            raise DataError(f"{task}: the seeds of {model} have different {what}, {found[0]} and {others[0]}")


def _column(task: str, metric: str, records: Sequence[RunRecord], without: set[int]) -> Column:
    by_model: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        by_model[record.model].append(record)
    kept = [i for i in range(records[0].num_scored) if i not in without]
    if not kept:
        raise DataError(f"{task}: no test row is left")
    how = METRICS[metric]
    clusters = _clusters(records, kept)
    draws = draw_items(len(kept), clusters)
    pools = {model: _pool(how, runs, kept, draws) for model, runs in by_model.items()}
    ranks = _cell_ranks(pools, how)
    num_units = len(set(clusters)) or len(kept)
    is_compared = num_units >= MIN_COMPARED or len(pools) < 2
    p_values = _p_values(min(pools, key=ranks.__getitem__), pools) if is_compared else {}
    cells = tuple(
        _cell(model, runs, pools[model], len(kept), ranks[model], p_values.get(model, float("nan")))
        for model, runs in by_model.items()
    )
    missed = _missed(metric, by_model, kept) if how.names_missed else ()
    few = () if is_compared else (f"models are not compared by fewer than {MIN_COMPARED} items or clusters",)
    notes = (*_notes(records), _resampled(clusters), *few, *missed)
    return Column(task, metric, how.lower_is_better, cells, notes)


def _cell(model: str, runs: Sequence[RunRecord], pool: _Pool, num_scored: int, rank: int, p: float) -> Cell:
    low, high = interval(pool.resamples)
    return Cell(
        model=model,
        mean=pool.mean,
        sd=pool.sd,
        low=low,
        high=high,
        num_seeds=len(runs),
        num_original=runs[0].num_original,
        num_scored=num_scored,
        num_truncated=runs[0].num_truncated,
        num_failed=max(run.num_failed for run in runs),
        seconds=float(np.mean([run.seconds for run in runs])),
        peak_memory_mb=max(run.peak_memory_mb for run in runs),
        rank=rank,
        p=p,
    )


def _cell_ranks(pools: Mapping[str, _Pool], metric: Metric) -> dict[str, int]:
    """Rank of every model in a column, see `Cell.rank`."""
    defined = {pool.mean for pool in pools.values() if not isnan(pool.mean)}
    order = sorted(defined, reverse=not metric.lower_is_better)
    rank_of = {mean: rank for rank, mean in enumerate(order, 1)}
    return {model: rank_of.get(pool.mean, len(pools)) for model, pool in pools.items()}


@dataclass(frozen=True, slots=True)
class _Pool:
    """The seeds of one model by one metric. R resamples of the test items."""

    mean: float
    sd: float
    resamples: Floats
    """Mean over seeds of the metric of each resample. *Shape:* (R,)"""


def _pool(metric: Metric, runs: Sequence[RunRecord], kept: Sequence[int], draws: Draws) -> _Pool:
    items_by_seed = [[items[i] for i in kept] for items in (items_of(run, metric.name) for run in runs)]
    values = np.array([evaluate(metric, items) for items in items_by_seed])
    return _Pool(
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)) if len(runs) > 1 else float("nan"),
        resamples=np.mean([resampled(metric, items, draws) for items in items_by_seed], axis=0),
    )


def _clusters(records: Sequence[RunRecord], kept: Sequence[int]) -> list[str]:
    """The cluster of every kept row, of a record that has them; empty if no two rows share one, or all do."""
    known = next((record.clusters for record in records if record.clusters), [])
    clusters = [known[i] for i in kept] if known else []
    return clusters if 1 < len(set(clusters)) < len(clusters) else []


def _resampled(clusters: Sequence[str]) -> str:
    if clusters:
        return f"intervals resample {len(set(clusters))} families or other clusters as a whole"
    return "no families are known: intervals resample items"


def _p_values(best: str, pools: Mapping[str, _Pool]) -> dict[str, float]:
    """p-value of every other model that has a value against the best, corrected for their number."""
    others = [model for model, pool in pools.items() if model != best and not isnan(pool.mean)]
    p_values = [paired_p(pools[best].resamples, pools[model].resamples) for model in others]
    return dict(zip(others, holm(p_values), strict=True))


def _notes(records: Sequence[RunRecord]) -> tuple[str, ...]:
    notes: dict[str, None] = {}
    for record in records:
        for split, facts in record.data.items():
            if facts["note"]:
                notes[facts["note"]] = None
            if facts["as_expected"] is False:
                notes[f"{split}: another file than the one this suite describes"] = None
    return tuple(notes)


def _missed(metric: str, by_model: Mapping[str, Sequence[RunRecord]], kept: Sequence[int]) -> Iterator[str]:
    """For each model, the items that it missed with every seed."""
    for model, runs in by_model.items():
        hits = np.any([[item[0] > 0 for item in run.items[metric]] for run in runs], axis=0)
        names = [runs[0].names[i] if runs[0].names else f"row {i + 1}" for i in kept if not hits[i]]
        seeds = f" with one of {len(runs)} seeds or more" if len(runs) > 1 else ""
        missed = f" (missed: {', '.join(names)})" if names else ""
        yield f"{model}: {len(kept) - len(names)} of {len(kept)} {metric}{seeds}{missed}"


def _ranks(columns: Sequence[Column]) -> dict[str, float]:
    models = dict.fromkeys(cell.model for column in columns for cell in column.cells)
    means = [{cell.model: cell.mean for cell in column.cells} for column in columns]
    values = {model: [column.get(model, float("nan")) for column in means] for model in models}
    return average_ranks(values, [column.lower_is_better for column in columns])
