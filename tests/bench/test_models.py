"""Baselines learn what can be learned, choose on validation, and score nothing where there is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from mprna.bench.examples import Example
from mprna.bench.linear import fit_ridge, fit_softmax
from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.models.cnn import ConvolutionalModel, Network, encode, loss_of
from mprna.bench.models.linear import POOLED, LinearModel, kmer_counts
from mprna.bench.models.model import Budget
from mprna.bench.models.registry import ModelOptions, baselines, make_model
from mprna.bench.suite import choose_tasks
from mprna.bench.task import Task
from mprna.errors import UsageError

(TF,) = choose_tasks("gue", ("tf.0",))
(SNMD,) = choose_tasks("rgb", ("snmd",))
(SNMR,) = choose_tasks("rgb", ("snmr",))
(MRNA,) = choose_tasks("rgb", ("mrna",))
(STRENGTH,) = choose_tasks("pgb", ("promoter_strength.leaf",))


def rich_and_poor(number: int, seed: int) -> list[Example]:
    """Class 1 has twice as many G as class 0."""
    rng, examples = np.random.default_rng(seed), []
    for label in rng.integers(0, 2, number).tolist():
        p = [0.25, 0.25, 0.5, 0.0] if label else [0.25, 0.25, 0.25, 0.25]
        examples.append(Example("".join(rng.choice(list("ACGU"), 60, p=p)), label))
    return examples


def score(model: object, task: Task, test: list[Example]) -> float:
    metric = METRICS[task.metrics[0]]
    answers = model.predict(task, [e.sequence for e in test])  # type: ignore[attr-defined]
    return evaluate(metric, [metric.item(e.label, a) for e, a in zip(test, answers, strict=True)])


def test_softmax_regression_finds_the_optimum() -> None:
    """At the optimum the gradient is zero: ridge * weights = mean of feature * (label - probability)."""
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(200, 3)), rng.integers(0, 3, 200)
    model = fit_softmax(features, labels, 3, ridge=0.1)
    powers = np.exp(model.scores(features))
    errors = np.eye(3)[labels] - powers / powers.sum(axis=1, keepdims=True)
    design = (features - features.mean(axis=0)) / features.std(axis=0)
    assert design.T @ errors / 200 == pytest.approx(0.1 * model.weights, abs=1e-4)


def test_ridge_without_penalty_is_least_squares() -> None:
    rng = np.random.default_rng(1)
    features, targets = rng.normal(size=(50, 3)), rng.normal(size=(50, 2))
    design = np.column_stack([features, np.ones(50)])
    expected = design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    assert fit_ridge(features, targets, 0.0).scores(features) == pytest.approx(expected)


def test_kmer_counts_by_hand() -> None:
    counts = kmer_counts(2)("AAACN")
    assert (counts[0], counts[1], counts.sum()) == (
        pytest.approx(2 / 3),
        pytest.approx(1 / 3),
        pytest.approx(1),
    )


@pytest.mark.parametrize("name", ["kmer", "cnn"])
def test_trained_baselines_learn_composition(name: str) -> None:
    model = make_model(name, TF, ModelOptions())
    model.fit(TF, rich_and_poor(300, 1), rich_and_poor(80, 2), 45)
    assert score(model, TF, rich_and_poor(200, 3)) > 0.8
    assert model.choices["valid"] > 0.8


def test_cnn_learns_symbols_and_answers_with_valid_structures() -> None:
    """A stem of G and C around A: three labels that letters alone tell. `[` is not learned from."""
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    stems = [Example("G" * k + "A" * 5 + "C" * k, "(" * k + "..[]." + ")" * k) for k in range(3, 13)]
    model = ConvolutionalModel(Budget(epochs=30, batch_size=4, learning_rates=(5e-3,)))
    model.fit(task, stems * 4, stems, 45)
    answers = model.predict(task, ["GGGGGAAAAACCCCC", "ACGUN"])
    assert answers == ["(((((.....)))))", "....."]


@pytest.mark.parametrize("name", ["vienna-templates", "pair-fold:templates"])
def test_templates_are_the_structures_of_train(name: str) -> None:
    """A cloverleaf of which train says that two of its stems are open."""
    trna = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
    known = "(((((((" + "." * 41 + "(((((.......))))))))))))...."
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    model = make_model(name, task, ModelOptions())
    model.fit(task, [Example(trna, known)], [], 45)
    assert model.trains
    assert not model.is_seeded
    assert model.predict(task, [trna, "ACGU!"]) == [known, "....."]
    assert model.num_failed == 1


def test_templates_are_asked_for_before_any_is_known() -> None:
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    with pytest.raises(RuntimeError, match=r"fit\(\) first"):
        make_model("vienna-templates", task, ModelOptions()).predict(task, ["ACGU"])


def test_choices_follow_validation_not_train() -> None:
    """Features that only train knows lose against features that carry over."""
    train, valid = rich_and_poor(60, 4), rich_and_poor(40, 5)
    memory = {example.sequence: float(example.label) for example in train}
    candidates = {
        "memory": lambda sequence: np.array([memory.get(sequence, 0.5)]),
        "counts": kmer_counts(1),
    }
    model = LinearModel(candidates, POOLED)
    model.fit(TF, train, valid, 45)
    assert model.choices["features"] == "counts"


def test_what_is_not_defined_on_validation_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of `auc` where one class is missing. It comes first here, and with every ridge."""
    values = iter([float("nan")] * 3 + [0.2, 0.4, 0.3])
    monkeypatch.setattr("mprna.bench.models.linear.evaluate", lambda *_: next(values))
    model = LinearModel({"one": kmer_counts(1), "two": kmer_counts(2)}, POOLED)
    model.fit(TF, rich_and_poor(20, 4), rich_and_poor(8, 5), 45)
    assert (model.choices["features"], model.choices["valid"]) == ("two", 0.4)


