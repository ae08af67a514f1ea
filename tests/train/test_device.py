"""Networks are trained on a GPU as on a CPU. Where there is no GPU, only names and batches are tested."""

from __future__ import annotations

import json
import os
import shutil
from functools import partialmethod
from pathlib import Path

import pytest
import torch
import torch._dynamo

from mprna.bench.examples import Example
from mprna.bench.models.cnn import ConvolutionalModel
from mprna.bench.models.model import Budget
from mprna.bench.suite import choose_tasks
from mprna.cli.main import main
from mprna.errors import UsageError
from mprna.objectives.objective import Batch
from mprna.train.backbone import Checkpoint
from mprna.train.config import TrainConfig, with_settings
from mprna.train.device import device_of, find_device, seeded, set_up_cpu, slow_precision, to_device
from mprna.train.pretrain import make_stream, pretrain
from mprna.train.recipes import smoke

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")


@pytest.fixture
def config() -> TrainConfig:
    return with_settings(smoke(), ["num_steps=6", "batch_tokens=400", "save_every=3", "evaluate_every=3"])


def losses(run_dir: Path) -> list[float]:
    rows = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [row["loss"] for row in rows if row["kind"] == "train"]


@pytest.mark.parametrize(("given", "kept"), [(None, "128"), ("7", "7")])
def test_what_onednn_keeps_is_bounded_unless_the_user_says(
    monkeypatch: pytest.MonkeyPatch, given: str | None, kept: str
) -> None:
    name = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
    monkeypatch.setenv(name, given or "")
    if given is None:
        monkeypatch.delenv(name)
    threads = torch.get_num_threads()
    set_up_cpu(None)
    assert (os.environ[name], torch.get_num_threads()) == (kept, threads)


def test_a_batch_that_is_there_already_is_not_copied(corpus_dir: Path, config: TrainConfig) -> None:
    batch = next(make_stream([corpus_dir], config).batches_from(0))
    assert to_device(batch, torch.device("cpu")) is batch
    moved = to_device(batch, torch.device("meta"))
    assert {getattr(moved, name).device.type for name in Batch.__slots__} == {"meta"}


@pytest.mark.parametrize("name", ["cuda:99", "tpu", ""])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"device '{name}': "):
        find_device(name)


def test_a_seed_counts_within_and_leaves_every_generator_alone(
    nano: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those of GPUs, which `torch.manual_seed` sets and nothing sets back."""
    monkeypatch.setattr(torch.cuda, "manual_seed_all", lambda seed: pytest.fail("a GPU was seeded"))
    before = torch.get_rng_state()
    with seeded(3):
        drawn = torch.rand(4)
    assert torch.equal(drawn, torch.rand(4, generator=torch.Generator().manual_seed(3)))
    Checkpoint(nano).with_random_weights(3)._pretrained()
    cnn = ConvolutionalModel(Budget(epochs=1))
    (task,) = choose_tasks("gue", ("tf.0",))
    examples = [Example("GGGG", 1), Example("ACAC", 0)]
    cnn.fit(task, examples, examples, 45)
    assert torch.equal(torch.get_rng_state(), before)


@needs_gpu
def test_a_seed_counts_on_a_gpu_too() -> None:
    place, before = find_device("cuda"), torch.cuda.get_rng_state()
    drawn = []
    for _ in range(2):
        with seeded(3, place):
            drawn.append(torch.rand(4, device=place))
    assert torch.equal(*drawn)
    assert torch.equal(torch.cuda.get_rng_state(), before)


def test_a_wrong_device_is_named_before_a_run_is_claimed(
    corpus_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    command = ["pretrain", "--recipe", "smoke", "--corpus", str(corpus_dir), "--out", str(run)]
    assert main([*command, "--device", "cuda:99"]) == 2
    assert "device 'cuda:99'" in capsys.readouterr().err
    assert not run.exists()


def test_layers_that_are_recomputed_change_nothing(
    corpus_dir: Path, config: TrainConfig, tmp_path: Path
) -> None:
    for recompute in (False, True):
        changed = with_settings(config, [f"recompute_layers={str(recompute).lower()}"])
        pretrain(changed, [corpus_dir], tmp_path / str(recompute), device="cpu")
    assert losses(tmp_path / "True") == losses(tmp_path / "False")


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning", "ignore:The .grad attribute:UserWarning")
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=pytest.mark.slow)])
def test_layers_that_are_compiled_learn_the_same(
    corpus_dir: Path, config: TrainConfig, tmp_path: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`aot_eager` traces as the real one does, and generates no C++. The warnings come from within torch."""
    if backend == "inductor" and not shutil.which("g++"):
        pytest.skip("no C++ compiler")
    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend=backend))
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    graphs = []
    for compiled in (False, True):
        changed = with_settings(config, [f"compile_layers={str(compiled).lower()}"])
        directory = tmp_path / str(compiled)
        pretrain(changed, [corpus_dir], directory, validation_dir=corpus_dir, device="cpu")
        graphs.append(torch._dynamo.utils.counters["stats"]["unique_graphs"])
    assert losses(tmp_path / "True") == pytest.approx(losses(tmp_path / "False"), rel=1e-5)
    assert (
        graphs[0] == 0 < graphs[1] <= 3
    )  # all layers share one; one more without gradients, or for one slice


@needs_gpu
def test_a_gpu_learns_what_a_cpu_learns(corpus_dir: Path, config: TrainConfig, tmp_path: Path) -> None:
    for device in ("cpu", "cuda"):
        pretrain(config, [corpus_dir], tmp_path / device, validation_dir=corpus_dir, device=device)
    assert losses(tmp_path / "cuda") == pytest.approx(losses(tmp_path / "cpu"), rel=1e-3)


@needs_gpu
def test_a_run_goes_on_on_a_gpu(corpus_dir: Path, config: TrainConfig, tmp_path: Path) -> None:
    run, short = tmp_path / "run", with_settings(config, ["num_steps=3"])
    pretrain(short, [corpus_dir], run, device="cpu")
    pretrain(config, [corpus_dir], run, device="cuda", resume=True)
    assert len(losses(run)) == config.num_steps


@needs_gpu
def test_the_first_gpu_is_taken_by_itself() -> None:
    assert find_device() == find_device("cuda") == torch.device("cuda:0")
    assert device_of(torch.nn.Linear(1, 1).to(find_device())).type == "cuda"


@pytest.mark.parametrize(
    ("capability", "machine", "slow"),
    [("AVX2", "x86_64", True), ("AVX512", "x86_64", False), ("DEFAULT", "aarch64", False)],
)
def test_slow_bfloat16_is_named(
    capability: str, machine: str, slow: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: capability)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert slow_precision(torch.device("cpu"), bfloat16=False) is None
    assert slow_precision(torch.device("cuda"), bfloat16=True) is None
    complaint = slow_precision(torch.device("cpu"), bfloat16=True)
    assert (complaint is not None and "turn it off" in complaint) == slow
