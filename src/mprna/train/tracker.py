"""What a run reports: one JSON object per line on disk, and one line at a time on stderr."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


class Tracker:
    """Appends to `metrics.jsonl`; a resumed run first drops what was logged after its checkpoint."""

    def __init__(self, path: Path, *, num_steps: int, start_step: int) -> None:
        self.path = path
        self.num_steps = num_steps
        self._drop_after(start_step)
        self._start_step, self._start_time = start_step, time.monotonic()
        self._interval_time, self._interval_tokens = self._start_time, 0

    def train(self, step: int, metrics: dict[str, float], *, tokens: int) -> None:
        """Log one optimizer step and show it."""
        now = time.monotonic()
        rate = tokens / max(1e-9, now - self._interval_time)
        self._interval_time = now
        speed = {"tokens": tokens, "tokens_per_second": round(rate)}
        self._write({"kind": "train", "step": step} | speed | metrics)
        losses = " ".join(f"{name} {value:.3f}" for name, value in metrics.items() if name.endswith("loss"))
        self._show(f"step {step}/{self.num_steps}  {rate:,.0f} tok/s  {losses}  ETA {self._eta(step, now)}")

    def evaluation(self, step: int, metrics: dict[str, float]) -> None:
        """Log an evaluation on the validation corpus and keep its line on the screen."""
        self._write({"kind": "validation", "step": step} | metrics)
        self._show(f"step {step}  " + "  ".join(f"{k} {v:.4f}" for k, v in metrics.items()), end="\n")
        self._interval_time = time.monotonic()

    def _eta(self, step: int, now: float) -> str:
        per_step = (now - self._start_time) / max(1, step - self._start_step)
        minutes, seconds = divmod(round(per_step * (self.num_steps - step)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

    def _show(self, line: str, end: str = "") -> None:
        live = sys.stderr.isatty()
        if live or end:
            print(f"\r\x1b[K{line}" if live else line, end=end, file=sys.stderr, flush=True)

    def _write(self, row: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")

    def _drop_after(self, step: int) -> None:
        if self.path.exists():
            rows = [line for line in self.path.read_text().splitlines(keepends=True) if _is_until(line, step)]
            self.path.write_text("".join(rows))


def _is_until(line: str, step: int) -> bool:
    """False for later rows and for a row that a killed run left half-written."""
    try:
        return bool(json.loads(line)["step"] <= step)
    except ValueError:
        return False
