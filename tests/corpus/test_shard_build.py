from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from mprna.corpus.annotate import Annotation, annotate
from mprna.corpus.buckets import BucketWriter, Candidate
from mprna.corpus.dedup import content_digest, sample_keys
from mprna.corpus.drops import Tally
from mprna.corpus.fidelity import shipped_calibration
from mprna.corpus.isolation import FoldFailure
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shard_build import (
    ShardTask,
    build_shard,
    finished_result,
    num_shards_for,
    shard_index,
)
from mprna.corpus.shards import read_shard
from mprna.folding.vienna import EnergyModel

SEQUENCES = [f"GGGGAAAACCCC{'ACGU'[i % 4]}{'ACGU'[i // 4 % 4]}{'ACGU'[i // 16 % 4]}" for i in range(64)]


def label(sequences: Sequence[str]) -> list[Annotation | FoldFailure]:
    return [annotate(sequence, EnergyModel(), shipped_calibration()) for sequence in sequences]


@pytest.fixture
def task(tmp_path: Path) -> ShardTask:
    """One shard of 64 slices, each of which occurs twice."""
    for name in ("buckets", "shards", "out"):
        (tmp_path / name).mkdir()
    writer = BucketWriter(tmp_path / "buckets")
    for source in (0, 1):
        for i, sequence in enumerate(SEQUENCES):
            writer.add(
                Candidate(content_digest(sequence), source, f"t{i}", "Zea_mays", 40 * source, sequence)
            )
    writer.flush()
    return ShardTask(
        index=0,
        num_shards=1,
        buckets_dir=tmp_path / "buckets",
        results_dir=tmp_path / "shards",
        out_dir=tmp_path / "out",
        source_names=("a.fa", "b.fa"),
        key_limit=2**64 - 1,
        options=CorpusOptions(annotate_share=0.0),
    )


def rows(task: ShardTask) -> list[dict[str, object]]:
    found: list[dict[str, object]] = read_shard(task.out_dir / task.file_name).to_pylist()
    return found


def test_first_of_equal_slices_stays(task: ShardTask) -> None:
    result = build_shard(task, label)
    assert sorted(row["sequence"] for row in rows(task)) == sorted(SEQUENCES)
    assert {(row["source"], row["start"]) for row in rows(task)} == {("a.fa", 0)}
    assert result.drops == {"duplicate": Tally(64, 64 * 15)}
    assert (result.file.rows, result.file.nt, result.file.annotated) == (64, 64 * 15, 0)


@pytest.mark.parametrize("num_shards", [2, 16, 256, 1024])
def test_shards_divide_the_slices(task: ShardTask, num_shards: int) -> None:
    """More shards than buckets, and fewer; every slice is in one of them."""
    found: list[object] = []
    for index in range(num_shards):
        part = replace(task, index=index, num_shards=num_shards)
        if any(shard_index(content_digest(sequence), num_shards) == index for sequence in SEQUENCES):
            build_shard(part, label)
            found += [row["sequence"] for row in rows(part)]
    assert sorted(map(str, found)) == sorted(SEQUENCES)


def test_sample_is_cut_at_the_key(task: ShardTask) -> None:
    keys = {sequence: sample_keys(content_digest(sequence), seed=0)[0] for sequence in SEQUENCES}
    limit = sorted(keys.values())[9]
    result = build_shard(replace(task, key_limit=limit), label)
    assert {row["sequence"] for row in rows(task)} == {s for s, key in keys.items() if key <= limit}
    assert result.drops["not_sampled"].pieces == 2 * 54
    assert result.drops["duplicate"].pieces == 10


def test_annotated_share_is_nested_and_chosen_by_content(task: ShardTask) -> None:
    chosen = []
    for share in (0.3, 0.6, 1.0):
        part = replace(task, options=CorpusOptions(annotate_share=share), out_dir=task.out_dir / str(share))
        part.out_dir.mkdir()
        part.result_path.unlink(missing_ok=True)
        build_shard(part, label)
        chosen.append({row["sequence"] for row in rows(part) if row["structure"]})
    assert chosen[0] < chosen[1] < chosen[2] == set(SEQUENCES)


