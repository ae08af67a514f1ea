"""What `metrics.jsonl` says of a run: the newest values, and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mprna.errors import ModelError
from mprna.train.tracker import read_metrics

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
    rows = read_metrics(run_dir / "metrics.jsonl")
    if not rows:
        raise ModelError(f"{run_dir}: no metrics.jsonl with a step in it; is this a run directory?")
    return [curve for kind in ("train", "validation") for curve in _curves(rows, kind)]


def _curves(rows: Sequence[dict[str, Any]], kind: str) -> list[Curve]:
    mine = [row for row in rows if row["kind"] == kind]
    names = dict.fromkeys(name for row in mine for name in row if name not in _NOT_METRICS)
    found = []
    for name in names:
        points = [(row["step"], row[name]) for row in mine if name in row]
        steps, values = zip(*points, strict=True)
        found.append(Curve(f"{kind} {name}", steps, values))
    return found
