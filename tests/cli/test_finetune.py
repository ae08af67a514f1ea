"""From a table to a model to predictions, on the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import torch

from mprna.model.checkpoint import save_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.model.task import TaskModel
from mprna.model.task_checkpoint import save_task_model
from mprna.model.task_config import TaskConfig
from mprna.runtime.export import export_model
from mprna.runtime.store import write_manifest

WITHOUT_TORCH = [
    sys.executable,
    "-c",
    "import sys; sys.modules['torch'] = None; from mprna.cli.main import main; raise SystemExit(main())",
]


def test_a_stopped_run_says_how_it_goes_on(call, model: Path, tmp_path: Path, monkeypatch) -> None:
    def polite(*args: Any, **kwargs: Any) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGTERM)
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)

    monkeypatch.setattr("mprna.train.loop.clip_grad_norm_", polite)
    data = tmp_path / "t.csv"
    data.write_text("seq,kind\n" + "GGGGGG,g\nAAAAAA,a\n" * 8)
    options = ["--model", model, "--sequence", "seq", "--label", "kind", "--task", "sequence_classification"]
    stopped = call("finetune", "--data", data, data, "--out", tmp_path / "run", "-j", 1, *options)
    assert (stopped.status, stopped.out) == (143, "")
    assert stopped.err.endswith("mprna: stopped at step 1; --resume goes on\n")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory for two numbers per sequence."""
    folder = tmp_path_factory.mktemp("exported")
    config = TaskConfig(task="sequence_regression", labels=("a", "b"), offsets=(0.0, 0.0), scales=(1.0, 1.0))
    save_task_model(TaskModel(PRESETS["nano"], config), folder / "plain")
    export_model(folder / "plain", folder / "small")
    return folder / "small"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_checkpoint(MprnaModel(PRESETS["nano"]), tmp_path / "nano")
    return tmp_path / "nano"


def test_a_table_becomes_a_model_that_predicts(call, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("seq,kind\n" + "GGGGGG,g\nAAAAAA,a\n" * 8)
    options = ["--model", model, "--sequence", "seq", "--label", "kind", "--epochs", 8, "--batch-size", 4]
    options += ["--learning-rate", 0.003, "-j", 1, "--task", "sequence_classification"]
    made = call("finetune", "--data", data, data, "--out", tmp_path / "run", *options)
    assert (made.status, made.out) == (0, f"{tmp_path / 'run' / 'model'}\n")
    fasta = b">x\nGGGGG\n>bad\nAC-U\n>long\n" + b"A" * 1025 + b"\n>y\naaaaa\n"
    told = call("predict", tmp_path / "run" / "model", "-o", tmp_path / "told.jsonl", stdin=fasta)
    rows = [json.loads(line) for line in (tmp_path / "told.jsonl").read_text().splitlines()]
    assert told.status == 1
    assert [(row["name"], row["label"]) for row in rows] == [
        ("x", "g"),
        ("bad", None),
        ("long", None),
        ("y", "a"),
    ]
    assert rows[0]["p_g"] > 0.5
    assert [row["error"] is None for row in rows] == [True, False, False, True]
    assert "1025 nt, the model reads 1024; cut the sequence" in rows[2]["error"]
    table = call("predict", tmp_path / "run", "GGGG").out.splitlines()
    assert table[0].split("\t") == ["name", "label", "p_a", "p_g", "error"]
    assert table[1].startswith("sequence_1\tg\t0.")
    both = [call("predict", tmp_path / "run" / "model", "-j", jobs, stdin=fasta).out for jobs in (1, 2)]
    assert both[0] == both[1] != ""
    call("predict", tmp_path / "run" / "model", "-o", tmp_path / "told.parquet", stdin=fasta)
    assert pq.read_table(tmp_path / "told.parquet").to_pylist() == rows


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("sequence_classification", ["kind"]),
        ("sequence_multilabel", ["g", "short"]),
        ("sequence_regression", ["g", "length"]),
        ("token_classification", ["fold"]),
        ("token_regression", ["flags"]),
    ],
)
def test_an_exported_model_predicts_the_same_without_torch(
    call, model: Path, tmp_path: Path, task: str, labels: list[str]
) -> None:
    data = tmp_path / "t.tsv"
    data.write_text(
        "sequence\tkind\tg\tshort\tlength\tfold\tflags\n"
        + "GGGGG\tg\t1\t1\t5\t(...)\t[1, 1, 1, 1, 1]\nAAAA\ta\t0\t0\t4\t....\t[0, 0, 0, 0]\n" * 8
    )
    options = ["--model", model, "--epochs", 2, "-j", 1, "--task", task, "--label", *labels]
    assert call("finetune", "--data", data, data, "--out", tmp_path / "run", *options).status == 0
    assert call("models", "export", tmp_path / "run", "--out", tmp_path / "small").status == 0
    card = (tmp_path / "small" / "README.md").read_text()
    assert card.startswith(f"# A model for {task}\n")
    fasta = b">x\nGGGGGAC\n>y\nA\n>z\n" + b"ACGU" * 60 + b"\n>long\n" + b"A" * 1025 + b"\n"
    ours = call("predict", tmp_path / "run", "--format", "jsonl", stdin=fasta).out
    command = [*WITHOUT_TORCH, "predict", str(tmp_path / "small"), "--format", "jsonl"]
    exported = subprocess.run(command, input=fasta, capture_output=True, check=False)
    assert exported.returncode == 1  # for the long one
    lines = zip(ours.splitlines(), exported.stdout.splitlines(), strict=True)
    for row, other in (map(json.loads, pair) for pair in lines):
        assert row.keys() == other.keys()
        for name, value in row.items():
            is_text = value is None or isinstance(value, str)
            expected = value if is_text else pytest.approx(value, abs=0.02)  # weights are rounded to float16
            assert other[name] == expected


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"labels": ["a"]}, "expected an offset and a positive scale for each label"),
        ({"offsets": [0.0]}, "expected an offset and a positive scale for each label"),
        ({"scales": [1.0, 0.0]}, "expected an offset and a positive scale for each label"),
        ({"offsets": [0.0, float("nan")]}, "expected lists of numbers"),
        ({"labels": ["a", "a"]}, "expected names that differ"),
        ({"labels": ["a", "b", "c"], "offsets": [0] * 3, "scales": [1] * 3}, "a network that says (1, 2)"),
        ({"task": "token_regression"}, "a network that says (1, 2)"),
        (None, "no description of a task"),
    ],
)
def test_a_network_for_another_task_is_told(
    call, exported: Path, tmp_path: Path, change: dict[str, Any] | None, reason: str
) -> None:
    model_dir = shutil.copytree(exported, tmp_path / "changed")
    path = model_dir / "config.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"task": change and content["task"] | change}))
    write_manifest(model_dir)
    outcome = call("predict", model_dir, "GGGG")
    assert (outcome.status, outcome.err.count("\n")) == (1, 1)
    assert reason in outcome.err


