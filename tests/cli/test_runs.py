"""The table and the curves of a run."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import pytest


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    rows = [{"kind": "train", "step": step, "loss": 1.0 / step, "padding": 0.25} for step in range(1, 41)]
    rows += [
        {"kind": "validation", "step": step, "macro_f1": score} for step, score in ((20, 0.5), (40, 0.4))
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    damaged = 'null\n{"kind": "train", "step": 41, "loss": null}\n{"kind": "tr'  # the last by a kill
    (tmp_path / "metrics.jsonl").write_text(text + damaged)
    return tmp_path


def test_the_table_has_the_newest_and_the_extremes(call, run_dir: Path) -> None:
    recent = sum(1 / step for step in range(21, 41)) / 20
    assert call("runs", "show", run_dir).out.splitlines() == [
        "metric\tstep\tnewest\tlowest\thighest",
        f"train loss\t40\t{recent:.5g}\t0.025\t1",
        "train padding\t40\t0.25\t0.25\t0.25",
        "validation macro_f1\t40\t0.4\t0.4\t0.5",
    ]


def test_curves_go_through_their_points(call, run_dir: Path) -> None:
    assert call("runs", "show", run_dir, "--draw", run_dir / "c.svg").status == 0
    drawn = re.findall(r'points="([^"]*)"', (run_dir / "c.svg").read_text())
    assert [len(points.split()) for points in drawn] == [40, 40, 2]
    assert drawn[2] == "0.0,0.0 250.0,150.0"  # the better score is above
    assert call("runs", "show", run_dir, "--draw", run_dir / "c.png").status == 0
    assert (run_dir / "c.png").read_bytes().startswith(b"\x89PNG")


def test_a_metric_that_is_no_number_once_keeps_its_others(call, run_dir: Path) -> None:
    rows = [
        {"kind": "validation", "step": step, "auc": auc, "mcc": math.nan}
        for step, auc in enumerate((1.0, math.nan, 0.5))
    ]
    (run_dir / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    shown = call("runs", "show", run_dir, "--draw", run_dir / "c.svg").out.splitlines()
    assert shown[1:] == ["validation auc\t2\t0.5\t0.5\t1"]
    assert "nan" not in (run_dir / "c.svg").read_text()


def test_the_time_to_go_is_that_of_the_newest_steps(call, run_dir: Path) -> None:
    assert call("runs", "show", run_dir).err == ""
    (run_dir / "config.json").write_text(json.dumps({"train": {"num_steps": 140}}))
    row = {"kind": "train", "step": 40, "loss": 1.0, "tokens": 300, "tokens_per_second": 100}
    (run_dir / "metrics.jsonl").write_text(json.dumps(row))
    assert call("runs", "show", run_dir).err == "step 40 of 140, 0:05:00 to go\n"


@pytest.mark.parametrize(
    ("num_steps", "absurd", "left"),
    [
        (40, {}, "0:00:00"),
        (10**30, {}, "-"),
        (10**400, {}, "-"),
        (140, {"tokens": 1e308, "tokens_per_second": 1e-9}, "-"),
        (140, {"tokens": math.nan}, "-"),
    ],
    ids=["done", "long", "no float", "slow", "nan"],
)
def test_a_time_that_no_calendar_holds_is_a_dash(
    call, run_dir: Path, num_steps: int, absurd: dict[str, float], left: str
) -> None:
    (run_dir / "config.json").write_text(json.dumps({"train": {"num_steps": num_steps}}))
    row = {"kind": "train", "step": 40, "tokens": 300, "tokens_per_second": 100} | absurd
    (run_dir / "metrics.jsonl").write_text(json.dumps(row))
    outcome = call("runs", "show", run_dir)
    assert (outcome.status, outcome.err) == (0, f"step 40 of {num_steps:,}, {left} to go\n")


@pytest.mark.parametrize("absurd", [{"loss": 10**400}, {"step": math.inf}], ids=["loss", "step"])
def test_a_line_with_a_number_that_no_float_holds_is_damaged(
    call, run_dir: Path, absurd: dict[str, float]
) -> None:
    expected = call("runs", "show", run_dir).out
    with (run_dir / "metrics.jsonl").open("a") as log:
        log.write("\n" + json.dumps({"kind": "train", "step": 41, "loss": 1.0, "padding": 0.25} | absurd))
    assert call("runs", "show", run_dir, "--draw", run_dir / "c.svg").out == expected


def test_what_is_no_run_is_one_line(call, tmp_path: Path, run_dir: Path) -> None:
    outcome = call("runs", "show", tmp_path / "nothing")
    assert outcome.status == 1
    assert outcome.err.endswith("is this a run directory?\n")
    assert call("runs", "show", run_dir, "--draw", "c.pdf").status == 2
