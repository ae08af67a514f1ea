"""Labels of a table to targets: what a class is called, what is refused, and what a class weighs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mprna.errors import DataError, FormatError
from mprna.io.labelled import LabelledRow
from mprna.model.task_config import TaskConfig
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.labels import class_names, examples
from mprna.train.task_batches import pad
from mprna.train.task_learner import class_weights, task_loss


@pytest.mark.parametrize(
    ("task", "label", "message"),
    [
        (
            "sequence_classification",
            None,
            r"t.jsonl:7: no label; give one, or remove this row",
        ),
        ("sequence_classification", "c", r"t.jsonl:7: class 'c' is not in the training data; known are a, b"),
        ("sequence_multilabel", 0.5, r"t.jsonl:7: label 0.5; sequence_multilabel expects 0 or 1, or nothing"),
        ("sequence_multilabel", "yes", r"t.jsonl:7: label 'yes' is no number"),
        ("sequence_regression", "high", r"t.jsonl:7: label 'high' is no number"),
        ("sequence_regression", "nan", r"t.jsonl:7: label 'nan' is no finite number; give one"),
        ("sequence_regression", 1e39, r"t.jsonl:7: label 1e\+39 is no finite number; give one"),
        ("sequence_classification", float("nan"), r"t.jsonl:7: label nan; write null where nothing is known"),
        ("sequence_classification", "", r"t.jsonl:7: label '' is blank; write null"),
        ("token_classification", "a b ", r"t.jsonl:7: label ' ' is blank; write null"),
        ("token_classification", ["a", float("nan"), "a", "b"], r"t.jsonl:7: label nan; write null"),
        ("token_classification", "((.", r"t.jsonl:7: 3 labels for 4 nt; write null where nothing is known"),
        ("token_regression", 1.0, r"t.jsonl:7: label 1.0; token_regression expects a list"),
    ],
)
def test_a_bad_label_is_named_with_its_line(task: str, label: object, message: str) -> None:
    config = TaskConfig(task=task, labels=("a", "b"))
    with pytest.raises(FormatError, match=message):
        examples([LabelledRow("ACGU", (label,), "t.jsonl", 7)], config, max_length=9)


def test_a_long_sequence_is_named_with_its_line() -> None:
    task = TaskConfig(task="sequence_regression", labels=("x",))
    with pytest.raises(FormatError, match="t:1: 10 nt, the model reads 9; cut"):
        examples([LabelledRow("A" * 10, (1,), "t", 1)], task, max_length=9)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ((True, False), ("false", "true")),
        ((1.0, 0.0, 1), ("0", "1")),
        (("10", "2", "-1", "0"), ("-1", "0", "2", "10")),
        ((0.5, "b", "B"), ("0.5", "B", "b")),
    ],
)
def test_names_of_classes(labels: tuple[object, ...], names: tuple[str, ...]) -> None:
    table = [LabelledRow("ACGU", (label,), "t", 1) for label in labels]
    assert class_names(table, "sequence_classification") == names
    task = TaskConfig(task="sequence_classification", labels=names)
    numbers = [float(example.targets[0, 0]) for example in examples(table, task, max_length=9)]
    assert sorted(set(numbers)) == list(range(len(names)))


def test_balanced_classes_weigh_the_same() -> None:
    task = TaskConfig(task="sequence_classification", labels=("a", "b"))
    data = examples([LabelledRow("ACGU", (name,), "f", 1) for name in "aaab"], task, max_length=9)
    weights = class_weights(data, len(task.labels))
    assert weights.tolist() == pytest.approx([4 / 6, 2.0])
    loss = task_loss(torch.zeros(4, 1, 2), pad(data, task).targets, task, weights)
    assert (float(loss.weight), float(loss.mean)) == pytest.approx((4.0, np.log(2)))


def test_a_rare_class_weighs_as_much_in_a_batch_of_its_own() -> None:
    """As where classes differ in length, by which batches are made."""
    task = TaskConfig(task="sequence_classification", labels=("a", "b"))
    data = examples([LabelledRow("ACGU", (name,), "f", 1) for name in "aaab"], task, max_length=9)
    weights = class_weights(data, 2)
    whole = task_loss(torch.zeros(4, 1, 2), pad(data, task).targets, task, weights)
    parts = [
        task_loss(torch.zeros(len(part), 1, 2), pad(part, task).targets, task, weights)
        for part in (data[:3], data[3:])
    ]
    assert [float(part.total) for part in parts] == pytest.approx([2 * np.log(2)] * 2)
    assert [float(part.mean) for part in parts] == pytest.approx([2 / 3 * np.log(2), 2 * np.log(2)])
    assert float(whole.mean) == pytest.approx(np.log(2))


def test_numbers_that_float32_would_round_away_are_told(nano: Path, tmp_path: Path) -> None:
    near = [LabelledRow("ACGU", (1e8 + number,), "t.csv", 2) for number in range(4)]
    with pytest.raises(DataError, match=r"t\.csv: value differs by 1\.12 around 1e\+08, too little"):
        finetune(
            FinetuneConfig(task="sequence_regression"),
            nano,
            near,
            near,
            tmp_path / "run",
            label_names=["value"],
        )