def test_same_seed_same_network() -> None:
    first, second, other = (ConvolutionalModel(Budget(epochs=1)) for _ in range(3))
    for model, seed in ((first, 45), (second, 45), (other, 46)):
        model.fit(TF, rich_and_poor(40, 6), rich_and_poor(20, 7), seed)
    answers = [np.array(model.predict(TF, ["ACGU" * 5])) for model in (first, second, other)]
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])


def test_loss_is_of_logits_and_can_reach_zero() -> None:
    """After a softmax, cross-entropy of two classes cannot fall below 0.31."""
    logits = torch.tensor([[20.0, -20.0], [-20.0, 20.0]])
    loss = loss_of(TF, logits, [Example("A", 0), Example("A", 1)])
    assert float(loss) < 1e-6


def test_losses_see_labelled_positions_only() -> None:
    output = torch.zeros(2, 4, 4)
    output[0, 1, 2] = 50.0
    batch = [Example("ACGU", np.array([-1, 2, -1, -1])), Example("AC", np.array([-1, -1]))]
    assert float(loss_of(SNMR, output, batch)) == pytest.approx(0.0)
    assert float(loss_of(SNMR, output[1:], batch[1:])) == 0.0
    values = torch.zeros(1, 4, 3)
    values[0, 2:] = 9.0
    assert float(loss_of(MRNA, values, [Example("ACGU", np.zeros((2, 3)))])) == 0.0


def test_padding_does_not_change_the_network() -> None:
    network = Network(2, pooled=True)
    alone = network(*encode(["ACGUACGU"]))
    beside = network(*encode(["ACGUACGU", "A" * 40]))[:1]
    assert torch.allclose(alone, beside, atol=1e-6)


@pytest.mark.parametrize(("task", "width"), [(SNMD, 2), (SNMR, 4), (MRNA, 3)])
def test_probe_answers_for_every_nucleotide(nano_model: Path, task: Task, width: int) -> None:
    rng = np.random.default_rng(8)
    examples = []
    for _ in range(12):
        sequence = "".join(rng.choice(list("ACGU"), 30))
        label = rng.normal(size=(20, 3)) if task is MRNA else rng.integers(0, width, 30)
        examples.append(Example(sequence, label))
    model = make_model(str(nano_model), task, ModelOptions())
    model.fit(task, examples[:8], examples[8:], 45)
    (answer,) = model.predict(task, ["ACGUACG"])
    assert answer.shape == (7, width)


def test_probe_of_structure_prints_valid_structures(nano_model: Path) -> None:
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    examples = [Example("GGGGAAAACCCC" + "A" * n, "((((....))))" + "." * n) for n in range(6)]
    model = make_model(f"{nano_model}:probe", task, ModelOptions())
    model.fit(task, examples[:4], examples[4:], 45)
    assert model.predict(task, ["GGGGAAAACCCCAA"]) == ["((((....)))).."]


def test_kmer_regression_follows_composition() -> None:
    examples = [Example(e.sequence, np.array([e.sequence.count("G") / 60])) for e in rich_and_poor(200, 9)]
    model = make_model("kmer", STRENGTH, ModelOptions())
    model.fit(STRENGTH, examples[:140], examples[140:160], 45)
    assert score(model, STRENGTH, examples[160:]) > 0.9


def test_remote_code_needs_the_flag() -> None:
    assert len(baselines()) == 13
    with pytest.raises(UsageError, match="--trust-remote-code"):
        make_model("dnabert-2", TF, ModelOptions())
