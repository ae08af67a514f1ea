"""The mode `pairs`: a network of ours learns who pairs with whom, and folds as `mprna fold` does."""

from __future__ import annotations

from pathlib import Path

import pytest

import mprna
from mprna.bench.examples import Example
from mprna.bench.models.finetuned import FinetunedModel
from mprna.bench.models.model import Budget
from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.suite import choose_tasks
from mprna.errors import UsageError
from mprna.predict.options import FoldOptions
from mprna.train.backbone import Checkpoint
from mprna.train.tracker import METRICS_FILE, read_metrics

(TASK,) = choose_tasks("rgb", ("ssp-archive2",))
HAIRPINS = [
    Example("GGGG" + loop + "CCCC" + "A" * n, "((((" + "." * len(loop) + "))))" + "." * n)
    for n in range(4)
    for loop in ("UUU", "UUUU", "UAUAU", "AUUUUA")
]
SHORT, LONG = "GGGGUUUUCCCC", "GGGGUUUUCCCC" + "A" * 20


def test_pairs_are_learned_and_folded_as_by_the_model_engine(nano: Path, tmp_path: Path) -> None:
    budget = Budget(epochs=10, batch_size=4, patience=10, learning_rates=(3e-3,))
    model = FinetunedModel(Checkpoint(nano), "pairs", budget, longest=16, run_dir=tmp_path / "m")
    model.fit(TASK, HAIRPINS, HAIRPINS[:4], 45)
    short, cut = model.predict(TASK, [SHORT, LONG])
    assert short == "((((....))))"
    assert cut == short + "." * 20
    assert model.num_truncated == 1
    assert (model.choices["mode"], model.choices["chosen_by"]) == ("pairs", "pair_f1")
    assert model.choices["valid"] == 1.0
    options = FoldOptions(engine="model", model=tmp_path / "m.seed45.run" / "model")
    assert mprna.fold(SHORT, options).dot_bracket == short
    again = FinetunedModel(Checkpoint(nano), "pairs", budget, longest=16, run_dir=tmp_path / "m")
    again.fit(TASK, HAIRPINS, HAIRPINS[:4], 45)
    assert (again.choices["resumed"], again.predict(TASK, [SHORT])) == (True, [short])


def test_pairs_are_learned_from_random_weights_too(nano: Path, tmp_path: Path) -> None:
    losses = {}
    for mode in ("pairs", "scratch-pairs"):
        budget = Budget(epochs=1, batch_size=4, patience=1, learning_rates=(1e-9,))  # stays where it starts
        model = FinetunedModel(Checkpoint(nano), mode, budget, longest=16, run_dir=tmp_path / mode)
        model.fit(TASK, HAIRPINS, HAIRPINS[:4], 45)
        assert model.choices["mode"] == mode
        rows = read_metrics(tmp_path / f"{mode}.seed45.run" / METRICS_FILE)
        losses[mode] = [row["loss"] for row in rows if row["kind"] == "validation"]
    assert losses["pairs"] != losses["scratch-pairs"]


def test_pairs_are_for_structures_and_our_own_models(nano: Path) -> None:
    (detection,) = choose_tasks("rgb", ("snmd",))
    assert make_model(f"{nano}:pairs", TASK, ModelOptions()).types == ("structure",)
    with pytest.raises(UsageError, match="pairs does structure, but rgb/snmd is mutation_detection"):
        make_model(f"{nano}:pairs", detection, ModelOptions())
    for mode in ("pairs", "scratch-pairs"):
        with pytest.raises(UsageError, match="only our own models have a head for pairs"):
            make_model(f"hf:somewhere:{mode}", TASK, ModelOptions())
