"""Losses over tokens, and an example that the run's own code corrupts."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mprna.errors import ModelError
from mprna.objectives.mixture import ObjectiveConfig
from mprna.train.overview import NUM_MEANS, corrupted_example, read_learning, read_objectives

SEQUENCE, STRUCTURE = "GGCAGAUCUGAGCCUGGGAGCUCUCUGCC", "((((((...((((......))))))))))"


def write_run(run_dir: Path, rows: list[dict[str, object]], **objectives: float) -> None:
    config = {"train": {"objectives": asdict(ObjectiveConfig(**objectives))}}
    (run_dir / "config.json").write_text(json.dumps(config))
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def train_row(step: int, **losses: float) -> dict[str, object]:
    return {"kind": "train", "step": step, "loss": 1.0, "tokens": 500_000, **losses}


def test_losses_stand_over_the_tokens_read_until_then(tmp_path: Path) -> None:
    rows = [train_row(1, masked_lm_loss=3.0), train_row(2), train_row(3, masked_lm_loss=1.0)]
    rows += [{"kind": "validation", "step": 2, "masked_lm_loss": 2.5, "mutation_repair_loss": 1.0}]
    write_run(tmp_path, rows, masked_lm=2.0, mutation_repair=0.0)
    (learned,) = read_learning(tmp_path)
    assert (learned.name, learned.weight) == ("masked_lm", 2.0)
    assert (learned.tokens, learned.losses) == ((0.5, 1.5), (3.0, 1.0))
    assert (learned.validation_tokens, learned.validation_losses) == ((1.0,), (2.5,))


def test_an_evaluation_whose_step_was_lost_is_left_out(tmp_path: Path) -> None:
    rows = [train_row(1, masked_lm_loss=3.0), train_row(3, masked_lm_loss=1.0)]
    rows += [{"kind": "validation", "step": step, "masked_lm_loss": 2.5} for step in (2, 3)]
    write_run(tmp_path, rows)
    learned = read_learning(tmp_path)[0]
    assert learned.validation_tokens == (1.0,)


def test_many_steps_become_means(tmp_path: Path) -> None:
    steps = range(1, 10 * NUM_MEANS + 1)
    write_run(tmp_path, [train_row(step, masked_lm_loss=float(step)) for step in steps])
    (learned,) = read_learning(tmp_path)
    assert len(learned.losses) == NUM_MEANS
    assert learned.losses[0] == 5.5
    assert learned.tokens[0] == pytest.approx(2.75)


def test_what_is_no_pretraining_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json"):
        read_learning(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({"train": {"num_steps": 3}}))
    with pytest.raises(ModelError, match="is this a run of `mprna pretrain`"):
        read_learning(tmp_path)
    write_run(tmp_path, [])
    with pytest.raises(ModelError, match="has it made a step"):
        read_learning(tmp_path)
    assert read_objectives(tmp_path) == ObjectiveConfig()


def test_the_example_says_where_each_letter_went() -> None:
    made = corrupted_example(SEQUENCE, STRUCTURE, ObjectiveConfig())
    assert made.structure == STRUCTURE
    for letter, shown, masked, substituted in zip(
        SEQUENCE, made.shown, made.masked, made.substituted, strict=True
    ):
        if shown == "?":
            assert (masked, substituted) == (letter, " ")
        elif shown != letter:
            assert (masked, substituted) == (" ", letter)
        else:
            assert (masked, substituted) == (" ", " ")
    assert made.masked.strip()
    assert made.substituted.strip()


def test_rates_that_corrupt_nothing() -> None:
    nothing = corrupted_example(SEQUENCE, STRUCTURE, ObjectiveConfig(mask_rate=0.0, mutation_rate=0.0))
    assert (nothing.shown, nothing.masked.strip()) == (SEQUENCE, "")
    with pytest.raises(ModelError, match="nothing was corrupted"):
        corrupted_example(SEQUENCE, STRUCTURE, ObjectiveConfig(mutation_rate=1e-9))
