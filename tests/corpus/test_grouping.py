"""Grouped buckets: a shard reads its own lines alone, and a kill leaves nothing that changes a byte."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mprna.corpus.buckets import NUM_BUCKETS, BucketWriter, Candidate, bucket_path, read_bucket
from mprna.corpus.build import build_corpus
from mprna.corpus.dedup import content_digest
from mprna.corpus.grouping import group_by_shard, lines_of_shard
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shard_build import ShardTask, _candidates, shard_index
from mprna.errors import CorpusError

from .conftest import Killed, contents, dying_rename

NUM_SHARDS = 4 * NUM_BUCKETS


@pytest.fixture
def candidates() -> list[Candidate]:
    """Some of them twice, and names of more bytes than letters."""
    rng = random.Random(0)
    sequences = ["".join(rng.choices("ACGU", k=rng.randint(20, 40))) for _ in range(3000)]
    return [
        Candidate(content_digest(sequence), 0, f"é{number}", "Zea_mays", 0, sequence)
        for number, sequence in enumerate(sequences + sequences[::3])
    ]


@pytest.fixture
def buckets_dir(tmp_path: Path, candidates: list[Candidate]) -> Path:
    directory = tmp_path / "buckets"
    directory.mkdir()
    writer = BucketWriter(directory)
    for candidate in candidates:
        writer.add(candidate)
    writer.flush()
    return directory


def task_of(buckets_dir: Path, index: int) -> ShardTask:
    return ShardTask(
        index=index,
        num_shards=NUM_SHARDS,
        buckets_dir=buckets_dir,
        results_dir=buckets_dir,
        out_dir=buckets_dir,
        source_names=("a.fa",),
        key_limit=2**64 - 1,
        options=CorpusOptions(),
    )


@pytest.mark.parametrize("read_bytes", [1, 500, 2**25])
def test_every_shard_has_its_lines_in_their_order(
    buckets_dir: Path, candidates: list[Candidate], read_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mprna.corpus.grouping._READ_BYTES", read_bytes)
    group_by_shard(buckets_dir, NUM_SHARDS)
    for index in range(0, NUM_SHARDS, 17):  # in all of a bucket's parts
        expected = [c for c in candidates if shard_index(c.digest, NUM_SHARDS) == index]
        start, num_lines = lines_of_shard(buckets_dir, index // 4, index % 4)
        found = list(read_bucket(buckets_dir, index // 4, start=start, num_lines=num_lines))
        assert found == list(_candidates(task_of(buckets_dir, index))) == expected


def test_few_shards_leave_the_buckets_alone(buckets_dir: Path) -> None:
    before = contents(buckets_dir)
    group_by_shard(buckets_dir, NUM_BUCKETS)
    assert contents(buckets_dir) == before


def test_killed_around_its_renames_it_ends_with_the_same_bytes(
    buckets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(buckets_dir)
    group_by_shard(buckets_dir, NUM_SHARDS)
    undisturbed = contents(buckets_dir)
    for path in buckets_dir.iterdir():
        path.unlink()
    for name, content in before.items():
        (buckets_dir / name).write_bytes(content)
    kills = 0
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dying_rename(0.1))
        while len(list(buckets_dir.glob("*.json"))) < NUM_BUCKETS:
            try:
                group_by_shard(buckets_dir, NUM_SHARDS)
            except Killed:
                kills += 1
    assert kills > 20
    assert contents(buckets_dir) == undisturbed


def test_a_damaged_index_is_as_good_as_none(buckets_dir: Path) -> None:
    group_by_shard(buckets_dir, NUM_SHARDS)
    task = task_of(buckets_dir, 5)
    expected = list(_candidates(task))
    for content in ("{", "[]", '{"starts": [0], "lines": [1]}'):
        (buckets_dir / "001.json").write_text(content)
        assert list(_candidates(task)) == expected


def test_damage_is_told(buckets_dir: Path) -> None:
    ungrouped = bucket_path(buckets_dir, 1).read_bytes()
    group_by_shard(buckets_dir, NUM_SHARDS)
    bucket_path(buckets_dir, 1).write_bytes(ungrouped)  # a rename that the disk has lost
    with pytest.raises(CorpusError, match="bucket 1 is not as its index says; remove it"):
        list(_candidates(task_of(buckets_dir, 4)))
    bucket_path(buckets_dir, 2).write_text("no digest\n")
    (buckets_dir / "002.json").unlink()
    with pytest.raises(CorpusError, match=r"002\.tsv: damaged"):
        group_by_shard(buckets_dir, NUM_SHARDS)


def test_shards_of_a_build_read_their_own_slices_and_have_the_same_bytes(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = CorpusOptions(slice_length=16, min_length=12, slices_per_shard=1, annotate_share=0.0)
    read: list[str] = []
    parse = Candidate.from_line

    def count(line: str) -> Candidate:
        read.append(line)
        return parse(line)

    for name in ("grouped", "ungrouped"):
        with monkeypatch.context() as patch:
            patch.setattr(Candidate, "from_line", count)
            if name == "ungrouped":
                patch.setattr("mprna.corpus.build.group_by_shard", lambda *_: None)
            read.clear()
            manifest = build_corpus([transcripts_dir], tmp_path / name, options)
            num_slices = manifest.rows + manifest.drops["duplicate"].pieces
            assert len(manifest.files) > NUM_BUCKETS
            assert (len(read) == num_slices) == (name == "grouped")
    assert contents(tmp_path / "grouped") == contents(tmp_path / "ungrouped")
