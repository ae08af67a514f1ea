"""Fine-tuning on known structures: what comes out is a model for `mprna fold`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mprna.errors import FormatError, ModelError, UsageError
from mprna.io.labelled import LabelledRow
from mprna.model.checkpoint import load_checkpoint
from mprna.model.presets import PRESETS
from mprna.model.task import PairModel
from mprna.model.task_config import PAIR_PREDICTION, TaskConfig
from mprna.predict.fold import fold
from mprna.predict.options import FoldOptions
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.load import load_task_engine
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.labels import examples
from mprna.train.tracker import read_validation

PAIRS = TaskConfig(task=PAIR_PREDICTION, labels=("base pairs",))


def rows(number: int, seed: int) -> list[LabelledRow]:
    """Hairpins between two unpaired ends."""
    rng = np.random.default_rng(seed)
    partner = {"A": "U", "C": "G", "G": "C", "U": "A"}
    found = []
    for line in range(1, number + 1):
        stem = rng.choice(list("ACGU"), rng.integers(5, 9)).tolist()
        ends = ["A" * int(size) for size in rng.integers(0, 6, 2)]
        other = [partner[base] for base in reversed(stem)]
        sequence = "".join([ends[0], *stem, "GAAA", *other, ends[1]])
        pairs = ["." * len(ends[0]), "(" * len(stem), "....", ")" * len(stem), "." * len(ends[1])]
        found.append(LabelledRow(sequence, ("".join(pairs),), "known.csv", line))
    return found


def run(nano: Path, run_dir: Path, *, resume: bool = False, **settings: object) -> Path:
    quick = {"epochs": 5, "batch_size": 8, "learning_rate": 3e-3}
    config = FinetuneConfig(task=PAIR_PREDICTION, **(quick | settings))  # type: ignore[arg-type]
    found = finetune(config, nano, rows(64, 0), rows(16, 1), run_dir, resume=resume)
    assert found is not None
    return found


def test_what_was_learned_is_what_fold_gives(nano: Path, tmp_path: Path) -> None:
    model_dir = run(nano, tmp_path / "run")
    history = read_validation(tmp_path / "run")
    best = max(row["pair_f1"] for row in history)
    assert best > 0.9
    assert min(row["loss"] for row in history) < 0.5 * history[0]["loss"]
    assert f"| pair_f1 | {best:.4f} |" in (model_dir / "README.md").read_text()
    options = FoldOptions(engine="model", model=model_dir, backend="torch")
    f1s = [
        pair_scores(
            pairs_from_dot_bracket(row.labels[0]),
            pairs_from_dot_bracket(fold(row.sequence, options).dot_bracket or ""),
        ).f1
        for row in rows(16, 1)
    ]
    assert np.mean(f1s) == pytest.approx(best)


@pytest.mark.parametrize("mode", ["head", "lora"])
def test_a_frozen_encoder_stays(mode: str, nano: Path, tmp_path: Path) -> None:
    before = load_checkpoint(nano).state_dict()
    after = load_checkpoint(run(nano, tmp_path / "run", mode=mode, epochs=1)).state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    encoder = {name for name in changed if name.startswith("encoder.")}
    assert changed - encoder == {name for name in changed if name.startswith("pair_head.")} != set()
    assert bool(encoder) == (mode == "lora")


def test_resumed_is_uninterrupted_bit_for_bit(nano: Path, tmp_path: Path, struck_at_step: Any) -> None:
    whole = run(nano, tmp_path / "whole", mode="lora")
    with struck_at_step(20):  # in the third of the epochs of eight steps
        run(nano, tmp_path / "broken", mode="lora")
    resumed = run(nano, tmp_path / "broken", mode="lora", resume=True)
    assert (whole / "model.safetensors").read_bytes() == (resumed / "model.safetensors").read_bytes()


def test_partners_are_tokens_and_close_ones_are_not_scored() -> None:
    (example,) = examples([LabelledRow("GGAAACAC", ("((...)).",), "f", 1)], PAIRS, max_length=9)
    assert example.targets[:, 0].tolist() == [7, 6, 0, 0, 0, 2, 1, 0]
    (example,) = examples([LabelledRow("GGAACC", ("((..))",), "f", 1)], PAIRS, max_length=9)
    assert np.isnan(example.targets[:, 0]).tolist() == [False, True, False, False, True, False]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("((...)", "f:3: a dot-bracket of 6 symbols for 7 nt"),
        ("((.....", "f:3: .*never closed"),
        ("GGAAACC", "f:3: .*'G'"),
        (None, "f:3: label None; pair_prediction expects a dot-bracket"),
        (["(", "."], "f:3: .*expects a dot-bracket"),
    ],
)
def test_a_label_that_is_no_structure_is_named(label: object, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        examples([LabelledRow("GGAAACC", (label,), "f", 3)], PAIRS, max_length=9)


def test_what_does_not_fit_pairs_is_refused(nano: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="balance_classes"):
        run(nano, tmp_path / "run", balance_classes=True)
    run(nano, tmp_path / "run", epochs=1)
    with pytest.raises(ModelError, match="mprna fold"):
        load_task_engine(next((tmp_path / "run/checkpoints").iterdir()))


def test_padding_changes_nothing() -> None:
    model = PairModel(PRESETS["nano"], PAIRS).eval()
    ids = torch.tensor([[0, 4, 5, 6, 9, 4, 5, 2], [0, 4, 5, 6, 9, 2, 1, 1]])
    together = model(ids, ids != 1)[1, :6, :6]
    torch.testing.assert_close(together, model(ids[1:, :6])[0], atol=1e-5, rtol=1e-5)
