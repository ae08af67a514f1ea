"""The first seed chooses the learning rate on validation, the others follow; here with `cnn`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mprna.bench import runner
from mprna.bench.examples import Example
from mprna.bench.models.cnn import LEARNING_RATE, ConvolutionalModel
from mprna.bench.models.learning_rates import TRIED, LearningRates
from mprna.bench.models.model import Budget
from mprna.bench.models.registry import ModelOptions
from mprna.bench.record import RunRecord, record_path
from mprna.bench.suite import choose_tasks
from mprna.errors import DataError, FormatError, ModelError, RunError, UsageError

(TF,) = choose_tasks("gue", ("tf.0",))
(SNMD,) = choose_tasks("rgb", ("snmd",))
(MRNA,) = choose_tasks("rgb", ("mrna",))
SEVERAL = Budget(epochs=2, batch_size=8, learning_rates=(1e-6, 1e-2, 1e-3))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Class 1 has twice as many G as class 0."""
    folder = tmp_path / "data" / "tf.0"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for split, number in (("train", 80), ("dev", 40), ("test", 20)):
        rows = [
            {"sequence": "".join(rng.choice(list("ACTG"), 40, p=p)), "label": label}
            for label, p in ((0, [0.25] * 4), (1, [0.25, 0.0, 0.25, 0.5]))
            for _ in range(number // 2)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder.parent


def records(data_dir: Path, out: Path, budget: Budget, seeds: tuple[int, ...] = (45, 46)) -> list[RunRecord]:
    made = runner.run_all([TF], ["cnn"], seeds, data_dir, out, ModelOptions(budget=budget))
    return [outcome.record for outcome in made if outcome.record]


def test_the_first_seed_of_cnn_chooses_and_the_second_follows(data_dir: Path, tmp_path: Path) -> None:
    first, second = records(data_dir, tmp_path / "out", SEVERAL)
    tried = first.choices[TRIED]
    assert (tried["seed"], tried["metric"]) == (45, "mcc")
    assert list(tried["valid"]) == ["1e-06", "0.01", "0.001"]
    assert tried["valid"]["0.01"] > tried["valid"]["1e-06"]
    chosen = first.choices["learning_rate"]
    assert chosen == float(max(tried["valid"], key=tried["valid"].get)) != 1e-6
    assert first.choices["valid"] == tried["valid"][str(chosen)]
    assert second.choices[TRIED] == tried
    assert second.choices["learning_rate"] == chosen
    assert first.choices["budget"]["learning_rate"] == [1e-6, 1e-2, 1e-3]
    alone = records(data_dir, tmp_path / "alone", replace(SEVERAL, learning_rates=(chosen,)))
    assert [record.items for record in alone] == [first.items, second.items]
    assert TRIED not in alone[0].choices


def test_a_choice_goes_on_from_the_record_of_the_first_seed(data_dir: Path, tmp_path: Path) -> None:
    first, second = records(data_dir, tmp_path, SEVERAL)
    record_path(tmp_path, "gue", "tf.0", "cnn", 46).unlink()
    again = records(data_dir, tmp_path, SEVERAL)
    assert again[0] == first
    assert (again[1].choices, again[1].items) == (second.choices, second.items)
    with pytest.raises(UsageError, match="another --out"):
        records(data_dir, tmp_path, replace(SEVERAL, learning_rates=(1e-2,)))


def test_without_the_option_the_rate_and_the_budget_are_as_before(data_dir: Path, tmp_path: Path) -> None:
    default = replace(SEVERAL, learning_rates=())
    (record,) = records(data_dir, tmp_path / "default", default, (45,))
    assert record.choices["learning_rate"] == LEARNING_RATE == 1e-3
    assert record.choices["budget"]["learning_rate"] is None
    (given,) = records(data_dir, tmp_path / "given", replace(SEVERAL, learning_rates=(1e-3,)), (45,))
    assert given.items == record.items


def test_a_rate_at_which_cnn_diverges_loses() -> None:
    examples = [Example("ACGU" * 5, np.array([0, 1] * 10)) for _ in range(8)]
    model = ConvolutionalModel(Budget(epochs=2, batch_size=4, learning_rates=(1e30, 1e-3)))
    model.fit(SNMD, examples, examples, 45)
    assert model.choices[TRIED]["valid"]["1e+30"] is None
    assert model.choices["learning_rate"] == 1e-3
    with pytest.raises(RunError, match="lower learning_rate"):
        ConvolutionalModel(Budget(learning_rates=(1e30,), batch_size=4)).fit(SNMD, examples, examples, 45)


def test_the_best_rate_has_the_least_error_and_the_first_of_equals() -> None:
    """mRNA is scored by an error: less is better."""
    errors = {1e-4: 0.7, 1e-3: 0.5, 1e-2: 0.5, 1e-1: 0.9}
    rates = LearningRates.of(Budget(learning_rates=tuple(errors)), 1.0, {})
    network, choices = rates.best(MRNA, 45, lambda rate: (rate, {"epoch": 3}), errors.__getitem__)
    assert network == choices["learning_rate"] == 1e-3
    assert choices["epoch"] == 3
    assert choices[TRIED]["valid"] == {"0.0001": 0.7, "0.001": 0.5, "0.01": 0.5, "0.1": 0.9}


@pytest.mark.parametrize("undefined", [(1e-4,), (1e-3,), (1e-4, 1e-3), (1e-2,)])
def test_a_rate_whose_metric_is_not_defined_never_wins(undefined: tuple[float, ...]) -> None:
    errors = {1e-4: 0.5, 1e-3: 0.6, 1e-2: 0.7} | dict.fromkeys(undefined, float("nan"))
    rates = LearningRates.of(Budget(learning_rates=tuple(errors)), 1.0, {})
    network, _ = rates.best(MRNA, 45, lambda rate: (rate, {}), errors.__getitem__)
    assert network == min(set(errors) - set(undefined))
    nan = LearningRates.of(Budget(learning_rates=(1e-4, 1e-3)), 1.0, {})
    assert nan.best(MRNA, 45, lambda rate: (rate, {}), lambda _: float("nan"))[0] == 1e-4


def test_where_there_is_one_rate_nothing_is_scored() -> None:
    def score(network: float) -> float:
        raise AssertionError

    for budget, first, rate in (
        (Budget(), {}, 1e-3),
        (Budget(learning_rates=(5e-4,)), {}, 5e-4),
        (SEVERAL, {"learning_rate": 1e-2, TRIED: {"seed": 45}}, 1e-2),
    ):
        rates = LearningRates.of(budget, 1e-3, first)
        network, choices = rates.best(TF, 46, lambda rate: (rate, {}), score)
        assert network == choices["learning_rate"] == rate
        assert choices.get(TRIED) == first.get(TRIED)


def test_the_last_failure_is_told_where_every_rate_fails() -> None:
    def train(rate: float) -> tuple[float, dict[str, object]]:
        raise RunError(f"diverged at {rate}")

    rates = LearningRates.of(SEVERAL, 1e-3, {})
    with pytest.raises(RunError, match=r"diverged at 0\.001"):
        rates.best(TF, 45, train, float)


@pytest.mark.parametrize("error", [ModelError, FormatError])
def test_what_is_no_divergence_ends_the_choice(error: type[DataError]) -> None:
    """As a full disk, which the next rate does not mend."""

    def train(rate: float) -> tuple[None, dict[str, object]]:
        raise error("cannot write")

    with pytest.raises(error):
        LearningRates((1e-3, 1e-2), {}).best(TF, 45, train, lambda _: 0.0)
