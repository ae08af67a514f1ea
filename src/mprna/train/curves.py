"""`metrics.jsonl` as curves, and how far a run has come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from mprna.errors import ModelError
from mprna.files import read_json
from mprna.model.layout import CONFIG_FILE
from mprna.train.tracker import METRICS_FILE, read_metrics

RECENT = 20
"""Steps over which the newest values are averaged."""

_NOT_METRICS = ("kind", "step")


@dataclass(frozen=True, slots=True)
class Curve:
    """One metric over the steps of a run."""

    name: str
    """`train loss`, `validation macro_f1`, …"""
    steps: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def recent(self) -> float:
        """Of training the mean of the last `RECENT` values, of validation the last one."""
        last = self.values[-RECENT:] if self.name.startswith("train ") else self.values[-1:]
        return sum(last) / len(last)


def read_curves(run_dir: Path) -> list[Curve]:
    """Every metric of a run, training before validation.

    Raises:
        ModelError: no metrics yet, or no run.
    """
    rows = read_metrics(run_dir / METRICS_FILE)
    if not rows:
        raise ModelError(f"{run_dir}: no metrics.jsonl with a step in it; is this a run directory?")
    return [curve for kind in ("train", "validation") for curve in _curves(rows, kind)]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come."""

    step: int
    num_steps: int
    seconds_per_step: float
    """Mean of the last `RECENT` steps."""

    @property
    def time_left(self) -> timedelta | None:
        """To the second; None where it is more than a calendar holds."""
        try:
            return timedelta(seconds=round((self.num_steps - self.step) * self.seconds_per_step))
        except (OverflowError, ValueError):
            return None


def read_progress(run_dir: Path) -> Progress | None:
    """None where the run does not say how long it is or how fast it was.

    Raises:
        ModelError: a damaged `config.json`.
    """
    config = read_json(run_dir / CONFIG_FILE) if (run_dir / CONFIG_FILE).exists() else {}
    train = config.get("train")
    num_steps = train.get("num_steps") if isinstance(train, dict) else None
    steps = [
        row
        for row in read_metrics(run_dir / METRICS_FILE)
        if row.get("tokens_per_second") and "tokens" in row
    ]
    if not isinstance(num_steps, int) or not steps:
        return None
    seconds = [row["tokens"] / row["tokens_per_second"] for row in steps[-RECENT:]]
    return Progress(steps[-1]["step"], num_steps, sum(seconds) / len(seconds))


def _curves(rows: Sequence[dict[str, Any]], kind: str) -> list[Curve]:
    mine = [row for row in rows if row["kind"] == kind]
    names = dict.fromkeys(name for row in mine for name in row if name not in _NOT_METRICS)
    found = []
    for name in names:
        points = [(row["step"], row[name]) for row in mine if math.isfinite(row.get(name, math.nan))]
        if points:
            steps, values = zip(*points, strict=True)
            found.append(Curve(f"{kind} {name}", steps, values))
    return found
