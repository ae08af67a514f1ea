"""RNAs without a known structure, by `runs/soft_rnas.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
import soft_rnas

from mprna.io.formats import read_records


def made(folder: Path, monkeypatch: pytest.MonkeyPatch, *options: str) -> list[str]:
    transcripts = folder / "transcripts.fa"
    if not transcripts.exists():
        rng = np.random.default_rng(1)
        letters = ("".join(rng.choice(list("ACGT"), 500)) for _ in range(40))
        transcripts.write_text("".join(f">t{n}\n{text}\n" for n, text in enumerate(letters)))
    out = folder / "soft.fa"
    argv = ["soft_rnas.py", str(transcripts), "--num", "40", "--out", str(out), *options]
    monkeypatch.setattr(sys, "argv", argv)
    soft_rnas.main()
    return [record.sequence for record in read_records(out)]


def test_lengths_are_as_asked_and_the_seed_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rnas = made(tmp_path, monkeypatch, "--lengths", "50", "90")
    assert len(rnas) == 40
    assert all(50 <= len(rna) <= 90 and set(rna) <= set("ACGU") for rna in rnas)
    assert rnas == made(tmp_path, monkeypatch, "--lengths", "50", "90")
    assert rnas != made(tmp_path, monkeypatch, "--lengths", "50", "90", "--seed", "1")


def test_every_file_gives_shuffled_pieces_and_whole_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / name for name in ("ac.fa", "gu.fa")]
    for path, letters in zip(files, ("AC", "GU"), strict=True):
        rng = np.random.default_rng(3)
        path.write_text("".join(f">{n}\n{''.join(rng.choice(list(letters), 300))}\n" for n in range(40)))
    monkeypatch.setattr(soft_rnas, "shuffle_dinucleotides", lambda piece, _: f"NN{piece}")
    argv = ["soft_rnas.py", *map(str, files), "--num", "40", "--out", str(tmp_path / "soft.fa")]
    monkeypatch.setattr(sys, "argv", argv)
    soft_rnas.main()

    rnas = [record.sequence for record in read_records(tmp_path / "soft.fa")]
    kinds = {
        (rna.startswith("NN"), letters)
        for rna in rnas
        for letters in ("AC", "GU")
        if set(rna) - {"N"} <= set(letters)
    }
    assert kinds == {(True, "AC"), (True, "GU"), (False, "AC"), (False, "GU")}


def test_what_is_like_a_test_set_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test_set = tmp_path / "test.fa"
    test_set.write_text(f">all\n{made(tmp_path, monkeypatch)[0]}\n")
    kept = made(tmp_path, monkeypatch, "--exclude", str(test_set))
    assert len(kept) == 39


def test_the_end_of_a_rod_pairs_with_its_start() -> None:
    rng = np.random.default_rng(2)
    piece = "".join(rng.choice(list("ACGU"), 200))

    def share_paired(rna: str) -> float:
        ends = zip(rna[:8], reversed(rna), strict=False)
        return float(np.mean([first + last in {"AU", "UA", "GC", "CG"} for first, last in ends]))

    rods = [soft_rnas.rod(piece, rng) for _ in range(100)]
    assert share_paired(piece) < 0.5
    assert 0.5 < np.mean([share_paired(rod) for rod in rods]) < 0.95
    assert all(rod[:100] == piece[:100] for rod in rods)
