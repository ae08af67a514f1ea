"""Layers spread over processes of a CPU: the losses of one process, whole checkpoints, exact resume."""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from mprna.errors import UsageError
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.train.sharding import clip_grad_norm_, is_sharded, placed_like, shard_layers

SETTINGS = ["num_steps=6", "accumulate_batches=4", "batch_tokens=400", "save_every=3", "evaluate_every=3"]
SHARDED = [*SETTINGS, "shard_weights=true", "recompute_layers=true"]


def finish(processes: Any) -> None:
    assert [process.wait(timeout=120) for process in processes] == [0] * len(processes)


def rows_of(run_dir: Path) -> list[dict[str, float]]:
    rows = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [
        {name: row[name] for name in row if name not in ("kind", "tokens_per_second", "mfu")} for row in rows
    ]


def weights_of(run_dir: Path) -> bytes:
    return (run_dir / "model/model.safetensors").read_bytes()


@pytest.fixture(scope="module")
def sharded_run(corpus_dir: Path, start_pretraining: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("sharded") / "run"
    finish(start_pretraining(run_dir, 2, SHARDED, "--validation", str(corpus_dir)))
    return run_dir


def test_losses_are_those_of_one_process_which_can_go_on_from_its_checkpoint(
    sharded_run: Path, corpus_dir: Path, start_pretraining: Any, tmp_path: Path
) -> None:
    changed, extra = tmp_path / "changed", ["--validation", str(corpus_dir)]
    shutil.copytree(sharded_run, changed)
    for later in ("checkpoints/step-00000006", "model"):
        shutil.rmtree(changed / later)
    finish(start_pretraining(tmp_path / "one", 1, SETTINGS, *extra))
    finish(start_pretraining(changed, 1, SETTINGS, *extra, "--resume"))
    expected = rows_of(tmp_path / "one")
    assert len(expected) == 8
    for run_dir in (sharded_run, changed):
        for row, found in zip(expected, rows_of(run_dir), strict=True):
            assert found == pytest.approx(row, rel=1e-5)


def test_checkpoints_are_those_of_a_run_that_is_not_sharded(sharded_run: Path) -> None:
    expected = {name: tensor.shape for name, tensor in MprnaModel(PRESETS["nano"]).named_parameters()}
    checkpoint = sharded_run / "checkpoints/step-00000006"
    weights, moments = (load_file(checkpoint / f"{name}.safetensors") for name in ("model", "optimizer"))
    assert {name: tensor.shape for name, tensor in weights.items()} == expected
    for moment in ("exp_avg", "exp_avg_sq"):
        assert {name: moments[f"{name}.{moment}"].shape for name in expected} == expected


@pytest.mark.slow
def test_killed_and_resumed_is_uninterrupted_bit_for_bit(
    sharded_run: Path, corpus_dir: Path, start_pretraining: Any, tmp_path: Path
) -> None:
    run_dir, extra = tmp_path / "run", ["--validation", str(corpus_dir)]
    processes = start_pretraining(run_dir, 2, SHARDED, *extra)
    deadline = time.monotonic() + 60
    while not (run_dir / "checkpoints/step-00000003").exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (run_dir / "model").exists()
    finish(start_pretraining(run_dir, 2, SHARDED, *extra, "--resume"))
    assert weights_of(run_dir) == weights_of(sharded_run)
    assert rows_of(run_dir) == rows_of(sharded_run)


@pytest.fixture
def second_of_five() -> Iterator[None]:
    """A process that talks to nobody: what it holds can be looked at, nothing can be computed."""
    dist.init_process_group("fake", rank=1, world_size=5)
    yield
    dist.destroy_process_group()


def test_a_process_keeps_its_part_of_every_layer_and_all_of_the_rest(second_of_five: None) -> None:
    model = MprnaModel(PRESETS["nano"])
    whole = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    shard_layers(model.encoder)
    for name, tensor in model.state_dict().items():
        assert is_sharded(tensor) == name.startswith("encoder.layers.")
        part = whole[name].chunk(5)[1] if is_sharded(tensor) else whole[name]
        for held in (tensor, placed_like(whole[name], tensor)):
            assert torch.equal(held.to_local() if is_sharded(held) else held, part)


def test_an_old_torch_is_named(second_of_five: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("torch.distributed.fsdp.FSDPModule.set_force_sum_reduction_for_comms")
    with pytest.raises(UsageError, match=r"shard_weights: torch .* is too old"):
        shard_layers(MprnaModel(PRESETS["nano"]).encoder)


def test_one_process_keeps_everything() -> None:
    model = MprnaModel(PRESETS["nano"])
    shard_layers(model.encoder)
    assert not any(is_sharded(parameter) for parameter in model.parameters())


def test_clipping_of_whole_gradients_is_that_of_torch() -> None:
    ours, theirs = (torch.nn.Linear(9, 9) for _ in range(2))
    for parameter, twin in zip(ours.parameters(), theirs.parameters(), strict=True):
        parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
        twin.grad = parameter.grad.clone()
    norm = torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)
    assert torch.equal(clip_grad_norm_(ours.parameters(), 0.5), norm)
    for parameter, twin in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(parameter.grad, twin.grad)
