from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from mprna.corpus.build import Progress, build_corpus
from mprna.corpus.options import CorpusOptions
from mprna.errors import CorpusError

from .conftest import contents

OPTIONS = CorpusOptions(slice_length=40, min_length=12, slices_per_shard=5)


def test_dead_worker_is_an_error_and_the_build_can_go_on(transcripts_dir: Path, tmp_path: Path) -> None:
    def kill_workers(progress: Progress) -> None:
        for worker in multiprocessing.active_children():
            assert worker.pid is not None
            os.kill(worker.pid, signal.SIGKILL)

    with pytest.raises(CorpusError, match="a worker process died"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, jobs=2, report=kill_workers)
    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS)
    build_corpus([transcripts_dir], tmp_path / "undisturbed", OPTIONS)
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def test_no_worker_is_left_when_the_caller_stops(transcripts_dir: Path, tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, jobs=2, report=interrupt)
    assert multiprocessing.active_children() == []


def test_errors_of_workers_arrive_as_they_are(transcripts_dir: Path, tmp_path: Path) -> None:
    """A folder that vanishes under the workers stands for every refusal of the operating system."""

    def remove_results(progress: Progress) -> None:
        results = tmp_path / "out" / ".build" / "shards"
        results.rename(results.with_name("gone"))

    with pytest.raises(CorpusError, match="No such file or directory"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, jobs=2, report=remove_results)
