"""What every run of `ablations.py` scored, kept on disk, and the table of all of it.

WORK/TASK/START-SEED.npz has what the task's metric needs of every test item. The table has means over seeds
with 95 % intervals over test items and seeds (1,000 resamples; 200 of AUC), and paired differences with
Holm's correction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mprna.bench.metrics import METRICS, Floats, Metric, evaluate
from mprna.bench.statistics import draw_items, holm, interval, paired_p, resampled
from mprna.bench.task import Task
from mprna.files import replacing
from mprna.train.tracker import read_metrics


def items_path(work: Path, task: Task, name: str, seed: int) -> Path:
    return work / task.name / f"{name}-{seed}.npz"


def save_items(items: Sequence[Floats], path: Path) -> None:
    rows = [np.atleast_2d(item) for item in items]
    with replacing(path) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, rows=np.concatenate(rows), sizes=[len(part) for part in rows])


def load_items(path: Path, metric: Metric) -> list[Floats]:
    """The inverse of `save_items`."""
    with np.load(path) as saved:
        parts = np.split(saved["rows"], np.cumsum(saved["sizes"])[:-1])
    return [part[0] for part in parts] if metric.additive else parts


@dataclass(frozen=True)
class Outcome:
    """One start on one task."""

    mean: float
    """Over seeds."""
    resamples: Floats
    """Of that mean, test items and seeds drawn with replacement."""

    def __str__(self) -> str:
        low, high = interval(self.resamples)
        return f"{self.mean:.3f} ({low:.3f}-{high:.3f})"


def outcomes(work: Path, task: Task, starts: Iterable[str], seeds: int) -> dict[str, Outcome]:
    """Of the starts with all seeds scored; the draws are the same for all, so that differences are paired."""
    metric = METRICS[task.metrics[0]]
    found = {}
    for name in starts:
        paths = [items_path(work, task, name, seed) for seed in range(seeds)]
        if all(path.exists() for path in paths):
            found[name] = outcome(metric, [load_items(path, metric) for path in paths])
    return found


def outcome(metric: Metric, by_seed: Sequence[Sequence[Floats]]) -> Outcome:
    draws = draw_items(len(by_seed[0]))
    values = np.array([resampled(metric, items, draws) for items in by_seed])
    chosen = np.random.default_rng(1).integers(len(by_seed), size=(len(by_seed), len(draws)))
    mean = float(np.mean([evaluate(metric, items) for items in by_seed]))
    return Outcome(mean, np.take_along_axis(values, chosen, axis=0).mean(0))


def table_lines(
    work: Path,
    tasks: Sequence[Task],
    starts: Mapping[str, str],
    compared: Sequence[tuple[str, str]],
    *,
    seeds: int,
) -> list[str]:
    """Markdown: what each start reached, and by how much one is better than another.

    Args:
        work: what `ablations.py` wrote.
        starts: names, and how the networks were pretrained.
        compared: names of two starts; left out where one is not scored.
    """
    found = {task.name: outcomes(work, task, starts, seeds) for task in tasks}
    titles = " | ".join(f"{task.name}, {task.metrics[0]}" for task in tasks)
    lines = [f"| start | tokens | {titles} |", "|---|---|" + "---|" * len(tasks)]
    for name, about in starts.items():
        cells = " | ".join(str(found[task.name].get(name, "")) for task in tasks)
        lines.append(f"| {name}: {about} | {tokens_seen(work, name):,.0f} | {cells} |")
    scored = [pair for pair in compared if all(name in found[task.name] for name in pair for task in tasks)]
    lines += ["", f"| difference | {titles} |", "|---|" + "---|" * len(tasks)]
    columns = [differences(found[task.name], scored) for task in tasks]
    for (first, second), cells_of_pair in zip(scored, zip(*columns, strict=True), strict=True):
        lines.append(f"| {first} - {second} | {' | '.join(cells_of_pair)} |")
    return lines


def differences(found: dict[str, Outcome], compared: Sequence[tuple[str, str]]) -> list[str]:
    """Difference, interval and p, corrected for the number of comparisons, of each pair."""
    p_values = holm([paired_p(found[a].resamples, found[b].resamples) for a, b in compared])
    cells = []
    for (a, b), p in zip(compared, p_values, strict=True):
        low, high = interval(found[a].resamples - found[b].resamples)
        cells.append(f"{found[a].mean - found[b].mean:+.3f} ({low:+.3f} to {high:+.3f}), p = {p:.3f}")
    return cells


def tokens_seen(work: Path, name: str) -> float:
    """Of a start's pretraining, padding included."""
    rows = read_metrics(work / "pretrain" / name / "metrics.jsonl")
    return float(sum(row["tokens"] for row in rows if row["kind"] == "train"))
