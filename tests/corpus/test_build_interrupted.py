"""Builds that are killed, stopped or run out of space: continued, they end with the same bytes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import mprna.corpus.build as build_module
from mprna.corpus.buckets import EXCLUDED_NAME, ScanResult, scan
from mprna.corpus.build import Progress, build_corpus
from mprna.corpus.options import CorpusOptions
from mprna.corpus.references import References
from mprna.corpus.verify import verify_corpus
from mprna.errors import CorpusError

from .conftest import OPTIONS, Killed, build, contents, dying_rename


def test_killed_around_its_renames_it_ends_with_the_same_bytes(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(transcripts_dir, tmp_path / "undisturbed")
    kills = 0
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying_rename(0.4))
        while not (tmp_path / "out" / "manifest.json").exists():
            try:
                build(transcripts_dir, tmp_path / "out")
            except Killed:
                kills += 1
    assert kills > 20
    build(transcripts_dir, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


COMMAND = """
import sys
from pathlib import Path
from mprna.corpus.build import build_corpus
from mprna.corpus.options import CorpusOptions
if __name__ == "__main__":
    options = CorpusOptions(slice_length=150, min_length=12, slices_per_shard=4, seed=3)
    print("ready", flush=True)
    build_corpus([Path(sys.argv[1])], Path(sys.argv[2]), options, jobs=int(sys.argv[3]))
"""


def start_build(script: Path, inputs: Path, out_dir: Path, jobs: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(inputs), str(out_dir), str(jobs)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize("jobs", [1, 2])
def test_kill_9_at_random_moments(transcripts_dir: Path, tmp_path: Path, jobs: int) -> None:
    """The parent is killed; its workers end by themselves; the last run finishes what the others began."""
    script = tmp_path / "build.py"
    script.write_text(COMMAND)
    rng = random.Random(jobs)
    for _ in range(2):
        process = start_build(script, transcripts_dir, tmp_path / "out", jobs)
        time.sleep(rng.uniform(0.0, 0.3) if jobs == 1 else rng.uniform(0.8, 1.4))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)  # ends when the workers have ended, too: they share its stdout
    process = start_build(script, transcripts_dir, tmp_path / "out", jobs)
    process.communicate(timeout=60)
    assert process.returncode == 0
    options = CorpusOptions(slice_length=150, min_length=12, slices_per_shard=4, seed=3)
    build_corpus([transcripts_dir], tmp_path / "undisturbed", options)
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def interrupt(transcripts_dir: Path, out_dir: Path) -> None:
    """Leave a build that was stopped after its first shard."""

    def stop(progress: Progress) -> None:
        raise Killed

    with pytest.raises(Killed):
        build_corpus([transcripts_dir], out_dir, OPTIONS, report=stop)


def test_shards_that_were_found_are_told(transcripts_dir: Path, tmp_path: Path) -> None:
    reports: list[Progress] = []
    build_corpus([transcripts_dir], tmp_path / "whole", OPTIONS, report=reports.append)
    num_shards = len(reports)
    interrupt(transcripts_dir, tmp_path / "out")
    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, report=reports.append)
    assert num_shards > 1
    assert [progress.found for progress in reports] == [0] * num_shards + [1] * num_shards


def test_unfinished_build_is_no_corpus(transcripts_dir: Path, tmp_path: Path) -> None:
    interrupt(transcripts_dir, tmp_path / "out")
    with pytest.raises(CorpusError, match=r"no manifest\.json"):
        verify_corpus(tmp_path / "out")


def test_continues_with_the_same_options_only(transcripts_dir: Path, tmp_path: Path) -> None:
    interrupt(transcripts_dir, tmp_path / "out")
    with pytest.raises(CorpusError, match="unfinished corpus of other options annotate_share, options seed"):
        build(transcripts_dir, tmp_path / "out", seed=9, annotate_share=0.1)


@pytest.mark.parametrize("content", ["{", "3", '{"options": 3}', "[" * 100_000])
def test_damaged_plan_is_named(content: str, transcripts_dir: Path, tmp_path: Path) -> None:
    interrupt(transcripts_dir, tmp_path / "out")
    (tmp_path / "out/.build/plan.json").write_text(content)
    with pytest.raises(CorpusError, match=r"plan\.json: damaged; remove .*\.build and build again"):
        build(transcripts_dir, tmp_path / "out")


def test_changed_input_is_noticed(transcripts_dir: Path, tmp_path: Path) -> None:
    interrupt(transcripts_dir, tmp_path / "out")
    with (transcripts_dir / "a.fa").open("a") as file:
        file.write(">new|Zea_mays|cds\nACGUACGUACGUACGU\n")
    with pytest.raises(CorpusError, match=r"unfinished corpus of other sources a\.fa: give the same"):
        build(transcripts_dir, tmp_path / "out")


def test_damaged_shard_is_built_again(transcripts_dir: Path, tmp_path: Path) -> None:
    build(transcripts_dir, tmp_path / "undisturbed")
    interrupt(transcripts_dir, tmp_path / "out")
    [shard] = (tmp_path / "out").glob("*.parquet")
    shard.write_bytes(b"PAR1")
    build(transcripts_dir, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def test_full_disk_is_one_line_and_can_be_continued(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(transcripts_dir, tmp_path / "undisturbed")

    def no_space(*_: object) -> None:
        raise OSError(28, "No space left on device", "manifest.json")

    with monkeypatch.context() as patch:
        patch.setattr(build_module, "write_manifest", no_space)
        with pytest.raises(
            CorpusError, match=r"manifest\.json: No space left on device; .* run the same command"
        ):
            build(transcripts_dir, tmp_path / "out")
    build(transcripts_dir, tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "undisturbed")


def test_a_report_that_was_lost_is_written_again(transcripts_dir: Path, tmp_path: Path) -> None:
    references = References(exclude=(transcripts_dir / "a.fa",))

    def stop(progress: Progress) -> None:
        raise Killed

    build_corpus([transcripts_dir], tmp_path / "whole", OPTIONS, references=references)
    with pytest.raises(Killed):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references, report=stop)
    report = tmp_path / "out/.build/buckets" / EXCLUDED_NAME
    assert report.stat().st_size > 0
    report.write_bytes(b"")
    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    (tmp_path / "out" / EXCLUDED_NAME).unlink()
    with pytest.raises(CorpusError, match=f"{EXCLUDED_NAME}: missing"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references)


def test_a_bucket_of_another_content_is_told(transcripts_dir: Path, tmp_path: Path) -> None:
    interrupt(transcripts_dir, tmp_path / "out")
    for path in (tmp_path / "out/.build/buckets").iterdir():
        path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(CorpusError, match=r"buckets/\d+.tsv: damaged .*; remove .*build, build again"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS)


def test_an_input_that_grows_while_it_is_read_is_told(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grow(paths: dict[str, Path], *others: Any) -> ScanResult:
        with paths["a.fa"].open("a") as file:
            file.write(">late\nACGU\n")
        return scan(paths, *others)

    monkeypatch.setattr("mprna.corpus.build.scan", grow)
    with pytest.raises(CorpusError, match=r"a\.fa: changed while it was read"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS)
