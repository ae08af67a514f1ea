"""Which evaluation counts as the best one."""

from __future__ import annotations

from math import nan
from pathlib import Path

import pytest

from mprna.train.tracker import Tracker, best_step


@pytest.mark.parametrize(
    ("values", "sign", "step"),
    [
        ([0.2, 0.5, 0.5], 1, 2),
        ([0.2, 0.5, 0.2], -1, 1),
        ([nan, 0.2, 0.5], 1, 3),
        ([nan, 0.2, 0.5], -1, 2),
        ([0.2, nan, 0.5], 1, 3),
        ([0.2, nan, 0.1], -1, 3),
        ([nan, nan], 1, 1),
        ([], 1, None),
    ],
)
def test_the_first_of_the_best_and_never_nan_before_a_number(
    values: list[float], sign: int, step: int | None
) -> None:
    history = [{"kind": "validation", "step": i, "auc": value} for i, value in enumerate(values, 1)]
    assert best_step(history, ("auc", sign)) == step
    assert best_step(history, ("loss", sign)) is None


def test_of_equally_good_ones_that_of_the_lowest_loss_is_the_best() -> None:
    history = [{"step": i, "f1": f1, "loss": loss} for i, f1, loss in ((1, 0.4, 9), (2, 0.5, 3), (3, 0.5, 2))]
    assert best_step(history, ("f1", 1)) == 3
    assert best_step([*history, {"step": 4, "f1": 0.5, "loss": nan}], ("f1", 1)) == 3


def test_what_follows_a_run_has_a_line_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = Tracker(tmp_path, num_steps=2, start_step=0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    tracker.train(1, {"loss": 1.0, "tokens": 10})
    assert not capsys.readouterr().err.endswith("\n")
    tracker.close()
    tracker.close()
    assert capsys.readouterr().err == "\n"