def test_a_checkpoint_of_low_rank_updates_is_exported_merged(call, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("sequence,label\n" + "GGGGG,1\nAAAA,0\n" * 8)
    options = ["--model", model, "--epochs", 2, "-j", 1, "--task", "sequence_regression", "--mode", "lora"]
    assert call("finetune", "--out", tmp_path / "run", "--data", data, data, *options).status == 0
    exported = call("models", "export", tmp_path / "run", "--checkpoint", "last", "--out", tmp_path / "out")
    assert exported.status == 0
    assert json.loads((tmp_path / "out" / "config.json").read_text())["task"]["lora_rank"] == 0
    assert call("predict", tmp_path / "out", "GGGG").status == 0


def test_what_is_not_exported_needs_torch(model: Path, tmp_path: Path, call) -> None:
    data = tmp_path / "t.csv"
    data.write_text("sequence,label\n" + "GGGGG,1\nAAAA,0\n" * 8)
    options = [
        "--model",
        model,
        "--epochs",
        1,
        "-j",
        1,
        "--task",
        "sequence_regression",
        "--data",
        data,
        data,
    ]
    assert call("finetune", "--out", tmp_path / "run", *options).status == 0
    command = [*WITHOUT_TORCH, "predict", str(tmp_path / "run"), "GGGG"]
    outcome = subprocess.run(command, capture_output=True, check=False, text=True)
    assert (outcome.returncode, outcome.stderr.count("\n")) == (2, 1)
    assert "without a model.onnx needs" in outcome.stderr


def test_several_labels_of_one_sequence(call, model: Path, tmp_path: Path) -> None:
    data = tmp_path / "t.csv"
    data.write_text("sequence,g,short\n" + "GGGGGG,1,\nAAAA,0,1\nGGAA,1,1\nAAAAAA,0,0\n" * 8)
    options = ["--model", model, "--epochs", 1, "-j", 1, "--label", "g", "short"]
    options += ["--task", "sequence_multilabel", "--data", data, data]
    assert call("finetune", "--out", tmp_path / "run", *options).status == 0
    header, first, bad = call("predict", tmp_path / "run", stdin=b">x\nGG\n>y\n!\n").out.splitlines()
    assert header == "name\tp_g\tp_short\terror"
    assert all(0 < float(cell) < 1 for cell in first.split("\t")[1:3])
    assert bad.startswith("y\t\t\tsymbol '!' at position 1")
    balanced = call("finetune", "--out", tmp_path / "balanced", "--balance-classes", *options)
    assert balanced.err.endswith("balance_classes: sequence_multilabel has no classes; leave it out\n")


@pytest.mark.parametrize("labels", [["error"], ["y", "y"], ["y", "name"]])
def test_numbers_need_names_of_their_own(call, model: Path, tmp_path: Path, labels: list[str]) -> None:
    data = tmp_path / "t.csv"
    data.write_text("sequence,y,error,name\nGGGG,1,2,3\n")
    options = [
        "--task",
        "sequence_regression",
        "--model",
        model,
        "--out",
        tmp_path / "run",
        "--label",
        *labels,
    ]
    outcome = call("finetune", "--data", data, data, *options)
    assert (outcome.status, outcome.err.count("\n")) == (2, 1)
    assert "expected names that differ" in outcome.err


def test_a_fine_tuned_model_folds_nothing_and_a_pretrained_one_predicts_nothing(call, model: Path) -> None:
    outcome = call("predict", model, "ACGU")
    assert outcome.status == 1
    assert "expected 'task'" in outcome.err


def test_a_bad_row_is_one_line(call, model: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sequence,label\nACGU,high\n")
    paths = [tmp_path / "t.csv"] * 2
    outcome = call(
        "finetune",
        "--task",
        "sequence_regression",
        "--model",
        model,
        "--data",
        *paths,
        "--out",
        tmp_path / "r",
    )
    assert (outcome.status, outcome.err) == (1, f"mprna: error: {paths[0]}:2: label 'high' is no number\n")
