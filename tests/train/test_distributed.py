"""Two processes on a CPU train as one does on the same global batch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mprna.errors import UsageError
from mprna.train import distributed


def start(corpus_dir: Path, run_dir: Path, rank: int, world_size: int, port: int) -> subprocess.Popen[bytes]:
    """One process, with what torchrun would tell it."""
    told = {"RANK": rank, "WORLD_SIZE": world_size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    environment = os.environ | {name: str(value) for name, value in told.items()}
    command = [sys.executable, "-m", "mprna", "pretrain", "--recipe", "smoke", "--corpus", str(corpus_dir)]
    settings = ["num_steps=4", "accumulate_batches=2", "batch_tokens=400", "save_every=4"]
    command += ["--out", str(run_dir), "-j", "1", *(f"--set={setting}" for setting in settings)]
    return subprocess.Popen(command, env=environment)


def rows_of(run_dir: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [{name: row[name] for name in row if name not in ("kind", "tokens_per_second")} for row in rows]


def test_two_processes_give_the_losses_of_one(corpus_dir: Path, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert start(corpus_dir, tmp_path / "one", 0, 1, port).wait(timeout=120) == 0
    both = [start(corpus_dir, tmp_path / "two", rank, 2, port) for rank in range(2)]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    one, two = rows_of(tmp_path / "one"), rows_of(tmp_path / "two")
    assert len(one) == 4
    for expected, found in zip(one, two, strict=True):
        assert found == pytest.approx(expected, rel=1e-5)


def test_batches_that_cannot_be_shared_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    assert distributed.share_of(6) == 3
    with pytest.raises(UsageError, match="accumulate_batches=3 cannot be shared by 2 processes"):
        distributed.share_of(3)
