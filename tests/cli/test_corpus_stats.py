"""`mprna corpus stats` through the whole program."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.cli.main import main
from mprna.corpus.known import build_known


@pytest.fixture
def corpus_dir(tmp_path: Path) -> Path:
    (tmp_path / "known.dbn").write_text(">t\nGGGGAAAACCCCGGAAACCC\n((((....))))........\n")
    build_known([tmp_path / "known.dbn"], tmp_path / "corpus")
    return tmp_path / "corpus"


def test_table_and_figure(corpus_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "stats", str(corpus_dir), "--figure", str(tmp_path / "x.svg")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == ["what\tbin\tcount", "composition\tA\t7", "composition\tC\t7", "composition\tG\t6"]
    assert "stem length\t4-5\t1" in lines
    assert "paired nucleotides\t0.4-0.45\t1" in lines
    svg = (tmp_path / "x.svg").read_text()
    assert all(f">{title}</text>" in svg for title in ("composition", "GC content", "fidelity"))


def test_figure_that_cannot_be_written(corpus_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "stats", str(corpus_dir), "--figure", "/nowhere/x.svg"]) == 1
    told = capsys.readouterr()
    assert told.err == "mprna: error: /nowhere/x.svg: cannot write: there is no such folder\n"
    assert told.out == ""


def test_figure_as_png(corpus_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpus", "stats", str(corpus_dir), "--figure", str(tmp_path / "x.png")]) == 0
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    assert main(["corpus", "stats", str(corpus_dir), "--figure", str(tmp_path / "x.pdf")]) == 2
    assert "expected a name that ends in .svg or .png" in capsys.readouterr().err
