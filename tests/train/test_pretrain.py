"""Runs: golden losses, exact resume after kill -9 and SIGTERM, refusals."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mprna.errors import DataError, ModelError, MprnaWarning, RunError, UsageError
from mprna.model.checkpoint import load_checkpoint
from mprna.train import distributed
from mprna.train.config import TrainConfig, with_settings
from mprna.train.pretrain import _initial_model, fixed_batches, pretrain, read_run_config
from mprna.train.recipes import smoke
from mprna.train.state import KEEP, find_checkpoint, latest_checkpoint, sole_training
from mprna.train.tracker import Tracker

SHORT = dataclasses.replace(smoke(), num_steps=12, save_every=4, evaluate_every=6, batch_tokens=400)


def weights_of(model_dir: Path) -> bytes:
    return (model_dir / "model.safetensors").read_bytes()


def rows_of(run_dir: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]


def run(config: TrainConfig, corpus_dir: Path, run_dir: Path, *, resume: bool = False) -> bytes:
    model_dir = pretrain(config, [corpus_dir], run_dir, validation_dir=corpus_dir, resume=resume)
    assert model_dir is not None
    return weights_of(model_dir)


@pytest.fixture(scope="module")
def whole_run(corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run_dir = tmp_path_factory.mktemp("whole") / "run"
    run(SHORT, corpus_dir, run_dir)
    return run_dir


def test_a_run_leaves_what_it_promises(whole_run: Path) -> None:
    assert read_run_config(whole_run) == SHORT
    rows = rows_of(whole_run)
    assert [row["step"] for row in rows if row["kind"] == "train"] == list(range(1, 13))
    assert [row["step"] for row in rows if row["kind"] == "validation"] == [6, 12]
    assert all(0 < row["mfu"] < 2 for row in rows if row["kind"] == "train")
    assert {"perplexity", "mutation_auc", "structure_macro_f1", "pair_f1"} < rows[-1].keys()
    assert len(list((whole_run / "checkpoints").iterdir())) == KEEP
    assert load_checkpoint(whole_run / "model").config.num_layers == 2
    assert latest_checkpoint(whole_run).name == "step-00000012"


def test_losses_fall(corpus_dir: Path, tmp_path: Path) -> None:
    run(dataclasses.replace(SHORT, num_steps=30, evaluate_every=15), corpus_dir, tmp_path / "run")
    first, last = (row for row in rows_of(tmp_path / "run") if row["kind"] == "validation")
    for name in ("masked_lm", "secondary_structure", "base_pairing"):
        assert last[f"{name}_loss"] < first[f"{name}_loss"]


@pytest.mark.parametrize("stop", [4, 8])
def test_resumed_is_uninterrupted_bit_for_bit(
    whole_run: Path, corpus_dir: Path, tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interruption strikes in the middle of a step, one after a checkpoint."""
    calls = []

    def strike(*args: object, **kwargs: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == stop + 2:
            raise KeyboardInterrupt
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("mprna.train.loop.clip_grad_norm_", strike)
        with pytest.raises(KeyboardInterrupt):
            run(SHORT, corpus_dir, tmp_path / "run")
    assert latest_checkpoint(tmp_path / "run").name == f"step-{stop:08d}"
    assert run(SHORT, corpus_dir, tmp_path / "run", resume=True) == weights_of(whole_run / "model")
    keys = ("kind", "step", "loss", "masked_lm_loss")
    kept = [[row.get(k) for k in keys] for row in rows_of(tmp_path / "run")]
    assert kept == [[row.get(k) for k in keys] for row in rows_of(whole_run)]


def start(corpus_dir: Path, run_dir: Path, *extra: str) -> subprocess.Popen[bytes]:
    names = ("save_every", "evaluate_every", "batch_tokens")
    settings = [f"--set={name}={getattr(SHORT, name)}" for name in names]
    command = [sys.executable, "-m", "mprna", "pretrain", "--recipe", "smoke", "--corpus", str(corpus_dir)]
    command += ["--validation", str(corpus_dir), "--out", str(run_dir)]
    command += ["--set=num_steps=60", "-j", "1", *settings, *extra]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists()


def test_kill_minus_nine_and_sigterm_then_resume(corpus_dir: Path, tmp_path: Path) -> None:
    whole = start(corpus_dir, tmp_path / "whole")
    assert whole.wait(timeout=120) == 0
    broken = start(corpus_dir, tmp_path / "broken")
    wait_for(tmp_path / "broken/checkpoints/step-00000008")
    broken.send_signal(signal.SIGKILL)
    broken.wait()
    polite = start(corpus_dir, tmp_path / "broken", "--resume")
    wait_for(tmp_path / "broken/checkpoints/step-00000024")
    polite.terminate()
    assert polite.wait(timeout=60) == 143
    assert start(corpus_dir, tmp_path / "broken", "--resume").wait(timeout=120) == 0
    assert weights_of(tmp_path / "broken/model") == weights_of(tmp_path / "whole/model")
    best, expected = (find_checkpoint(tmp_path / name, "best") for name in ("broken", "whole"))
    assert best.name == expected.name
    assert weights_of(best) == weights_of(expected)


@pytest.mark.slow
def test_ten_kills_at_random_moments(corpus_dir: Path, tmp_path: Path) -> None:
    assert start(corpus_dir, tmp_path / "whole").wait(timeout=120) == 0
    rng, kills = random.Random(0), 0
    while kills < 10:
        again = ["--resume"] if (tmp_path / "broken/config.json").exists() else []
        broken = start(corpus_dir, tmp_path / "broken", *again)
        try:
            assert broken.wait(timeout=1.5 + 3 * rng.random()) == 0
        except subprocess.TimeoutExpired:
            broken.kill()
            broken.wait()
            kills += 1
        else:
            shutil.rmtree(tmp_path / "broken/model")
            shutil.rmtree(latest_checkpoint(tmp_path / "broken"))
    assert start(corpus_dir, tmp_path / "broken", "--resume").wait(timeout=120) == 0
    assert weights_of(tmp_path / "broken/model") == weights_of(tmp_path / "whole/model")
    best, expected = (find_checkpoint(tmp_path / name, "best") for name in ("broken", "whole"))
    assert best.name == expected.name
    assert weights_of(best) == weights_of(expected)


def test_what_a_run_reads_may_not_change(corpus_dir: Path, tmp_path: Path) -> None:
    run(SHORT, corpus_dir, tmp_path / "run")
    with pytest.raises(UsageError, match=r"other data \(validation\); give the same"):
        pretrain(SHORT, [corpus_dir], tmp_path / "run", resume=True)
    other = tmp_path / "other"
    shutil.copytree(corpus_dir, other)
    manifest = json.loads((other / "manifest.json").read_text())
    (other / "manifest.json").write_text(json.dumps(manifest, indent=3))
    with pytest.raises(UsageError, match=r"other data \(corpora\)"):
        pretrain(SHORT, [other], tmp_path / "run", validation_dir=corpus_dir, resume=True)
    with pytest.raises(UsageError, match=r"other data \(initial_model\)"):
        pretrain(
            SHORT,
            [corpus_dir],
            tmp_path / "run",
            validation_dir=corpus_dir,
            initial_model=tmp_path / "run/model",
            resume=True,
        )
    settings = json.loads((tmp_path / "run/config.json").read_text())
    del settings["read"]  # as a run of an earlier release
    (tmp_path / "run/config.json").write_text(json.dumps(settings))
    run(SHORT, corpus_dir, tmp_path / "run", resume=True)
    config = json.loads((tmp_path / "run/config.json").read_text())
    (tmp_path / "run/config.json").write_text(json.dumps(config | {"read": 5}))
    with pytest.raises(UsageError, match="other data"):
        pretrain(SHORT, [corpus_dir], tmp_path / "run", validation_dir=corpus_dir, resume=True)


def test_a_run_that_lost_what_it_goes_on_from_is_not_begun_anew(corpus_dir: Path, tmp_path: Path) -> None:
    run(SHORT, corpus_dir, tmp_path / "run")
    metrics = (tmp_path / "run/metrics.jsonl").read_bytes()
    settings = (tmp_path / "run/config.json").read_bytes()
    (tmp_path / "run/config.json").unlink()
    for resume in (False, True):
        with pytest.raises(UsageError, match=r"lost its config\.json"):
            run(SHORT, corpus_dir, tmp_path / "run", resume=resume)
    (tmp_path / "run/config.json").write_bytes(settings)
    for path in (tmp_path / "run/checkpoints").glob("*/optimizer.safetensors"):
        path.write_bytes(b"")
    with (
        pytest.warns(MprnaWarning, match="unreadable checkpoint"),
        pytest.raises(ModelError, match="checkpoints: none can be read"),
    ):
        run(SHORT, corpus_dir, tmp_path / "run", resume=True)
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == metrics


def test_a_run_has_one_process_and_gets_no_shorter_than_it_is(corpus_dir: Path, tmp_path: Path) -> None:
    with sole_training(tmp_path / "run"), pytest.raises(UsageError, match="another training is at work"):
        run(SHORT, corpus_dir, tmp_path / "run")
    run(SHORT, corpus_dir, tmp_path / "run")
    with pytest.raises(UsageError, match="is at step 12, past num_steps=5"):
        run(dataclasses.replace(SHORT, num_steps=5), corpus_dir, tmp_path / "run", resume=True)


def test_a_run_that_began_again_before_its_first_checkpoint_reports_every_step_once(
    corpus_dir: Path, tmp_path: Path
) -> None:
    config = dataclasses.replace(SHORT, num_steps=2)
    run(config, corpus_dir, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints")  # as if killed before it
    run(config, corpus_dir, tmp_path / "run", resume=True)
    assert [(row["kind"], row["step"]) for row in rows_of(tmp_path / "run")] == [
        ("train", 1),
        ("train", 2),
        ("validation", 2),
    ]


def test_the_validation_loss_is_weighted_as_in_training(whole_run: Path) -> None:
    weights = SHORT.objectives.weights
    rows = [row for row in rows_of(whole_run) if row["kind"] == "validation"]
    for row in rows:
        assert row["loss"] == pytest.approx(sum(weights[name] * row[f"{name}_loss"] for name in weights))
    best = min(rows, key=lambda row: row["loss"])
    assert find_checkpoint(whole_run, "best").name == f"step-{best['step']:08d}"


def test_tensorboard_shows_what_metrics_jsonl_says(corpus_dir: Path, tmp_path: Path) -> None:
    """Also after a resumption that took steps back: the events are read back with TensorBoard itself."""
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    config, folder = dataclasses.replace(SHORT, num_steps=6, save_every=4), tmp_path / "run/tensorboard"
    pretrain(config, [corpus_dir], tmp_path / "run", validation_dir=corpus_dir, tensorboard=True)
    shutil.rmtree(latest_checkpoint(tmp_path / "run"))
    pretrain(config, [corpus_dir], tmp_path / "run", validation_dir=corpus_dir, tensorboard=True, resume=True)
    found = events.EventAccumulator(str(folder)).Reload()
    expected: dict[str, list[tuple[float, float]]] = {}
    for row in rows_of(tmp_path / "run"):
        for name in row.keys() - {"kind", "step"}:
            expected.setdefault(f"{row['kind']}/{name}", []).append((row["step"], row[name]))
    assert set(found.Tags()["scalars"]) == set(expected)
    for tag, points in expected.items():
        assert [(e.step, e.value) for e in found.Scalars(tag)] == [
            (step, pytest.approx(value, rel=1e-6)) for step, value in points
        ]


def test_a_run_is_not_overwritten_nor_resumed_with_other_settings(whole_run: Path, corpus_dir: Path) -> None:
    with pytest.raises(UsageError, match="--resume"):
        pretrain(SHORT, [corpus_dir], whole_run)
    with pytest.raises(
        UsageError, match="settings; only num_steps, recompute_layers, compile_layers, shard_weights"
    ):
        pretrain(dataclasses.replace(SHORT, seed=1), [corpus_dir], whole_run, resume=True)


def test_a_mixture_is_part_of_the_settings_of_a_run(corpus_dir: Path, tmp_path: Path) -> None:
    corpora, once = [corpus_dir, corpus_dir], dataclasses.replace(SHORT, num_steps=1)
    weighted = dataclasses.replace(once, corpus_weights=(2.0, 0.5))
    pretrain(weighted, corpora, tmp_path / "run")
    assert read_run_config(tmp_path / "run") == weighted
    with pytest.raises(UsageError, match="other settings"):
        pretrain(once, corpora, tmp_path / "run", resume=True)
    with pytest.raises(UsageError, match="2 corpus weights for 1 corpora"):
        pretrain(weighted, [corpus_dir], tmp_path / "other")
    assert not (tmp_path / "other").exists()  # a wrong call does not take the folder
    (tmp_path / "run" / "config.json").write_text('{"train": []}')
    with pytest.raises(ModelError, match=r"config\.json: not of a pretraining run"):
        read_run_config(tmp_path / "run")


def test_a_run_may_be_extended(corpus_dir: Path, tmp_path: Path) -> None:
    run(SHORT, corpus_dir, tmp_path / "run")
    run(dataclasses.replace(SHORT, num_steps=15), corpus_dir, tmp_path / "run", resume=True)
    assert [row["step"] for row in rows_of(tmp_path / "run") if row["kind"] == "train"] == list(range(1, 16))
    assert read_run_config(tmp_path / "run").num_steps == 15


def test_a_run_may_start_from_a_model_of_its_own_preset(
    whole_run: Path, corpus_dir: Path, tmp_path: Path
) -> None:
    one_step = dataclasses.replace(SHORT, num_steps=1, learning_rate=0.0)
    model_dir = pretrain(one_step, [corpus_dir], tmp_path / "run", initial_model=whole_run / "model")
    assert model_dir is not None
    assert weights_of(model_dir) == weights_of(whole_run / "model")
    mini = dataclasses.replace(one_step, preset="mini")
    with pytest.raises(UsageError, match="is no mini model"):
        pretrain(mini, [corpus_dir], tmp_path / "mini", initial_model=whole_run / "model")


def test_a_diverging_run_stops_with_advice(corpus_dir: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(SHORT, learning_rate=1e3, warmup_steps=1)
    with pytest.raises(DataError, match="lower learning_rate"):
        run(config, corpus_dir, tmp_path / "run")
    saved = load_file(tmp_path / "run/diverged-0/batches.safetensors")
    assert saved["0.input_ids"].shape == saved["0.structure_labels"].shape
    assert load_checkpoint(tmp_path / "run/diverged-0").config.num_layers == 2


@pytest.mark.parametrize(
    ("loss", "norm", "complaint"),
    [
        (float("nan"), float("nan"), "loss nan is not finite"),
        (1.0, float("inf"), "the norm of the gradients, inf, is not finite"),
    ],
)
def test_what_diverged_is_named_with_the_step_as_the_log_counts_it(
    loss: float,
    norm: float,
    complaint: str,
    corpus_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fine = {"loss": 1.0, "tokens": 1, "gradient_norm": 1.0}
    steps = iter([fine, fine, fine | {"loss": loss, "gradient_norm": norm}])
    monkeypatch.setattr("mprna.train.loop._compute_gradients", lambda *_: dict(next(steps)))
    with pytest.raises(RunError, match=f"^step 3: {complaint}.*; lower learning_rate .*diverged-0"):
        run(SHORT, corpus_dir, tmp_path / "run")
    assert [row["step"] for row in rows_of(tmp_path / "run")] == [1, 2]


def test_a_loss_far_above_the_first_ones_has_diverged(tmp_path: Path) -> None:
    tracker = Tracker(tmp_path, num_steps=30, start_step=0)
    for step in range(1, 21):
        assert not tracker.has_diverged(1e6)  # nothing to compare with yet
        tracker.train(step, {"loss": 1.0 + step / 20, "tokens": 1})
    resumed = Tracker(tmp_path, num_steps=30, start_step=20)
    for either in (tracker, resumed):
        assert not either.has_diverged(29.9)
        assert either.has_diverged(30.1)
        assert either.has_diverged(float("nan"))


def test_a_run_without_one_of_the_objectives_can_be_resumed(corpus_dir: Path, tmp_path: Path) -> None:
    """Its head has no optimizer state. A warning, that a checkpoint is unreadable, would fail this test."""
    config = with_settings(SHORT, ["objectives.base_pairing=0", "num_steps=2"])
    run(config, corpus_dir, tmp_path / "run")
    run(dataclasses.replace(config, num_steps=3), corpus_dir, tmp_path / "run", resume=True)
    assert [row["step"] for row in rows_of(tmp_path / "run") if row["kind"] == "train"] == [1, 2, 3]


def test_validation_batches_are_always_the_same(corpus_dir: Path) -> None:
    first, second = (fixed_batches(corpus_dir, SHORT) for _ in range(2))
    assert sum(len(batch.input_ids) for batch in first) == SHORT.validation_slices
    assert all((a.input_ids == b.input_ids).all() for a, b in zip(first, second, strict=True))


def test_batches_without_labels_teach_nothing(corpus_dir: Path, tmp_path: Path) -> None:
    """Of a corpus in which a third of the slices has none, with objectives that need some."""
    settings = ["objectives.masked_lm=0", "objectives.mutation_repair=0", "batch_tokens=60"]
    pretrain(with_settings(SHORT, settings), [corpus_dir], tmp_path / "run")
    rows = rows_of(tmp_path / "run")
    assert {len([name for name in row if name.endswith("_loss")]) for row in rows} == {0, 2}


def test_a_new_model_leaves_random_numbers_as_they_were() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    _initial_model(SHORT, None)
    assert torch.equal(torch.rand(3), expected)


def test_batches_that_cannot_be_shared_leave_no_run(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    with pytest.raises(UsageError, match="accumulate_batches=1 cannot be shared by 2 processes"):
        run(SHORT, corpus_dir, tmp_path / "run")
    assert not (tmp_path / "run").exists()
