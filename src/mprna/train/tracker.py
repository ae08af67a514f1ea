"""What a run reports: one JSON object per line on disk, and one line at a time on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from mprna.files import replacing
from mprna.train.tensorboard import TensorBoard

METRICS_FILE: Final = "metrics.jsonl"

NUM_FIRST: Final = 20
"""Steps whose highest loss is what an untrained model has, or nearly."""

DIVERGED: Final = 10.0
"""A loss of more than that times one more than the highest of the first steps will not come back."""


class Tracker:
    """Appends to `metrics.jsonl`; a resumed run first drops what was logged after its checkpoint.

    Args:
        evaluations: those that the checkpoint knows of; lines of the file that were lost come back.
        peak_flops: operations per second that the processors are capable of; with it `mfu` is logged.
        active: whether to write and show anything; of several processes one does.
        tensorboard: whether to write `RUN/tensorboard` as well.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        num_steps: int,
        start_step: int,
        evaluations: Sequence[dict[str, Any]] = (),
        peak_flops: float | None = None,
        active: bool = True,
        tensorboard: bool = False,
    ) -> None:
        self.path = path = run_dir / METRICS_FILE
        self.num_steps = num_steps
        self.active = active
        self._line_is_open = False
        self._peak_flops = peak_flops
        rows = _with_evaluations(read_metrics(path, until=start_step), evaluations)
        self.history = [row for row in rows if row["kind"] == "validation"]
        """All evaluations so far."""
        if active and (rows or path.exists()):
            with replacing(path) as partial:
                partial.write_text("".join(json.dumps(row) + "\n" for row in rows))
        self._events = TensorBoard(run_dir, rows) if active and tensorboard else None
        self._first_losses = [row["loss"] for row in rows if row["kind"] == "train" and "loss" in row][
            :NUM_FIRST
        ]
        self._start_step, self._start_time = start_step, time.monotonic()
        self._interval_time = self._start_time

    def has_diverged(self, loss: float) -> bool:
        """Whether the loss of a step is not finite, or far above those of the first steps."""
        if not math.isfinite(loss):
            return True
        enough = len(self._first_losses) == NUM_FIRST
        return enough and loss > DIVERGED * (1 + max(self._first_losses))

    def train(self, step: int, metrics: dict[str, float]) -> None:
        """Log one optimizer step, whose metrics hold its `tokens` and perhaps its `flops`, and show it."""
        if len(self._first_losses) < NUM_FIRST:
            self._first_losses.append(metrics["loss"])
        now = time.monotonic()
        seconds = max(1e-9, now - self._interval_time)
        self._interval_time = now
        metrics = dict(metrics)
        flops, rate = metrics.pop("flops", 0.0), metrics["tokens"] / seconds
        metrics["tokens_per_second"] = round(rate)
        if self._peak_flops:
            metrics["mfu"] = round(flops / seconds / self._peak_flops, 4)
        self._write({"kind": "train", "step": step} | metrics)
        losses = " ".join(f"{name} {value:.3f}" for name, value in metrics.items() if name.endswith("loss"))
        self._show(f"step {step}/{self.num_steps}  {rate:,.0f} tok/s  {losses}  ETA {self._eta(step, now)}")

    def evaluation(self, step: int, metrics: dict[str, float]) -> None:
        """Log an evaluation and keep its line on the screen; no metrics, no line."""
        if not metrics:
            return
        self.history.append({"kind": "validation", "step": step} | metrics)
        self._write(self.history[-1])
        self._show(f"step {step}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), end="\n")
        self._interval_time = time.monotonic()

    def close(self) -> None:
        """End the line on the screen; TensorBoard sees the last rows, which `metrics.jsonl` has anyhow."""
        if self._line_is_open:
            print(file=sys.stderr, flush=True)
            self._line_is_open = False
        if self._events:
            self._events.close()

    def _eta(self, step: int, now: float) -> str:
        per_step = (now - self._start_time) / max(1, step - self._start_step)
        minutes, seconds = divmod(round(per_step * (self.num_steps - step)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

    def _show(self, line: str, end: str = "") -> None:
        live = sys.stderr.isatty()
        if self.active and (live or end):
            print(f"\r\x1b[K{line}" if live else line, end=end, file=sys.stderr, flush=True)
            self._line_is_open = not end

    def _write(self, row: dict[str, Any]) -> None:
        if self.active:
            with self.path.open("a") as file:
                file.write(json.dumps(row) + "\n")
            if self._events:
                self._events.add(row)


def best_step(history: Sequence[dict[str, Any]], metric: tuple[str, int]) -> int | None:
    """The first step of the best evaluation; None where none has the metric. Any number is better than nan.

    Of equally good ones that of the lowest loss is the best: F1 of rare classes may stand still for long.

    Args:
        metric: its name, and 1 where more is better, else -1.
    """
    name, sign = metric
    found = [row for row in history if name in row]
    if not found:
        return None
    best = max(found, key=lambda row: (_ranked(sign * row[name]), _ranked(-row.get("loss", math.nan))))
    return int(best["step"])


def _ranked(value: float) -> float:
    """`max` would keep a nan that comes first."""
    return -math.inf if math.isnan(value) else value


def read_validation(run_dir: Path) -> list[dict[str, Any]]:
    """All evaluations of a run."""
    return [row for row in read_metrics(run_dir / METRICS_FILE) if row["kind"] == "validation"]


def read_metrics(path: Path, *, until: float = float("inf")) -> list[dict[str, Any]]:
    """Rows of a `metrics.jsonl` up to a step, without damaged lines, as a killed run leaves."""
    lines = path.read_text("utf-8", "replace").splitlines() if path.exists() else []
    return [row for row in map(_row, lines) if row is not None and row["step"] <= until]


def _with_evaluations(
    rows: list[dict[str, Any]], evaluations: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Rows with all of these evaluations, each behind the training rows up to its step."""
    if not evaluations:
        return rows
    others = [row for row in rows if row["kind"] != "validation"]
    return sorted([*others, *evaluations], key=lambda row: (row["step"], row["kind"] == "validation"))


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if is_row(row) else None


def is_row(row: Any) -> bool:
    """Whether this is a row of a `metrics.jsonl`."""
    if not isinstance(row, dict) or not {"kind", "step"} <= row.keys():
        return False
    return all(_is_number(row[name]) for name in row.keys() - {"kind"}) and math.isfinite(row["step"])


def _is_number(value: Any) -> bool:
    """Whether a float can hold it; integers of JSON may be longer."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) <= sys.float_info.max)
