"""TensorBoard's view of a run: `RUN/tensorboard`, made of the rows of `metrics.jsonl` and of nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"


class TensorBoard:
    """Every number of a row under `train/NAME` or `validation/NAME`, at its step.

    A resumed run writes the folder anew, so that it never holds steps that were taken back.

    Args:
        rows: those that are in `metrics.jsonl` already.
    """

    def __init__(self, run_dir: Path, rows: Iterable[dict[str, Any]]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        shutil.rmtree(run_dir / FOLDER, ignore_errors=True)
        self._writer: Any = SummaryWriter(run_dir / FOLDER)
        for row in rows:
            self.add(row)

    def add(self, row: dict[str, Any]) -> None:
        for name, value in row.items():
            if name not in ("kind", "step"):
                self._writer.add_scalar(f"{row['kind']}/{name}", value, row["step"])

    def close(self) -> None:
        self._writer.close()
