"""The benchmark of transcripts: which pieces are drawn, and how much of an ensemble a structure keeps."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import transcripts


def test_pieces_are_of_long_transcripts_without_unknown_letters(tmp_path):
    path = tmp_path / "transcripts.fa"
    path.write_text(f">long\n{'ACGT' * 20}\n>short\n{'GGGG' * 9}\n>unknown\n{'NAAA' * 20}\n")
    found = transcripts.pieces([path, path], 2, (10, 20), np.random.default_rng(0))
    assert len(found) == 2
    assert all(10 <= len(piece) <= 20 and piece in "ACGU" * 20 for piece in found)


def test_a_structure_keeps_the_probabilities_of_its_pairs():
    probs = np.zeros((9, 9))
    for i, j, prob in ((0, 8, 0.6), (1, 7, 0.2), (0, 4, 0.2)):
        probs[i, j] = probs[j, i] = prob
    kept = transcripts.shares_kept(["(.......)", "((.....))", "........."], [probs] * 3)
    assert kept == pytest.approx([0.6, 0.8, 0.0])


def test_every_engine_has_its_row(tmp_path, monkeypatch, capsys):
    path = tmp_path / "transcripts.fa"
    path.write_text(f">hairpins\n{'GGGGGCAAAAGCCCCCA' * 20}\n")
    argv = ["transcripts.py", str(path), "--num", "1", "--lengths", "60", "70"]
    monkeypatch.setattr(sys, "argv", argv)
    transcripts.main()
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.startswith("| 1 pieces |")
    assert [row.split(" | ")[0] for row in rows] == ["| prior alone", "| vienna", "| model", "| hybrid"]
