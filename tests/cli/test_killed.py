"""Parents that are killed (as by a kernel short of memory): their workers end, and say nothing."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    rng = Random(5)
    path = tmp_path / "rnas.fa"
    path.write_text("".join(f">rna{i}\n{''.join(rng.choices('ACGU', k=200))}\n" for i in range(400)))
    return path


def killed(process) -> bytes:
    """What is on standard error when nobody is left who could write there."""
    process.kill()
    _, said = process.communicate(timeout=60)
    return said


@pytest.mark.parametrize("engine", ["vienna", "model"])
def test_fold(engine, start, fasta):
    process = start(["fold", str(fasta), "-j", "2", "--engine", engine])
    assert process.stdout.readline() == b">rna0\n"
    assert killed(process) == b""


def test_corpus_build(start, fasta, tmp_path):
    options = ["--slice-length", "100", "--slices-per-shard", "20", "-j", "2", "--quiet"]
    process = start(["corpus", "build", str(fasta), "--out", str(tmp_path / "corpus"), *options])
    while not list(tmp_path.glob("corpus/.build/shards/*")):
        assert process.poll() is None
        time.sleep(0.02)
    assert killed(process) == b""
