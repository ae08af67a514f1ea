"""A benchmark on tables of one's own, from a fine-tuned model to a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from mprna.bench.models.trained import TrainedModel
from mprna.bench.suite import load_suite
from mprna.errors import UsageError
from mprna.model.checkpoint import save_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.model.task import TaskModel
from mprna.model.task_checkpoint import save_task_model
from mprna.model.task_config import TaskConfig

SUITE = """
[[tasks]]
name = "rich"
type = "classification"
classes = ["g", "a"]
sequence = "seq"
label = "kind"

[[tasks]]
name = "shares"
type = "multilabel"
classes = ["has_g", "has_c"]
sequence = "seq"

[[tasks]]
name = "share"
type = "regression"
classes = ["has_g"]
sequence = "seq"

[[tasks]]
name = "folds"
type = "structure"
sequence = "seq"
label = "fold"
"""
TABLE = (
    "seq,kind,has_g,has_c,fold\n" + "GGGGGG,g,1,0,......\nAAAACC,a,0,1,......\n"
    "GGGAAACCC,g,1,0,(((...)))\nAAAAAC,a,0,1,......\n" * 6
)


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A suite of four tasks, with the same rows in all splits."""
    for task in ("rich", "shares", "share", "folds"):
        for split in ("train", "valid", "test"):
            (tmp_path / f"{task}_{split}.csv").write_text(TABLE)
    (tmp_path / "own.toml").write_text(SUITE)
    return tmp_path / "own.toml"


def test_a_fine_tuned_model_is_scored_on_a_table_of_ones_own(call, suite: Path) -> None:
    work = suite.parent
    torch.manual_seed(0)
    save_checkpoint(MprnaModel(PRESETS["nano"]), work / "nano")
    options = ["--model", work / "nano", "--sequence", "seq", "--epochs", 8, "--batch-size", 4, "-j", 1]
    options += ["--learning-rate", 0.003, "--data", work / "rich_train.csv", work / "rich_valid.csv"]
    for task, kind, labels in (
        ("rich", "sequence_classification", ["kind"]),
        ("shares", "sequence_multilabel", ["has_c", "has_g"]),  # not in the order of the suite
    ):
        made = call("finetune", "--task", kind, "--label", *labels, "--out", work / task, *options)
        assert made.status == 0, made.err
        models = ["--model", work / task / "model", "--model", "majority"]
        ran = call(
            "bench", "run", suite, "--task", task, *models, "--data-dir", work, "--out", work / "records"
        )
        assert (ran.status, ran.err) == (0, "")
        rows = [line.split("\t") for line in ran.out.splitlines()]
        assert {row[0] for row in rows} == {f"own/{task}"}
        f1 = {row[1]: float(row[3].split()[0].partition("=")[2]) for row in rows}
        assert f1.pop("majority") < 1.0
        assert f1 == {str(work / task / "model"): 1.0}
    report = call("bench", "report", work / "records").out
    assert "own/rich" in report
    assert "own/shares" in report
    assert "label_macro_f1" in report