def test_labels_are_those_of_the_sequence(task: ShardTask) -> None:
    build_shard(replace(task, options=CorpusOptions(annotate_share=1.0)), label)
    for row in rows(task):
        annotation = annotate(str(row["sequence"]), EnergyModel(), shipped_calibration())
        assert row["structure"] == annotation.structure
        assert row["mfe"] == pytest.approx(annotation.mfe)
        assert row["confidence"] == annotation.confidence


def test_failed_fold_is_counted_by_reason_and_never_a_label(task: ShardTask) -> None:
    failures = {"A": FoldFailure.TIMEOUT, "C": FoldFailure.CRASH}

    def label_or_fail(sequences: Sequence[str]) -> list[Annotation | FoldFailure]:
        return [failures.get(text[-1]) or label([text])[0] for text in sequences]

    result = build_shard(replace(task, options=CorpusOptions(annotate_share=1.0)), label_or_fail)
    assert (result.file.rows, result.file.annotated, result.file.fold_failed) == (64, 32, 32)
    assert result.file.fold_failures == {"crash": 16, "timeout": 16}
    for row in rows(task):
        labels = [row[name] for name in ("structure", "mfe", "ensemble_energy", "fidelity", "confidence")]
        assert labels.count(None) == (5 if str(row["sequence"])[-1] in failures else 0)


def test_low_fidelity_is_counted_and_stays_without_labels(task: ShardTask) -> None:
    build_shard(replace(task, options=CorpusOptions()), label)
    expected = {str(row["sequence"]): float(str(row["expected_f1"])) for row in rows(task)}
    least = sorted(expected.values())[20]
    strict = replace(task, index=0, options=CorpusOptions(min_fidelity=least))
    task.result_path.unlink()
    result = build_shard(strict, label)
    kept = {row["sequence"] for row in rows(strict) if row["structure"] is not None}
    assert kept == {sequence for sequence, f1 in expected.items() if f1 >= least}
    assert (result.file.rows, result.file.annotated) == (64, len(kept))
    assert (result.file.low_fidelity, result.file.fold_failed) == (64 - len(kept), 0)
    bare = [row for row in rows(strict) if row["structure"] is None]
    assert bare
    assert all(row["expected_f1"] is None and row["confidence"] is None for row in bare)


def test_labelled_only_drops_and_counts_the_others(task: ShardTask) -> None:
    options = CorpusOptions(annotate_share=0.5, min_fidelity=0.3)
    build_shard(replace(task, options=options), label)
    labelled = [row for row in rows(task) if row["structure"] is not None]
    assert 0 < len(labelled) < 64
    task.result_path.unlink()
    result = build_shard(replace(task, options=replace(options, labelled_only=True)), label)
    assert rows(task) == labelled
    assert result.drops["no_structure"].pieces == 64 - len(labelled)
    assert (result.file.rows, result.file.annotated) == (len(labelled), len(labelled))


def test_finished_shard_is_found_and_a_damaged_one_made_again(task: ShardTask) -> None:
    assert finished_result(task) is None
    result = build_shard(task, label)
    assert finished_result(task) == result
    path = task.out_dir / task.file_name
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert finished_result(task) is None
    assert build_shard(task, label) == result
    assert path.read_bytes() == whole
    assert [p.name for p in task.results_dir.iterdir()] == ["00000.json"]


@pytest.mark.parametrize(
    ("num_slices", "expected"), [(0, 1), (1, 1), (10, 1), (11, 2), (21, 4), (40, 4), (41, 8)]
)
def test_num_shards_is_a_power_of_two(num_slices: int, expected: int) -> None:
    assert num_shards_for(num_slices, slices_per_shard=10) == expected
