"""Checkpoints trained on a task: every type learns, killed runs go on, budgets do not mix."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mprna.bench import runner
from mprna.bench.examples import Example
from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.models import finetuned
from mprna.bench.models.finetuned import LEARNING_RATES, TASKS, FinetunedModel
from mprna.bench.models.model import Budget
from mprna.bench.models.registry import FINETUNED, ModelOptions, make_model
from mprna.bench.record import part_path, read_record, record_path, training_path
from mprna.bench.suite import choose_tasks
from mprna.bench.task import LABELLED, Task
from mprna.cli.main import main
from mprna.errors import MissingDataError, StoppedError, UsageError
from mprna.model.presets import PRESETS
from mprna.model.task_config import TaskConfig
from mprna.train.backbone import Checkpoint
from mprna.train.finetune import FinetuneConfig

QUICK = Budget(epochs=8, batch_size=8, patience=8, learning_rates=(3e-3,))
TASK_OF = {
    task.type: task
    for suite, name in (
        ("gue", "tf.0"),
        ("rgb", "ssp-archive2"),
        ("rgb", "snmd"),
        ("rgb", "snmr"),
        ("rgb", "mrna"),
        ("pgb", "promoter_strength.leaf"),
        ("pgb", "gene_exp.zea_mays"),
        ("pgb", "chromatin_access.zea_mays"),
    )
    for task in choose_tasks(suite, (name,))
}


def label_of(task: Task, sequence: str) -> object:
    """What composition, or each letter alone, decides."""
    is_g = np.array([base == "G" for base in sequence])
    is_a = np.array([base == "A" for base in sequence])
    return {
        "classification": int(is_g.mean() > 0.5),
        "regression": np.array([50.0 + 100 * is_g.mean()]),
        "multi_regression": np.array([10 * is_g.mean(), 5 * is_a.mean()]),
        "multilabel": np.array([is_g.mean() > 0.5, is_g.mean() <= 0.5], dtype=float),
        "structure": "".join("(" if g else ")" if a else "." for g, a in zip(is_g, is_a, strict=True)),
        "mutation_detection": is_g.astype(np.int64),
        "mutation_repair": np.where(is_g, 2, np.where(is_a, 0, -1)),
        "degradation": np.stack([is_g, 1.0 * is_a, -1.0 * is_g], axis=1)[:-4],
    }[task.type]


def examples(task: Task, number: int, seed: int) -> list[Example]:
    rng, made = np.random.default_rng(seed), []
    for row in range(number):
        share = 0.8 if row % 2 else 0.1
        sequence = "".join(rng.choice(list("GACU"), rng.integers(8, 24), p=[share, *[(1 - share) / 3] * 3]))
        made.append(Example(sequence, label_of(task, sequence)))
    return made


def fitted(task: Task, nano: Path, run_dir: Path, mode: str = "full", seed: int = 45) -> FinetunedModel:
    model = FinetunedModel(Checkpoint(nano), mode, QUICK, longest=task.max_length, run_dir=run_dir / "m")
    model.fit(task, examples(task, 48, 1), examples(task, 24, 2), seed)
    return model


def items(task: Task, model: FinetunedModel, metric: str) -> list[np.ndarray]:
    test = examples(task, 24, 3)
    answers = model.predict(task, [example.sequence for example in test])
    return [METRICS[metric].item(e.label, a) for e, a in zip(test, answers, strict=True)]


def test_every_type_has_a_way_of_training() -> None:
    assert set(TASKS) == set(LABELLED) == set(TASK_OF)
    assert set(LEARNING_RATES) == set(FINETUNED)


@pytest.mark.parametrize("kind", [kind for kind in LABELLED if kind != "structure"])
def test_every_type_learns_in_the_units_of_its_labels(kind: str, nano: Path, tmp_path: Path) -> None:
    task = TASK_OF[kind]
    model = fitted(task, nano, tmp_path)
    for metric in task.metrics:
        value = evaluate(METRICS[metric], items(task, model, metric))
        if METRICS[metric].lower_is_better:
            truth = [example.label for example in examples(task, 24, 3)]
            mean = np.mean(np.concatenate([np.atleast_2d(label) for label in truth]), axis=0)
            constant = [METRICS[metric].item(t, np.tile(mean, (len(np.atleast_2d(t)), 1))) for t in truth]
            assert value < 0.6 * evaluate(METRICS[metric], constant)
        else:
            assert value > 0.8
    assert list(tmp_path.iterdir()) == [tmp_path / "m.seed45.run"]  # until there is a record
    assert model.choices["epoch"] >= 1
    assert model.choices["resumed"] is False


def test_structures_are_valid_and_as_long_as_the_sequence(nano: Path, tmp_path: Path) -> None:
    (task,) = choose_tasks("rgb", ("ssp-archive2",))
    made = [Example("GGGG" + "U" * n + "AAACCCC", "((((" + "." * (n + 3) + "))))") for n in range(1, 17)]
    model = FinetunedModel(Checkpoint(nano), "full", QUICK, longest=20, run_dir=tmp_path / "m")
    model.fit(task, made[:12], made[12:], 45)
    short, cut = model.predict(task, ["GGGGUUUAAACCCC", "GGGGUUUAAACCCC" + "C" * 20])
    assert short == "((((......))))"
    assert len(cut) == 34
    assert cut.endswith("." * 14)


def test_classes_keep_their_places_where_train_lacks_one(nano: Path, tmp_path: Path) -> None:
    """SNMR scores A and G only here: C and U are never predicted, and G stays class 2."""
    scores = fitted(TASK_OF["mutation_repair"], nano, tmp_path).predict(TASK_OF["mutation_repair"], ["GA"])[0]
    assert scores.argmax(axis=1).tolist() == [2, 0]
    assert (scores[:, [1, 3]] < -1e8).all()


def test_scratch_forgets_the_weights_and_follows_its_seed(nano: Path, tmp_path: Path) -> None:
    task = TASK_OF["regression"]
    made = {
        key: fitted(task, nano, tmp_path / str(number), *key).predict(task, ["GGAUCG"])[0][0]
        for number, key in enumerate([("scratch", 45), ("scratch", 46), ("full", 45)])
    }
    again = fitted(task, nano, tmp_path / "again", "scratch", 45).predict(task, ["GGAUCG"])[0][0]
    assert len(set(made.values())) == 3
    assert again == made["scratch", 45]


def test_a_split_without_labels_is_an_error(nano: Path, tmp_path: Path) -> None:
    model = FinetunedModel(Checkpoint(nano), "full", QUICK, longest=100, run_dir=tmp_path / "m")
    with pytest.raises(MissingDataError, match="nothing is labelled"):
        model.fit(TASK_OF["mutation_repair"], [Example("ACGU", np.full(4, -1))], [], 45)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "tf.0"
    folder.mkdir(parents=True)
    for seed, (split, number) in enumerate((("train", 40), ("dev", 12), ("test", 12)), 1):
        rows = [
            {"sequence": e.sequence.replace("U", "T"), "label": e.label}
            for e in examples(TASK_OF["classification"], number, seed)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder.parent


def run(data_dir: Path, nano: Path, out: Path, budget: Budget = QUICK) -> list[runner.Outcome]:
    options = ModelOptions(budget=budget)
    task = TASK_OF["classification"]
    return list(runner.run_all([task], [f"{nano}:lora"], (45, 46), data_dir, out, options))


def test_a_killed_run_goes_on_in_mid_training(
    data_dir: Path, nano: Path, tmp_path: Path, monkeypatch
) -> None:
    """Killed in the second seed: the first is not repeated, the second ends as if nothing had happened."""
    whole = run(data_dir, nano, tmp_path / "whole")
    calls: list[int] = []

    def strike(*args: object, **kwargs: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 60:  # 40 steps a seed, 5 an epoch
            raise KeyboardInterrupt
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("mprna.train.loop.clip_grad_norm_", strike)
        with pytest.raises(KeyboardInterrupt):
            run(data_dir, nano, tmp_path / "killed")
    seen: list[int] = []
    fit = FinetunedModel.fit
    monkeypatch.setattr(FinetunedModel, "fit", lambda *args: (seen.append(args[-1]), fit(*args))[1])
    resumed = run(data_dir, nano, tmp_path / "killed")
    assert seen == [46]
    assert [outcome.is_new for outcome in resumed] == [False, True]
    for first, second in zip(whole, resumed, strict=True):
        assert first.record is not None
        assert second.record is not None
        assert first.record.items == second.record.items
    assert resumed[1].record is not None
    assert resumed[1].record.choices["resumed"] is True
    assert not list((tmp_path / "killed").rglob("*.run"))


def test_a_run_that_is_killed_after_training_does_not_train_again(
    data_dir: Path, nano: Path, tmp_path: Path, monkeypatch
) -> None:
    whole = run(data_dir, nano, tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr(FinetunedModel, "predict", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(data_dir, nano, tmp_path / "killed")
    with monkeypatch.context() as patch:
        patch.setattr("mprna.train.loop._compute_gradients", interrupt)
        with pytest.raises(KeyboardInterrupt):  # in the second seed: the first one is only read
            run(data_dir, nano, tmp_path / "killed")
    resumed = run(data_dir, nano, tmp_path / "killed")
    assert [outcome.is_new for outcome in resumed] == [False, True]
    assert [o.record.items for o in resumed if o.record] == [o.record.items for o in whole if o.record]
    record = record_path(tmp_path / "killed", "gue", "tf.0", f"{nano}:lora", 45)
    training_path(record).mkdir()
    part_path(record).touch()
    run(data_dir, nano, tmp_path / "killed")
    assert {path.suffix for path in record.parent.iterdir()} == {".json"}


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_polite_end_keeps_the_training(data_dir: Path, nano: Path, tmp_path: Path, monkeypatch) -> None:
    def polite(*args: object, **kwargs: object) -> torch.Tensor:
        os.kill(os.getpid(), signal.SIGTERM)
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("mprna.train.loop.clip_grad_norm_", polite)
        with pytest.raises(StoppedError, match=r"gue/tf\.0: stopped at step 1; the same command goes on"):
            run(data_dir, nano, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.seed45.run/checkpoints/*"))
    assert all(outcome.is_new for outcome in run(data_dir, nano, tmp_path / "out"))


def configs_of_training(monkeypatch: pytest.MonkeyPatch) -> list[FinetuneConfig]:
    """What trainings from now on are configured as; they run as before."""
    seen: list[FinetuneConfig] = []
    train = finetuned.finetune

    def spy(config: FinetuneConfig, *args: Any, **kwargs: Any) -> Path | None:
        seen.append(config)
        return train(config, *args, **kwargs)

    monkeypatch.setattr(finetuned, "finetune", spy)
    return seen


@pytest.mark.filterwarnings("ignore:bfloat16 is far slower than float32")
@pytest.mark.parametrize("bfloat16", [False, True])
def test_the_precision_reaches_the_training_and_the_record(
    bfloat16: bool, data_dir: Path, nano: Path, tmp_path: Path, monkeypatch
) -> None:
    seen = configs_of_training(monkeypatch)
    options = ModelOptions(budget=Budget(epochs=1), bfloat16=bfloat16)
    tasks, models = [TASK_OF["classification"]], [f"{nano}:full"]
    (outcome,) = runner.run_all(tasks, models, (45,), data_dir, tmp_path / "out", options)
    assert outcome.record is not None
    (config,) = seen
    assert config.bfloat16 == outcome.record.choices["bfloat16"] == bfloat16


@pytest.mark.parametrize("kind", ["classification", "mutation_detection", "mutation_repair"])
def test_rare_mutations_weigh_as_much_as_the_rest(kind: str, nano: Path, tmp_path: Path, monkeypatch) -> None:
    seen = configs_of_training(monkeypatch)
    fitted(TASK_OF[kind], nano, tmp_path)
    (config,) = seen
    assert config.balance_classes == (kind == "mutation_detection")


def test_an_epoch_whose_metric_is_not_defined_is_not_chosen(tmp_path: Path, nano: Path) -> None:
    """The record names the epoch whose weights are taken."""
    model = Checkpoint(nano).task_network(
        TaskConfig(task="sequence_classification", labels=("0", "1")), lora_rank=0
    )
    values = (float("nan"), 0.3, 0.5, float("nan"), 0.5)
    lines = [
        json.dumps({"kind": "validation", "step": 10 * epoch, "auc": value})
        for epoch, value in enumerate(values, 1)
    ]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    config = FinetuneConfig(task="sequence_classification", choose_by="auc")
    assert finetuned._chosen(model, config, tmp_path) == {"epoch": 3, "chosen_by": "auc", "valid": 0.5}


def test_records_of_another_budget_are_refused(data_dir: Path, nano: Path, tmp_path: Path) -> None:
    run(data_dir, nano, tmp_path / "out", Budget(epochs=1))
    with pytest.raises(UsageError, match="another --out"):
        run(data_dir, nano, tmp_path / "out", Budget(epochs=2))


def test_command_with_mode_and_budget(data_dir: Path, nano: Path, tmp_path: Path, capsys) -> None:
    out = tmp_path / "out"
    models = ["--model", str(nano), "--model", "majority", "--mode", "head"]
    where = ["--data-dir", str(data_dir), "--task", "tf.0", "--out", str(out), "--seeds", "45"]
    assert main(["bench", "run", "gue", *where, *models, "--epochs", "1", "--batch-size", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("\t")[1] for line in lines] == [f"{nano}:head", "majority"]
    record = read_record(record_path(out, "gue", "tf.0", f"{nano}:head", 45))
    assert record.choices["budget"] == {
        "epochs": 1,
        "batch_size": 4,
        "patience": 3,
        "learning_rate": None,
    }
    assert record.choices["learning_rate"] == LEARNING_RATES["head"]
    assert record.seconds > 0
    assert record.peak_memory_mb > 50


def test_make_model_cuts_to_task_and_network(nano: Path, tmp_path: Path) -> None:
    task = TASK_OF["classification"]
    options = ModelOptions(budget=Budget(epochs=1), work_dir=tmp_path)
    model = make_model(f"{nano}:full", task, options)
    assert isinstance(model, finetuned.FinetunedModel)
    model.fit(task, examples(task, 8, 1), examples(task, 8, 2), 45)
    longest = min(task.max_length, PRESETS["nano"].max_length)
    model.predict(task, ["A" * longest, "A" * (longest + 1), "A" * (longest + 9)])
    assert model.num_truncated == 2


RATES = Budget(epochs=3, batch_size=8, patience=8, learning_rates=(1e-6, 3e-3, 1e-3))


def outcomes(
    data_dir: Path, nano: Path, out: Path, budget: Budget = RATES, seeds: tuple[int, ...] = (45, 46)
):
    tasks, options = [TASK_OF["classification"]], ModelOptions(budget=budget)
    made = list(runner.run_all(tasks, [f"{nano}:full"], seeds, data_dir, out, options))
    return [outcome.record for outcome in made if outcome.record]


def test_the_first_seed_chooses_the_learning_rate_on_validation(
    data_dir: Path, nano: Path, tmp_path: Path
) -> None:
    first, second = outcomes(data_dir, nano, tmp_path / "out")
    tried = first.choices["learning_rates"]
    assert (tried["seed"], tried["metric"]) == (45, "mcc")
    values = tried["valid"]
    assert list(values) == ["1e-06", "0.003", "0.001"]
    assert values["0.003"] > values["1e-06"]
    assert first.choices["learning_rate"] == float(max(values, key=values.get))
    assert first.choices["valid"] == pytest.approx(values[str(first.choices["learning_rate"])])
    assert second.choices["learning_rates"] == tried
    assert second.choices["learning_rate"] == first.choices["learning_rate"]
    assert not list((tmp_path / "out").rglob("*.run"))
    alone = replace(RATES, learning_rates=(first.choices["learning_rate"],))
    assert [record.items for record in outcomes(data_dir, nano, tmp_path / "alone", alone)] == [
        first.items,
        second.items,
    ]
    (third,) = outcomes(data_dir, nano, tmp_path / "third", seeds=(46,))
    assert third.choices["learning_rates"]["seed"] == 46
    record_path(tmp_path / "out", "gue", "tf.0", f"{nano}:full", 46).unlink()
    again = outcomes(data_dir, nano, tmp_path / "out")
    assert again[0] == first
    assert (again[1].choices, again[1].items) == (second.choices, second.items)
    with pytest.raises(UsageError, match="another --out"):
        outcomes(data_dir, nano, tmp_path / "out", alone)


def test_a_killed_choice_goes_on(data_dir: Path, nano: Path, tmp_path: Path, monkeypatch) -> None:
    """Killed with the third rate: what the first two did is not trained again."""
    whole = outcomes(data_dir, nano, tmp_path / "whole")
    calls: list[int] = []

    def count(*args: object, **kwargs: object) -> torch.Tensor:
        calls.append(1)
        if len(calls) == 38:  # 15 steps a rate, 5 an epoch
            raise KeyboardInterrupt
        return torch.nn.utils.clip_grad_norm_(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr("mprna.train.loop.clip_grad_norm_", count)
    with pytest.raises(KeyboardInterrupt):
        outcomes(data_dir, nano, tmp_path / "killed")
    resumed = outcomes(data_dir, nano, tmp_path / "killed")
    assert len(calls) == 38 + 10 + 15
    assert [record.items for record in resumed] == [record.items for record in whole]
    assert resumed[0].choices == whole[0].choices | {"resumed": True}


def test_a_rate_that_diverges_loses(data_dir: Path, nano: Path, tmp_path: Path) -> None:
    mad = replace(RATES, learning_rates=(1e3, 3e-3))
    (record,) = outcomes(data_dir, nano, tmp_path / "out", mad, (45,))
    assert record.choices["learning_rates"]["valid"]["1000.0"] is None
    assert record.choices["learning_rate"] == 3e-3
    tasks, options = (
        [TASK_OF["classification"]],
        ModelOptions(budget=replace(mad, learning_rates=(1e3, 999.0))),
    )
    (outcome,) = runner.run_all(tasks, [f"{nano}:full"], (45,), data_dir, tmp_path / "none", options)
    assert "lower learning_rate" in outcome.reason


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "x"])
def test_a_learning_rate_is_a_number_above_zero(rate: str, capsys) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "run", "gue", "--model", "cnn", "--data-dir", ".", f"--learning-rate={rate}"])
    assert "is no number above 0" in capsys.readouterr().err
