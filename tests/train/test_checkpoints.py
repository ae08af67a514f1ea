"""Checkpoints of a run: a full disk, damage, the best and the newest."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from mprna.errors import ModelError, MprnaWarning
from mprna.train.config import TrainConfig
from mprna.train.dataset import BatchStream
from mprna.train.plan import EpochPlan
from mprna.train.pretrain import pretrain
from mprna.train.recipes import smoke
from mprna.train.state import find_checkpoint, latest_checkpoint, newest_step

SHORT = dataclasses.replace(smoke(), num_steps=12, save_every=4, evaluate_every=6, batch_tokens=400)


def run(config: TrainConfig, corpus_dir: Path, run_dir: Path, *, resume: bool = False) -> bytes:
    """The final weights."""
    model_dir = pretrain(config, [corpus_dir], run_dir, validation_dir=corpus_dir, resume=resume)
    assert model_dir is not None
    return (model_dir / "model.safetensors").read_bytes()


@pytest.mark.parametrize("full", ["model.safetensors", "optimizer.safetensors"])
def test_a_full_disk_is_one_error_and_a_run_that_goes_on(full: str, corpus_dir: Path, tmp_path: Path) -> None:
    """What could be written of the checkpoint does not keep the disk full."""
    run_dir = tmp_path / "run"
    run(dataclasses.replace(SHORT, num_steps=4), corpus_dir, run_dir)
    shutil.rmtree(run_dir / "model")
    size = (latest_checkpoint(run_dir) / "model.safetensors").stat().st_size
    limit = largest_file(size // 2 if full.startswith("model") else size)
    with limit, pytest.raises(ModelError, match=rf"step-\d+\.partial/{full}: cannot write: File too large"):
        run(SHORT, corpus_dir, run_dir, resume=True)
    assert [path.name for path in (run_dir / "checkpoints").iterdir()] == ["step-00000004"]
    assert run(SHORT, corpus_dir, run_dir, resume=True)


@contextmanager
def largest_file(num_bytes: int) -> Iterator[None]:
    """No file may grow larger."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_damaged_checkpoint_falls_back_to_the_one_before(corpus_dir: Path, tmp_path: Path) -> None:
    expected = run(SHORT, corpus_dir, tmp_path / "run")
    newest = latest_checkpoint(tmp_path / "run") / "model.safetensors"
    os.truncate(newest, newest.stat().st_size // 2)
    with pytest.warns(MprnaWarning, match="trying an older one"):
        assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == expected
    (latest_checkpoint(tmp_path / "run") / "state.json").write_text('{"step": [12]}')
    with pytest.warns(MprnaWarning, match=r"state\.json: step \[12\]"):
        assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == expected


@pytest.mark.parametrize("name", ["model.safetensors", "optimizer.safetensors"])
def test_a_flipped_bit_is_damage_too(corpus_dir: Path, tmp_path: Path, name: str) -> None:
    expected = run(SHORT, corpus_dir, tmp_path / "run")
    path = latest_checkpoint(tmp_path / "run") / name
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.warns(MprnaWarning, match="a file has changed since it was written"):
        assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == expected


def test_a_checkpoint_under_another_step_is_passed_over(corpus_dir: Path, tmp_path: Path) -> None:
    expected = run(SHORT, corpus_dir, tmp_path / "run")
    newest = latest_checkpoint(tmp_path / "run")
    state = json.loads((newest / "state.json").read_text())
    (newest / "state.json").write_text(json.dumps(state | {"step": 11}))
    with pytest.warns(MprnaWarning, match=r"state\.json: step 11"):
        assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == expected


@pytest.mark.parametrize("num_batches", [1, "x"])
def test_how_much_was_read_is_not_taken_from_a_file(
    corpus_dir: Path, tmp_path: Path, num_batches: object
) -> None:
    """Checkpoints of earlier versions say it beside the step, from which it follows."""
    expected = run(SHORT, corpus_dir, tmp_path / "run")
    shutil.rmtree(latest_checkpoint(tmp_path / "run"))
    path = latest_checkpoint(tmp_path / "run") / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_batches": num_batches}))
    assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == expected


def test_sigterm_ends_a_run_that_still_looks_for_its_place(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first step there is nothing to finish, but there may be many epochs to plan."""
    plan, heeded = BatchStream.epoch_plan, []

    def epoch_plan(self: BatchStream, epoch: int) -> EpochPlan:
        heeded.append(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
        return plan(self, epoch)

    run(SHORT, corpus_dir, tmp_path / "run")
    monkeypatch.setattr(BatchStream, "epoch_plan", epoch_plan)
    run(dataclasses.replace(SHORT, num_steps=13), corpus_dir, tmp_path / "run", resume=True)
    assert heeded == [True, True]


def test_what_is_damaged_no_longer_counts_as_the_newest(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the run that went back is killed before it writes a checkpoint, or exported from then."""
    run(SHORT, corpus_dir, tmp_path / "run")
    os.truncate(latest_checkpoint(tmp_path / "run") / "model.safetensors", 100)
    monkeypatch.setattr("mprna.train.loop._compute_gradients", Mock(side_effect=KeyboardInterrupt))
    with pytest.warns(MprnaWarning, match="step-00000012: .*an older one"), pytest.raises(KeyboardInterrupt):
        run(SHORT, corpus_dir, tmp_path / "run", resume=True)
    assert newest_step(tmp_path / "run") == 8
    assert find_checkpoint(tmp_path / "run", "last").name == "step-00000008"


def test_what_is_left_of_checkpoints_that_were_being_dropped_goes(corpus_dir: Path, tmp_path: Path) -> None:
    """As a process leaves them that is killed by its last step."""
    run(SHORT, corpus_dir, tmp_path / "run")
    checkpoints = tmp_path / "run" / "checkpoints"
    kept = {path.name for path in checkpoints.iterdir()}
    for name in ("step-00000004", "step-00000002.partial"):
        (checkpoints / name).mkdir()
        (checkpoints / name / "model.safetensors").write_bytes(b"half")
    run(SHORT, corpus_dir, tmp_path / "run", resume=True)
    assert {path.name for path in checkpoints.iterdir()} == kept


def test_where_the_disk_has_no_locks_training_is_warned(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=OSError(errno.ENOSYS, "Function not implemented")))
    with pytest.warns(MprnaWarning, match=r"no file locks \(Function not implemented\)"):
        run(dataclasses.replace(SHORT, num_steps=4), corpus_dir, tmp_path / "run")


def ending(losses: dict[int, float], patch: pytest.MonkeyPatch) -> None:
    """Evaluations that go as a story needs them: from a step to its validation loss."""
    due = iter(losses.values())
    patch.setattr("mprna.train.pretrain.Pretraining.evaluate", lambda self: {"loss": next(due)})


def test_the_best_checkpoint_stays_and_can_be_exported(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(SHORT, evaluate_every=3)
    ending({3: 2.0, 6: 1.0, 9: 1.0, 12: 1.5}, monkeypatch)
    run(config, corpus_dir, tmp_path / "run")
    kept = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert kept == ["step-00000006", "step-00000008", "step-00000012"]  # of 6 and 9, equally good, the first
    assert find_checkpoint(tmp_path / "run", "best").name == "step-00000006"
    assert find_checkpoint(tmp_path / "run", "last").name == "step-00000012"


def test_what_a_resumed_run_takes_back_is_not_the_best(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(SHORT, evaluate_every=4, num_steps=8)
    ending({4: 2.0, 8: 1.0}, monkeypatch)
    run(config, corpus_dir, tmp_path / "run")
    shutil.rmtree(latest_checkpoint(tmp_path / "run"))  # as if killed before step 8
    ending({8: 3.0}, monkeypatch)
    run(config, corpus_dir, tmp_path / "run", resume=True)
    assert find_checkpoint(tmp_path / "run", "best").name == "step-00000004"


def test_without_validation_there_is_no_best(corpus_dir: Path, tmp_path: Path) -> None:
    pretrain(dataclasses.replace(SHORT, num_steps=1), [corpus_dir], tmp_path / "run")
    assert find_checkpoint(tmp_path / "run", "last").name == "step-00000001"
    with pytest.raises(ModelError, match="no validation loss"):
        find_checkpoint(tmp_path / "run", "best")
