"""Parents that are killed (as by a kernel short of memory): their workers end, and say nothing."""

from __future__ import annotations

import signal
import sys
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


def killed(process, number: int = signal.SIGKILL) -> bytes:
    """What is on standard error when nobody is left who could write there."""
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    return said


@pytest.mark.parametrize("engine", ["vienna", "model"])
def test_fold(engine, start, fasta):
    process = start(["fold", str(fasta), "-j", "2", "--engine", engine])
    assert process.stdout.readline() == b">rna0\n"
    assert killed(process) == b""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_corpus_build(number, status, start, fasta, tmp_path):
    options = ["--slice-length", "100", "--slices-per-shard", "20", "-j", "2", "--quiet"]
    process = start(["corpus", "build", str(fasta), "--out", str(tmp_path / "corpus"), *options])
    while not list(tmp_path.glob("corpus/.build/shards/*")):
        assert process.poll() is None
        time.sleep(0.02)
    assert (killed(process, number), process.returncode) == (b"", status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_workers_do_not_finish_what_nobody_reads(number, start, tmp_path):
    """Neither after a long RNA, nor with a message."""
    if number is signal.SIGKILL and sys.platform != "linux":
        pytest.skip("elsewhere a worker finishes its RNA")
    path = tmp_path / "long.fa"
    path.write_text(">short\nGGGGAAAACCCC\n" + f">long\n{'GGCAUUCGCC' * 700}\n" * 3)
    process = start(["fold", str(path), "-j", "2", "--engine", "vienna"])
    assert process.stdout.readline() == b">short\n"
    time.sleep(1)  # they are at work
    process.send_signal(number)
    _, said = process.communicate(timeout=15)  # which workers hold open as long as they live
    assert (process.returncode, said) == (143 if number is signal.SIGTERM else -number, b"")


@pytest.mark.torch
def test_a_polite_end_removes_temporary_folders(start, nano_model, tmp_path):
    process = start(["models", "export", str(nano_model), "--out", str(tmp_path / "out")])
    while not list(tmp_path.glob("out/.export.*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60) == (b"", b"")
    assert (process.returncode, list(tmp_path.glob("out/*"))) == (143, [])


def test_a_process_that_folds_by_itself_ends_at_once(start, tmp_path):
    process = start(["fold", "GGCAUUCGCC" * 700, "--engine", "vienna", "-o", str(tmp_path / "out.tsv")])
    while not list(tmp_path.glob(".out.tsv.*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=15)
    assert process.returncode == -signal.SIGTERM
