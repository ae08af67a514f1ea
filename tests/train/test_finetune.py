"""Fine-tuning: it learns, resumes bit for bit, merges its updates, and refuses bad labels with their line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mprna.errors import DataError, FormatError, ModelError, UsageError
from mprna.io.labelled import LabelledRow, read_labelled
from mprna.model.checkpoint import load_checkpoint
from mprna.model.presets import PRESETS
from mprna.model.task import TaskModel, with_lora
from mprna.model.task_checkpoint import load_task_model
from mprna.model.task_config import PAIR_PREDICTION, POOLINGS, TASKS, TaskConfig
from mprna.runtime.load import load_task_engine
from mprna.train import distributed
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.labels import class_names, examples
from mprna.train.task_batches import pad
from mprna.train.task_learner import best_metric, evaluate, task_loss
from mprna.train.tracker import read_validation

QUICK = {"epochs": 6, "batch_size": 8, "learning_rate": 3e-3}


def label_of(sequence: str, task: str) -> object:
    is_g = [int(base == "G") for base in sequence]
    return {
        "token_classification": "".join("GN"[1 - flag] for flag in is_g),
        "token_regression": [2.0 + 10 * flag if i else None for i, flag in enumerate(is_g)],
        "sequence_classification": "rich" if sum(is_g) * 2 > len(is_g) else "poor",
        "sequence_multilabel": int(sum(is_g) * 2 > len(is_g)),
        "sequence_regression": 100.0 * sum(is_g) / len(is_g),
    }[task]


def rows(task: str, *, number: int = 48, seed: int = 0) -> list[LabelledRow]:
    """Sequences of mixed lengths, poor or rich in G."""
    rng = np.random.default_rng(seed)
    found = []
    for line in range(1, number + 1):
        share = 0.8 if line % 2 else 0.1
        bases = rng.choice(list("GACU"), rng.integers(6, 24), p=[share, *[(1 - share) / 3] * 3])
        sequence = "".join(bases)
        found.append(LabelledRow(sequence, (label_of(sequence, task),), "train.jsonl", line))
    return found


def run(task: str, nano: Path, run_dir: Path, *, resume: bool = False, **settings: object) -> Path:
    config = FinetuneConfig(task=task, **(QUICK | settings))  # type: ignore[arg-type]
    found = finetune(config, nano, rows(task), rows(task, number=16, seed=1), run_dir, resume=resume)
    assert found is not None
    return found


def test_the_card_is_there_before_the_model_counts_as_one(
    nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    replace = Path.replace

    def note(path: Path, target: Path) -> Path:
        if target.parent == tmp_path / "run" / "model":
            written.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", note)
    run("sequence_classification", nano, tmp_path / "run", epochs=1)
    assert written[0] == "README.md"
    assert written[-1] == "config.json"
    assert set(written) == {path.name for path in (tmp_path / "run" / "model").iterdir()}


def validation_of(run_dir: Path) -> list[dict[str, float]]:
    lines = map(json.loads, (run_dir / "metrics.jsonl").read_text().splitlines())
    return [row for row in lines if row["kind"] == "validation"]


@pytest.mark.parametrize("task", [task for task in TASKS if task != PAIR_PREDICTION])
def test_every_task_learns_and_predicts(task: str, nano: Path, tmp_path: Path) -> None:
    model_dir = run(task, nano, tmp_path / "run")
    metric, sign = best_metric(load_task_model(model_dir).task)
    scores = [sign * row[metric] for row in validation_of(tmp_path / "run")]
    assert max(scores) > 0.6 * scores[0] if task.endswith("regression") else max(scores) > 0.9
    assert f"| {metric} | {sign * max(scores):.4f} |" in (model_dir / "README.md").read_text()
    prediction = load_task_engine(model_dir).predict("GGGGGGGA")
    assert prediction.shape[0] == (8 if task.startswith("token") else 1)
    if task == "token_regression":
        assert prediction[2, 0] > prediction[7, 0] + 3  # in the units of the labels


@pytest.mark.filterwarnings("ignore:bfloat16 is far slower than float32")
def test_bfloat16_learns_and_leaves_the_weights_in_float32(nano: Path, tmp_path: Path) -> None:
    run("token_classification", nano, tmp_path / "exact")
    model_dir = run("token_classification", nano, tmp_path / "fast", bfloat16=True)
    exact, fast = (validation_of(tmp_path / name)[-1] for name in ("exact", "fast"))
    assert fast["macro_f1"] > 0.9
    assert fast["loss"] != exact["loss"]
    assert {weight.dtype for weight in load_task_model(model_dir).parameters()} == {torch.float32}


def test_resumed_is_uninterrupted_bit_for_bit(nano: Path, tmp_path: Path, struck_at_step: Any) -> None:
    task = "sequence_classification"
    whole = run(task, nano, tmp_path / "whole")
    with struck_at_step(15):  # in the third of the epochs of six steps
        run(task, nano, tmp_path / "broken")
    resumed = run(task, nano, tmp_path / "broken", resume=True)
    weights = [(path / "model.safetensors").read_bytes() for path in (whole, resumed)]
    assert weights[0] == weights[1]
    assert validation_of(tmp_path / "broken") == validation_of(tmp_path / "whole")
    with pytest.raises(UsageError, match=r"was written with other epochs, seed; choose another --out"):
        run(task, nano, tmp_path / "broken", resume=True, seed=1, epochs=2)
    (tmp_path / "broken" / "config.json").write_text("{}")
    with pytest.raises(UsageError, match="with other data, finetune, format, model, version; choose"):
        run(task, nano, tmp_path / "broken", resume=True)


@pytest.mark.parametrize("mode", ["head", "lora"])
def test_a_frozen_encoder_stays(mode: str, nano: Path, tmp_path: Path) -> None:
    model_dir = run("sequence_classification", nano, tmp_path / "run", mode=mode, epochs=1)
    before = TaskModel(PRESETS["nano"], load_task_model(model_dir).task).state_dict().keys()
    old, new = load_checkpoint(nano), load_task_model(model_dir)
    assert new.state_dict().keys() == before  # low-rank updates are merged
    changed = [
        name
        for name, tensor in old.encoder.state_dict().items()
        if not torch.equal(tensor, new.encoder.state_dict()[name])
    ]
    assert bool(changed) == (mode == "lora")
    assert all("attention." in name and name.endswith("weight") for name in changed)


def test_merged_updates_are_the_same_function() -> None:
    torch.manual_seed(1)
    model = TaskModel(PRESETS["nano"], TaskConfig(task="sequence_classification", labels=("a", "b")))
    lora = with_lora(model, 4)
    ids = torch.tensor([[0, 4, 5, 6, 9, 2]])
    assert torch.equal(lora(ids), model(ids))  # the update starts at zero
    for name, parameter in lora.named_parameters():
        if name.endswith(".up"):
            torch.nn.init.normal_(parameter)
    assert not torch.allclose(lora(ids), model(ids))
    torch.testing.assert_close(lora.merged()(ids), lora(ids))


def test_labels_that_do_not_exclude_each_other(nano: Path, tmp_path: Path) -> None:
    made = []
    for row in rows("sequence_multilabel"):
        is_rich = row.labels[0]
        poor = str(1 - is_rich) if row.line % 3 else None  # not known of every third
        made.append(LabelledRow(row.sequence, (is_rich, poor), "t.csv", row.line))
    config = FinetuneConfig(task="sequence_multilabel", **QUICK)  # type: ignore[arg-type]
    model_dir = finetune(config, nano, made, made, tmp_path / "run", label_names=["rich", "poor"])
    assert model_dir is not None
    rich, poor = (load_task_engine(model_dir).predict(sequence)[0] for sequence in ("GGGGGGAG", "ACUACUAA"))
    assert rich[0] > 0.6 > 0.4 > poor[0]
    assert poor[1] > rich[1] + 0.1
    task = load_task_model(model_dir).task
    data = examples([LabelledRow("ACGU", (1, None), "t", 1)], task, max_length=9)
    loss = task_loss(torch.tensor([[[2.0, 5.0]]]), pad(data, task).targets, task, None)
    assert (float(loss.weight), float(loss.mean)) == pytest.approx((1.0, np.log1p(np.exp(-2))))


def test_early_stopping_keeps_the_best(nano: Path, tmp_path: Path) -> None:
    model_dir = run("sequence_classification", nano, tmp_path / "run", learning_rate=0.0, patience=2)
    history = validation_of(tmp_path / "run")
    assert [row["step"] for row in history] == [6, 12, 18]
    kept = sorted(path.name for path in (tmp_path / "run/checkpoints").iterdir())
    assert kept == ["step-00000006", "step-00000012", "step-00000018"]  # the best, and the newest two
    assert "step 6" in (model_dir / "README.md").read_text()


@torch.no_grad()
@pytest.mark.parametrize("pooling", POOLINGS)
def test_pooling_reads_nucleotides_alone(pooling: str) -> None:
    task = TaskConfig(task="sequence_classification", labels=("a", "b"), pooling=pooling)
    model, read, states = TaskModel(PRESETS["nano"], task), [], []
    model.encoder.register_forward_hook(lambda _, given, hidden: states.append(hidden))
    model.dense.register_forward_pre_hook(lambda _, given: read.append(given[0][0, 0]))
    batch = pad(examples([LabelledRow("ACG", ("a",), "f", 1)], task, max_length=9), task)
    model(batch.input_ids, batch.attention_mask)
    nucleotides = states[0][0, 1:4]
    expected = {"mean": nucleotides.mean(0), "cls": states[0][0, 0]}
    expected["mean_max"] = torch.cat([expected["mean"], nucleotides.amax(0)])
    torch.testing.assert_close(read[0], expected[pooling])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_changes_nothing(pooling: str) -> None:
    task = TaskConfig(
        task="sequence_regression", labels=("x",), pooling=pooling, offsets=(0.0,), scales=(1.0,)
    )
    model = TaskModel(PRESETS["nano"], task).eval()
    data = examples(
        [LabelledRow("ACGU", (1.0,), "f", 1), LabelledRow("A" * 30, (2.0,), "f", 2)], task, max_length=64
    )
    both, alone = pad(data, task), pad(data[:1], task)
    together = model(both.input_ids, both.attention_mask)[0]
    torch.testing.assert_close(
        together, model(alone.input_ids, alone.attention_mask)[0], atol=1e-5, rtol=1e-5
    )
    with torch.no_grad():
        whole = evaluate(model, data, 2)
        assert whole == pytest.approx(evaluate(model, data, 1), abs=1e-5)


def test_one_class_is_no_classification(nano: Path, tmp_path: Path) -> None:
    same = [LabelledRow("ACGU", ("a",), "t.csv", 2)]
    with pytest.raises(DataError, match="classes; classification needs two"):
        finetune(FinetuneConfig(task="sequence_classification"), nano, same, same, tmp_path / "run")


@pytest.mark.parametrize(
    ("task", "known", "labels"),
    [
        ("token_regression", [[0.5, 1.0, None, 2.0], [1.0] * 4], [[1.0] * 4, [None] * 4]),
        ("token_classification", ["((.."], [[None] * 4]),
        ("sequence_multilabel", [1, 0], [1, None]),
    ],
)
def test_a_validation_column_without_labels_is_told_before_training(
    task: str, known: list[Any], labels: list[Any], nano: Path, tmp_path: Path
) -> None:
    rows = [
        LabelledRow("ACGU", tuple(values), f"{name}.jsonl", 1)
        for name, values in (("train", known), ("valid", labels))
    ]
    names = ["a", "b"][: len(labels)]
    with pytest.raises(DataError, match=r"^valid\.jsonl: a label column without any"):
        finetune(FinetuneConfig(task=task), nano, rows[:1], rows[1:], tmp_path / "run", label_names=names)
    assert not (tmp_path / "run").exists()


def test_labels_need_something_to_choose_by_and_to_learn_from(nano: Path, tmp_path: Path) -> None:
    rows = [LabelledRow("ACGU", labels, "t.csv", 2) for labels in ((1, 0), (0, 1), (None, 0))]
    config, names = FinetuneConfig(task="sequence_multilabel"), ["a", "b"]
    with pytest.raises(DataError, match=r"^t\.csv: no label that some rows have and others lack"):
        finetune(config, nano, rows, rows[:1], tmp_path / "run", label_names=names)
    with pytest.raises(DataError, match=r"^t\.csv: a label column without any"):
        finetune(config, nano, rows[2:], rows, tmp_path / "run", label_names=names)
    assert not (tmp_path / "run").exists()


def test_rows_of_a_table_reach_the_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('seq,a,b\nACGU,1,2.5\nGGTT,,"3"\n')
    found = read_labelled(path, sequence_column="seq", label_columns=("a", "b"))
    task = TaskConfig(task="token_regression", labels=("a", "b"))
    assert [row.sequence for row in found] == ["ACGU", "GGUU"]
    assert found[0].labels == ("1", "2.5")
    with pytest.raises(FormatError, match=r"t.csv:2: label '1'; token_regression expects a list"):
        examples(found, task, max_length=9)


@pytest.mark.parametrize(
    "change",
    [
        {"labels": [["a"]]},
        {"labels": 3},
        {"labels": "ab"},
        {"offsets": {"a": 1}},
        {"scales": ["x"]},
        {"task": 1},
    ],
)
def test_a_damaged_task_is_told(change):
    values = TaskConfig(task="sequence_regression", labels=("x",)).to_dict()
    with pytest.raises(ModelError):
        TaskConfig.from_dict(values | change)
    with pytest.raises(ModelError):
        TaskConfig.from_dict([1])


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_that_lost_its_metrics_has_them_in_its_checkpoint(
    nano: Path, tmp_path: Path, is_there: bool
) -> None:
    run("sequence_regression", nano, tmp_path / "run", epochs=2)
    before = read_validation(tmp_path / "run")
    (tmp_path / "run" / "metrics.jsonl").write_text('{"kind": "train", "step": 1}\n')
    if not is_there:
        (tmp_path / "run" / "metrics.jsonl").unlink()
    run("sequence_regression", nano, tmp_path / "run", epochs=2, resume=True)
    assert len(before) == 2
    assert read_validation(tmp_path / "run") == before


def test_a_run_that_lost_its_metrics_for_good_says_so(nano: Path, tmp_path: Path) -> None:
    run("sequence_regression", nano, tmp_path / "run", epochs=1)
    (tmp_path / "run" / "metrics.jsonl").unlink()
    for path in (tmp_path / "run" / "checkpoints").glob("*/state.json"):  # as earlier versions wrote it
        state = json.loads(path.read_text())
        del state["evaluations"]
        path.write_text(json.dumps(state))
    with pytest.raises(ModelError, match=r"metrics\.jsonl: no .* of this run any more; choose another --out"):
        run("sequence_regression", nano, tmp_path / "run", epochs=1, resume=True)


def test_classes_with_one_number_have_an_order_of_their_own():
    """Not that of a set, which is another one in every process."""
    rows = [LabelledRow("ACGU", (label,), "t.csv", 2) for label in ("2", "1", "01", "001")]
    assert class_names(rows, "sequence_classification") == ("001", "01", "1", "2")
    lists = [LabelledRow("GG", ([[1], {"a": 2}],), "t.jsonl", 3)]
    assert class_names(lists, "token_classification") == ("[1]", "{'a': 2}")


@pytest.mark.parametrize("cell", ["", " ", "nan"])
def test_a_sequence_without_a_number_is_to_be_removed(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"sequence,label\nACGU,{cell}\n")
    task = TaskConfig(task="sequence_regression", labels=("label",))
    with pytest.raises(FormatError, match=r"t\.csv:2: .*remove this row"):
        examples(read_labelled(path), task, max_length=10)


def test_classes_in_another_encoding_are_not_one(tmp_path: Path) -> None:
    path = tmp_path / "latin1.csv"
    path.write_bytes("sequence,label\nACGU,é\nACGA,è\nACGG,a\n".encode("latin-1"))
    with pytest.raises(FormatError, match=r"latin1\.csv:2: label .* is not UTF-8"):
        class_names(read_labelled(path), "sequence_classification")


@pytest.mark.parametrize("label", [[[1], [2]], [{"a": 1}, 2], [None, 1, 2]])
def test_odd_labels_are_told(label):
    row = LabelledRow("GG", (label,), "t.jsonl", 3)
    with pytest.raises(FormatError, match=r"t\.jsonl:3"):
        examples([row], TaskConfig(task="token_classification", labels=("a", "b")), max_length=10)


def test_a_number_beyond_measure_is_told():
    row = LabelledRow("GG", (10**400,), "t.jsonl", 3)
    with pytest.raises(FormatError, match=r"t\.jsonl:3: label 1000.* is no number"):
        examples([row], TaskConfig(task="sequence_regression", labels=("y",)), max_length=10)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"batch_size": 0}, "batch_size=0: expected 1 to 1000000000"),
        ({"learning_rate": math.nan}, "learning_rate=nan: expected 0 to 1000"),
        ({"epochs": 0}, "epochs=0"),
        ({"seed": -1}, "seed=-1"),
        ({"task": "nonsense"}, "task 'nonsense'; expected one of token_classification"),
        ({"mode": "half"}, "mode 'half'; expected one of full, head, lora"),
        ({"pooling": "max"}, "pooling 'max'; expected one of mean_max, mean, cls"),
        ({"task": "sequence_regression", "balance_classes": True}, "sequence_regression has no classes"),
    ],
)
def test_a_configuration_that_cannot_be_is_told(option: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        FinetuneConfig(**{"task": "sequence_classification", **option})


def test_batches_that_cannot_be_shared_leave_no_run(
    nano: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distributed, "world_size", lambda: 2)
    with pytest.raises(UsageError, match="accumulate_batches=1 cannot be shared by 2 processes"):
        run("sequence_classification", nano, tmp_path / "run")
    assert not (tmp_path / "run").exists()
