"""The stream holds every slice once per epoch, within budget, and continues from any batch."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from mprna.alphabet import EOS_ID
from mprna.errors import CorpusError
from mprna.objectives.mixture import ObjectiveConfig
from mprna.objectives.objective import Batch
from mprna.train.dataset import BatchStream, SliceDataset


def stream_of(corpus_dir: Path, *, batch_tokens: int = 300, seed: int = 1) -> BatchStream:
    dataset = SliceDataset([corpus_dir])
    return BatchStream(dataset, objectives=ObjectiveConfig(), batch_tokens=batch_tokens, seed=seed)


def same(first: Batch, second: Batch) -> bool:
    ids, labels = first.input_ids == second.input_ids, first.token_labels == second.token_labels
    return bool(ids.all() and labels.all())


def test_slices_come_back_as_written(corpus_dir: Path) -> None:
    dataset = SliceDataset([corpus_dir])
    assert len(dataset) == 60
    plain, annotated = dataset[0], dataset[1]
    assert plain.annotation is None
    assert len(plain.sequence) == 20
    assert annotated.annotation is not None
    assert annotated.annotation.partners[0] == len(annotated.sequence) - 1
    assert (annotated.annotation.confidence == 1).all()


def test_several_corpora_are_concatenated(corpus_dir: Path) -> None:
    assert len(SliceDataset([corpus_dir, corpus_dir])) == 120


@pytest.mark.parametrize("batch_tokens", [1, 100, 300, 10_000])
def test_an_epoch_holds_every_slice_once_within_the_budget(corpus_dir: Path, batch_tokens: int) -> None:
    stream = stream_of(corpus_dir, batch_tokens=batch_tokens)
    plan = stream.epoch_plan(0)
    assert sorted(np.concatenate(plan).tolist()) == list(range(60))
    for indices in plan:
        assert len(indices) == 1 or len(indices) * (stream.dataset.lengths[indices].max() + 2) <= batch_tokens
    for batch in islice(stream.batches_from(0), len(plan)):
        assert len(batch.input_ids) == 1 or batch.input_ids.numel() <= batch_tokens


def test_epochs_and_seeds_differ(corpus_dir: Path) -> None:
    stream = stream_of(corpus_dir)
    orders = [np.concatenate(s.epoch_plan(e)).tolist() for s, e in ((stream, 0), (stream, 1))]
    other = np.concatenate(stream_of(corpus_dir, seed=2).epoch_plan(0)).tolist()
    assert orders[0] != orders[1] != other != orders[0]


@pytest.mark.parametrize("start", [0, 1, 7, 13, 40])
def test_the_stream_continues_at_any_batch(corpus_dir: Path, start: int) -> None:
    whole = list(islice(stream_of(corpus_dir).batches_from(0), start + 3))
    rest = list(islice(stream_of(corpus_dir).batches_from(start), 3))
    assert all(same(a, b) for a, b in zip(whole[start:], rest, strict=True))


def test_joint_streams_come_in_their_share_of_the_annotated_slices(corpus_dir: Path) -> None:
    objectives = ObjectiveConfig(joint_share=0.5)
    stream = BatchStream(SliceDataset([corpus_dir]), objectives=objectives, batch_tokens=300, seed=3)
    batches = list(islice(stream.batches_from(0), len(stream.epoch_plan(0))))
    joint = sum(int((batch.input_ids == EOS_ID).sum(1).eq(2).sum()) for batch in batches)
    assert 10 <= joint <= 30  # of 40 annotated slices


def test_a_slice_is_corrupted_anew_in_each_epoch(corpus_dir: Path) -> None:
    stream = stream_of(corpus_dir)
    again = [stream.example(epoch, 3).input_ids.tolist() for epoch in (0, 0, 1, 2)]
    assert again[0] == again[1]
    assert len({tuple(ids) for ids in again}) > 1


def test_a_folder_without_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="manifest"):
        SliceDataset([tmp_path])
