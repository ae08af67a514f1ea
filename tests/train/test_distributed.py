"""Two processes on a CPU train as one does on the same global batch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mprna.errors import UsageError
from mprna.train import distributed


def rows_of(run_dir: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [
        {name: row[name] for name in row if name not in ("kind", "tokens_per_second", "mfu")} for row in rows
    ]


def test_two_processes_give_the_losses_of_one(tmp_path: Path, start_pretraining: Any) -> None:
    settings = ["num_steps=4", "accumulate_batches=2", "batch_tokens=400", "save_every=4"]
    for name, world_size in (("one", 1), ("two", 2)):
        processes = start_pretraining(tmp_path / name, world_size, settings)
        assert [process.wait(timeout=120) for process in processes] == [0] * world_size
    one, two = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert len(one) == 4
    for expected, found in zip(one, two, strict=True):
        assert found == pytest.approx(expected, rel=1e-5)


def test_batches_that_cannot_be_shared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    assert distributed.share_of(6) == 3
    with pytest.raises(UsageError, match="accumulate_batches=3 cannot be shared by 2 processes"):
        distributed.share_of(3)


def test_only_the_first_process_has_a_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums over all are left out here: what this process adds to them is seen."""
    for rank, said in ((0, [0.5, 2.0]), (1, [0.0, 0.0])):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        assert distributed.of_first([0.5, 2.0]) == said