def test_other_models_learn_tasks_of_ones_own(call, suite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = suite.parent
    monkeypatch.chdir(work)
    options = ["--model", "cnn", "--model", "kmer", "--epochs", 2, "--seeds", 1, "--data-dir", work]
    ran = call("bench", "run", suite, *options, "--out", work / "records")
    assert [line.split("\t")[:2] for line in ran.out.splitlines()] == [
        ["own/rich", "cnn"],
        ["own/rich", "kmer"],
        ["own/shares", "kmer"],
        ["own/share", "cnn"],
        ["own/share", "kmer"],
        ["own/folds", "cnn"],
    ]
    assert ran.err.count("mprna: skipped") == 2
    ran = call("bench", "run", suite, "--task", "folds", "--model", "vienna", "--data-dir", work)
    assert ran.out.startswith("own/folds\tvienna\tseed 45\ttoken_macro_f1=1.0000"), ran.err


def test_the_tasks_of_ones_own_are_listed_and_audited(call, suite: Path) -> None:
    listed = call("bench", "list", suite, "--data-dir", suite.parent).out.splitlines()
    assert listed[0].split("\t") == [
        "own/rich",
        "classification",
        "macro_f1,mcc,auc",
        "1024 nt",
        "-/-/-",
        "train,valid,test",
    ]
    audited = call("bench", "audit", suite, "--task", "rich", "--data-dir", suite.parent).out
    assert "own/rich\ttest\ttrain\t24\t24\t0" in audited


def test_sequences_without_a_mutation_are_reported_too(call, tmp_path: Path) -> None:
    rows = {"mended": "ACGU,ACGA\nACGU,ACGU\nGGCC,GGCA\n", "whole": "ACGU,ACGU\nGG,GG\n"}
    tasks = [f'[[tasks]]\nname = "{name}"\ntype = "mutation_repair"\n' for name in rows]
    (tmp_path / "own.toml").write_text("".join(tasks))
    for name, text in rows.items():
        for split in ("train", "valid", "test"):
            (tmp_path / f"{name}_{split}.csv").write_text(f"sequence,label\n{text}")
    options = ["--model", "majority", "--seeds", 1, "--data-dir", tmp_path, "--out", tmp_path / "records"]
    assert call("bench", "run", tmp_path / "own.toml", *options).status == 0
    report = call("bench", "report", tmp_path / "records")
    assert (report.status, report.out.count("majority")) == (0, 7)  # three metrics each, and the ranks


def test_a_record_is_of_its_task_as_it_was_described(call, suite: Path) -> None:
    options = ["--task", "share", "--model", "kmer", "--seeds", 1, "--data-dir", suite.parent]
    options += ["--out", suite.parent / "records"]
    assert call("bench", "run", suite, *options).status == 0
    assert "was there" in call("bench", "run", suite, *options).out
    suite.write_text(SUITE.replace('classes = ["has_g"]', 'classes = ["has_c"]'))
    changed = call("bench", "run", suite, *options)
    assert (changed.status, changed.err.count("\n")) == (2, 1)
    assert "kmer.seed1.json was made with another task; remove it, or choose another --out" in changed.err


def test_a_record_is_of_the_weights_that_were_there(call, suite: Path) -> None:
    work = suite.parent
    options = ["--task", "rich", "--model", work / "model", "--data-dir", work, "--out", work / "records"]
    for seed in (0, 1):
        torch.manual_seed(seed)
        save_task_model(
            TaskModel(PRESETS["nano"], TaskConfig(task="sequence_classification", labels=("a", "g"))),
            work / "model",
        )
        ran = call("bench", "run", suite, *options)
        assert ran.status == 2 * seed
    assert "was made with another model; remove it" in ran.err


def test_the_whole_of_a_sequence_is_read_that_a_fine_tuned_model_reads(suite: Path) -> None:
    suite.write_text(SUITE.replace('name = "rich"', 'name = "rich"\nmax_length = 4'))
    task, *_, share, _ = load_suite(str(suite))
    names = ("has_g", "x")
    for chosen, kind, labels in (
        (task, "sequence_classification", ("a", "g")),
        (share, "sequence_regression", names),
    ):
        config = TaskConfig(task=kind, labels=labels, offsets=(0.0, 0.0), scales=(1.0, 1.0))
        save_task_model(TaskModel(PRESETS["nano"], config), suite.parent / chosen.name)
    model = TrainedModel(suite.parent / "rich", task, batch_size=2)
    model.predict(task, ["ACGUACGU"])
    assert model.num_truncated == 0
    with pytest.raises(UsageError, match="says has_g, x, but the classes of own/share are has_g"):
        TrainedModel(suite.parent / "share", share, batch_size=2)
    with pytest.raises(UsageError, match="says has_g, x; give own/share one of them as classes"):
        TrainedModel(suite.parent / "share", replace(share, classes=()), batch_size=2)


def test_a_suite_of_ones_own_is_not_downloaded(call, suite: Path) -> None:
    outcome = call("bench", "download", suite, "--data-dir", suite.parent / "data")
    assert (outcome.status, outcome.err) == (2, "mprna: error: own/rich is not on the hub\n")


@pytest.mark.parametrize("action", ["run", "audit", "list"])
def test_a_suite_that_is_not_there_is_one_line(call, action: str, tmp_path: Path) -> None:
    options = [] if action == "list" else ["--data-dir", tmp_path]
    options += ["--model", "majority"] if action == "run" else []
    absent = call("bench", action, tmp_path / "absent.toml", *options)
    assert (absent.status, absent.err.count("\n")) == (2, 1)
    assert "absent.toml: no such file" in absent.err
    other = call("bench", action, "glue", *options)
    assert (other.status, other.err.count("\n")) == (2, 1)
    assert "suite 'glue'; expected one of rgb, " in other.err
