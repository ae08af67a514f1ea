"""Figures of the paper on the command line, alone and in a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.bench.record import RunRecord, record_path, write_record


@pytest.fixture
def known(tmp_path: Path) -> Path:
    path = tmp_path / "known.dbn"
    path.write_text(">hairpin\nGGGGAAAACCCC\n((((....))))\n")
    return path


@pytest.fixture
def records(tmp_path: Path) -> Path:
    record = RunRecord(
        suite="rgb",
        task="ssp-bprna",
        group="ssp-bprna",
        model="vienna",
        seed=45,
        metrics={"pair_f1": 0.5},
        items={"pair_f1": [[0.5, 1.0], [0.5, 1.0]]},
        num_original=2,
        num_scored=2,
        num_truncated=0,
        num_failed=0,
        data={"test": {"path": "x", "sha256": "0", "rows": 2, "as_expected": None, "note": ""}},
    )
    write_record(record, record_path(tmp_path / "bench", "rgb", "ssp-bprna", "vienna", 45))
    return tmp_path / "bench"


def test_structures_alone(call, known: Path, tmp_path: Path) -> None:
    command = ("bench", "figure", "structure", known, "--model", "vienna", "-o")
    assert call(*command, tmp_path / "f.svg").status == 0
    assert "vienna: pair F1 100" in (tmp_path / "f.svg").read_text()
    assert call(*command, tmp_path / "f.png").status == 0
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")
    assert call(*command, tmp_path / "f.pdf").status == 2


def test_structures_in_the_page(call, known: Path, records: Path, tmp_path: Path) -> None:
    command = ("bench", "report", records, "--structure", known, "--model", "vienna")
    assert call(*command, "-o", tmp_path / "r.html").status == 0
    page = (tmp_path / "r.html").read_text()
    own, published = page.split("class=published", 1)
    assert own.index("<h2>Average rank") < own.index("<h2>Structures, known and predicted")
    assert own.count("<figure><svg") == 2
    assert "<figure>" not in published
    outcome = call(*command, "-o", tmp_path / "r.md")
    assert outcome.status == 2
    assert "`mprna bench figure` draws them alone" in outcome.err
    assert not (tmp_path / "r.md").exists()
    assert "beside --structure" in call("bench", "report", records, "--model", "vienna").err


def test_bars_of_a_report(call, records: Path, tmp_path: Path) -> None:
    command = ("bench", "report", records, "-o", tmp_path / "r.md", "--figure")
    assert call(*command, tmp_path / "f.pdf").status == 2
    assert not (tmp_path / "r.md").exists(), "told before the work"
    for name, start in (("f.svg", b"<svg "), ("f.png", b"\x89PNG")):
        assert call(*command, tmp_path / name).status == 0
        assert (tmp_path / name).read_bytes().startswith(start)


def test_a_report_is_what_its_suffix_says(call, records: Path, tmp_path: Path) -> None:
    for name, start in (("r.tex", "% "), ("R.HTML", "<!doctype html>"), ("r", "# ")):
        assert call("bench", "report", records, "-o", tmp_path / name).status == 0
        assert (tmp_path / name).read_text().lower().startswith(start)
    outcome = call("bench", "report", records, "-o", tmp_path / "r.csv")
    assert outcome.status == 2
    assert ".csv is not among the formats written here (.md, .tex, .html)" in outcome.err
    assert not (tmp_path / "r.csv").exists()
    assert call("bench", "report", records, "-o", tmp_path / "r.csv", "--format", "html").status == 0


@pytest.mark.torch
def test_a_folder_that_is_no_run_is_one_line(call, tmp_path: Path) -> None:
    outcome = call("bench", "figure", "training", tmp_path)
    assert outcome.status == 1
    assert outcome.err.count("\n") == 1
    assert "config.json" in outcome.err
