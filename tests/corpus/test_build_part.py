"""Builds as jobs of an array."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mprna.corpus.build import Part, Progress, build_corpus, build_part
from mprna.corpus.options import CorpusOptions
from mprna.corpus.references import References
from mprna.errors import CorpusError, UsageError

from .conftest import OPTIONS, contents

JOB = """
import sys
from pathlib import Path
from mprna.corpus.build import Part, build_part
from mprna.corpus.options import CorpusOptions
if __name__ == "__main__":
    options = CorpusOptions(slice_length=150, min_length=12, slices_per_shard=4, seed=3)
    build_part([Path(sys.argv[1])], Path(sys.argv[2]), options, Part.parse(sys.argv[3]))
"""


def test_concurrent_jobs_of_an_array(transcripts_dir: Path, tmp_path: Path) -> None:
    """All jobs start at once in one new folder, one twice and one never; the last step does the rest."""
    script = tmp_path / "job.py"
    script.write_text(JOB)
    out_dir = tmp_path / "out"
    parts = ["0/4", "1/4", "1/4", "3/4"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(script), str(transcripts_dir), str(out_dir)]
    jobs = [subprocess.Popen([*command, part], env=environment, stdout=subprocess.DEVNULL) for part in parts]
    assert [job.wait(timeout=120) for job in jobs] == [0, 0, 0, 0]
    options = CorpusOptions(slice_length=150, min_length=12, slices_per_shard=4, seed=3)
    whole = build_corpus([transcripts_dir], tmp_path / "whole", options)
    built = {path.name for path in out_dir.glob("*.parquet")}
    assert built == {file.name for index, file in enumerate(whole.files) if index % 4 != 2}
    build_corpus([transcripts_dir], out_dir, options)
    assert contents(out_dir) == contents(tmp_path / "whole")


def test_job_beside_a_build_and_after_it(transcripts_dir: Path, tmp_path: Path) -> None:
    part = Part(index=0, num_parts=2)

    def start_job(progress: Progress) -> None:
        with pytest.raises(CorpusError, match="another build is at work"):
            build_part([transcripts_dir], tmp_path / "out", OPTIONS, part)

    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, report=start_job)
    assert build_part([transcripts_dir], tmp_path / "out", OPTIONS, part).shards == 0
    with pytest.raises(CorpusError, match="finished corpus of other options seed"):
        build_part([transcripts_dir], tmp_path / "out", replace(OPTIONS, seed=8), part)


def test_job_of_an_array_with_other_options(transcripts_dir: Path, tmp_path: Path) -> None:
    build_part([transcripts_dir], tmp_path / "out", OPTIONS, Part(index=0, num_parts=2))
    with pytest.raises(CorpusError, match="unfinished corpus of other options seed"):
        build_part([transcripts_dir], tmp_path / "out", replace(OPTIONS, seed=8), Part(index=1, num_parts=2))


def test_jobs_of_an_array_with_every_filter(transcripts_dir: Path, tmp_path: Path) -> None:
    references = References(exclude=(transcripts_dir / "a.fa",))
    options = replace(OPTIONS, near_duplicate_share=0.5, min_fidelity=0.3)
    build_corpus([transcripts_dir], tmp_path / "whole", options, references=references)
    for index in (1, 0):
        part = Part(index=index, num_parts=2)
        build_part([transcripts_dir], tmp_path / "out", options, part, references=references)
    build_corpus([transcripts_dir], tmp_path / "out", options, references=references)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_standard_input_is_not_for_jobs_of_an_array(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="standard input in a job of an array: write it to a file"):
        build_part([Path("-")], tmp_path / "out", OPTIONS, Part(index=0, num_parts=2))
    assert not (tmp_path / "out").exists()


def test_more_jobs_than_shards(transcripts_dir: Path, tmp_path: Path) -> None:
    done = build_part([transcripts_dir], tmp_path / "out", OPTIONS, Part(index=50, num_parts=100), jobs=2)
    assert done == Progress(shards=0, num_shards=0, slices=0, annotated=0)


@pytest.mark.parametrize("text", ["", "1", "a/b", "-1/2", "0/" + "9" * 5000, "\u0663/8", "2/2", "0/0"])
def test_a_part_that_is_none_is_told(text: str) -> None:
    with pytest.raises(UsageError, match="expected i/N"):
        Part.parse(text)
