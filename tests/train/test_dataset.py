"""The stream holds every slice once per epoch and continues from any batch, with any number of ranks."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from mprna.alphabet import EOS_ID
from mprna.corpus.manifest import read_manifest, write_manifest
from mprna.corpus.shards import read_shard
from mprna.digest import file_sha256
from mprna.errors import CorpusError, UsageError
from mprna.objectives.mixture import ObjectiveConfig
from mprna.objectives.objective import IGNORE, Batch
from mprna.tokenizer import Tokenizer
from mprna.train.dataset import BatchStream, SliceDataset
from mprna.train.plan import PlannedBatch


def stream_of(*corpus_dirs: Path, seed: int = 1, weights: tuple[float, ...] | None = None) -> BatchStream:
    dataset = SliceDataset(corpus_dirs)
    return BatchStream(
        dataset, objectives=ObjectiveConfig(), batch_tokens=300, seed=seed, corpus_weights=weights
    )


def same(first: Batch, second: Batch) -> bool:
    return all(
        torch.equal(getattr(first, name), getattr(second, name)) for name in Batch.__dataclass_fields__
    )


@pytest.fixture(scope="module")
def stream(corpus_dir: Path) -> BatchStream:
    return stream_of(corpus_dir)


def test_slices_come_back_as_written(corpus_dir: Path) -> None:
    dataset = SliceDataset([corpus_dir])
    rows = read_shard(corpus_dir / "slices.parquet").to_pylist()
    assert len(dataset) == len(rows) == 60
    assert sum(row["structure"] is not None for row in rows) == 40
    for piece, row in zip(map(dataset.__getitem__, range(60)), rows, strict=True):
        assert Tokenizer().decode(piece.nucleotide_ids) == row["sequence"]
        if row["structure"] is None:
            assert piece.annotation is None
        else:
            assert piece.annotation is not None
            assert piece.annotation.dot_bracket.tobytes().decode() == row["structure"]
            assert piece.annotation.confidence.tobytes() == row["confidence"]
            pairs = piece.annotation.pair_probs
            assert (pairs is None) == (row["pair_probs"] is None)
            assert pairs is None or pairs.tobytes() == row["pair_probs"]


def test_several_corpora_are_concatenated(corpus_dir: Path) -> None:
    dataset = SliceDataset([corpus_dir, corpus_dir])
    assert (len(dataset), dataset.corpus_sizes) == (120, [60, 60])
    assert (dataset[75].nucleotide_ids == dataset[15].nucleotide_ids).all()


def test_memory_is_a_byte_per_nucleotide_two_more_per_label_and_five_per_pair(corpus_dir: Path) -> None:
    dataset = SliceDataset([corpus_dir])
    labelled = int(dataset.lengths[dataset.annotated].sum())
    pairs = [
        piece.annotation.pair_probs
        for piece in map(dataset.__getitem__, range(60))
        if piece.annotation is not None and piece.annotation.pair_probs is not None
    ]
    assert len(pairs) == 20
    expected = dataset.lengths.sum() + 2 * labelled + 5 * sum(map(len, pairs)) + 42 * len(dataset)
    assert dataset.num_bytes == expected


def test_an_epoch_holds_every_slice_once(stream: BatchStream) -> None:
    plan = stream.epoch_plan(0)
    assert sorted(i for n in range(len(plan)) for i in plan[n].indices.tolist()) == list(range(60))
    for batch in islice(stream.batches_from(0), len(plan)):
        assert len(batch.input_ids) == 1 or batch.input_ids.numel() <= 300


def test_epochs_and_seeds_differ(corpus_dir: Path) -> None:
    stream = stream_of(corpus_dir)
    orders = [stream.epoch_plan(epoch).indices.tolist() for epoch in (0, 1)]
    other = stream_of(corpus_dir, seed=2).epoch_plan(0).indices.tolist()
    assert orders[0] != orders[1] != other != orders[0]


@pytest.mark.parametrize("start", [0, 1, 7, 13, 40])
def test_the_stream_continues_at_any_batch(corpus_dir: Path, start: int) -> None:
    whole = list(islice(stream_of(corpus_dir).batches_from(0), start + 3))
    rest = list(islice(stream_of(corpus_dir).batches_from(start), 3))
    assert all(same(a, b) for a, b in zip(whole[start:], rest, strict=True))
    assert not same(rest[0], rest[1])


def take(stream: BatchStream, state: int, world_size: int, steps: int) -> list[PlannedBatch]:
    """What all ranks together take in some steps."""
    ranks = [stream.plan_from(state, rank=rank, world_size=world_size) for rank in range(world_size)]
    return [next(rank) for _ in range(steps) for rank in ranks]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9)), min_size=1, max_size=6))
def test_ranks_may_come_and_go_without_repeating_or_losing_a_slice(
    stream: BatchStream, phases: list[tuple[int, int]]
) -> None:
    """A phase is a world size and its steps; they change wherever the phases happen to end."""
    taken: list[PlannedBatch] = []
    for world_size, steps in phases:
        taken += take(stream, len(taken), world_size, steps)
    whole = list(islice(stream.plan_from(0), len(taken)))
    assert [(b.epoch, b.number) for b in taken] == [(b.epoch, b.number) for b in whole]
    for epoch in {batch.epoch for batch in taken}:
        batches = [batch for batch in taken if batch.epoch == epoch]
        counts = Counter(index for batch in batches for index in batch.indices.tolist())
        assert max(counts.values()) == 1
        assert len(counts) == 60 or len(batches) < len(stream.epoch_plan(epoch))


@pytest.mark.parametrize("world_size", [1, 2, 3, 4])
def test_a_change_of_world_size_in_mid_epoch(stream: BatchStream, world_size: int) -> None:
    total = len(stream.epoch_plan(0))
    taken = take(stream, 0, world_size, 3)
    for then in range(1, 5):
        rest = take(stream, len(taken), then, -(-(total - len(taken)) // then))
        slices = [i for b in taken + rest if b.epoch == 0 for i in b.indices.tolist()]
        assert sorted(slices) == list(range(60))


def test_ranks_share_the_batches_of_one(stream: BatchStream) -> None:
    alone = islice(stream.batches_from(2), 12)
    ranks = [stream.batches_from(2, rank=rank, world_size=3) for rank in range(3)]
    assert all(same(batch, next(ranks[number % 3])) for number, batch in enumerate(alone))


class Workers(IterableDataset[Batch]):
    """The rule of `batches_from` for workers, as a DataLoader wants it; rank 1 of 2."""

    def __init__(self, stream: BatchStream) -> None:
        self.stream = stream

    def __iter__(self):  # type: ignore[no-untyped-def]
        worker = get_worker_info()
        return self.stream.batches_from(5, rank=1 + 2 * worker.id, world_size=2 * worker.num_workers)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning", "ignore:This DataLoader will create")
@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_workers_in_turn_give_the_batches_of_their_rank(stream: BatchStream, num_workers: int) -> None:
    alone = list(islice(stream.batches_from(5, rank=1, world_size=2), 8))
    loader = DataLoader(
        Workers(stream), batch_size=None, num_workers=num_workers, multiprocessing_context="fork"
    )
    assert all(same(a, b) for a, b in zip(alone, islice(loader, 8), strict=True))


def test_weights_say_how_often_a_corpus_is_seen(corpus_dir: Path) -> None:
    stream = stream_of(corpus_dir, corpus_dir, weights=(2.0, 0.5))
    counts = [Counter(stream.epoch_plan(epoch).indices.tolist()) for epoch in (0, 1)]
    for count in counts:
        assert [count[i] for i in range(60)] == [2] * 60
        assert sum(count[i] for i in range(60, 120)) == 30
    assert [counts[0][i] + counts[1][i] for i in range(60, 120)] == [1] * 60
    assert same(next(stream.batches_from(25)), next(stream.batches_from(25)))


def test_an_epoch_may_be_empty(corpus_dir: Path) -> None:
    batches = list(islice(stream_of(corpus_dir, weights=(0.01,)).plan_from(0), 60))
    assert sorted(i for batch in batches for i in batch.indices.tolist()) == list(range(60))
    assert batches[-1].epoch >= 98


@pytest.mark.parametrize("weights", [(1.0,), (1.0, 0.0), (1.0, -2.0), (1.0, float("nan")), (1.0, 1e9)])
def test_bad_weights_are_refused(corpus_dir: Path, weights: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="corpus weights"):
        stream_of(corpus_dir, corpus_dir, weights=weights)


def test_joint_streams_come_in_their_share_of_the_annotated_slices(corpus_dir: Path) -> None:
    objectives = ObjectiveConfig(joint_share=0.5)
    stream = BatchStream(SliceDataset([corpus_dir]), objectives=objectives, batch_tokens=300, seed=3)
    batches = list(islice(stream.batches_from(0), len(stream.epoch_plan(0))))
    joint = sum(int((batch.input_ids == EOS_ID).sum(1).eq(2).sum()) for batch in batches)
    assert 10 <= joint <= 30  # of 40 annotated slices


def test_a_slice_is_corrupted_anew_in_each_epoch(stream: BatchStream) -> None:
    again = [stream.batch(PlannedBatch(epoch, 3, np.array([3]), np.array([False]))) for epoch in (0, 0, 1, 2)]
    assert same(again[0], again[1])
    assert (again[0].token_labels != IGNORE).any()
    assert len({tuple(batch.input_ids[0].tolist()) for batch in again}) > 1


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="manifest"):
        SliceDataset([tmp_path])


def test_an_annotation_of_another_length_is_refused(corpus_dir: Path, tmp_path: Path) -> None:
    table = read_shard(corpus_dir / "slices.parquet")
    place = table.schema.get_field_index("structure")
    shorter = [text and text[:-1] for text in table["structure"].to_pylist()]
    damaged = table.set_column(place, table.schema.field(place), [shorter])
    pq.write_table(damaged, tmp_path / "slices.parquet")
    manifest = read_manifest(corpus_dir)
    write_manifest(manifest, tmp_path)
    with pytest.raises(CorpusError, match="SHA-256 is not that of the manifest"):
        SliceDataset([tmp_path])
    file = replace(manifest.files[0], sha256=file_sha256(tmp_path / "slices.parquet"))
    write_manifest(replace(manifest, files=(file,)), tmp_path)
    with pytest.raises(CorpusError, match="another length"):
        SliceDataset([tmp_path])
