"""Labelled sequences to padded batches, epoch after epoch, without end.

Shape letters: B sequences, T tokens, P places (1 for sequence tasks, else T), K = 1 for classes and pairs,
else the number of label columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mprna.model.task_config import TaskConfig
from mprna.tokenizer import Tokenizer
from mprna.train.labels import Example

BUCKET_BATCHES = 16
"""Batches among which sequences are sorted by length, so that little is padded."""


@dataclass(frozen=True, slots=True)
class TaskBatch:
    """Padded sequences and their targets."""

    input_ids: Tensor
    """*Shape:* (B, T)"""
    attention_mask: Tensor
    """True on real tokens. *Shape:* (B, T)"""
    targets: Tensor
    """NaN where nothing is scored, `<cls>`, `<eos>` and padding included. *Shape:* (B, P, K)"""


def batches_from(
    data: list[Example], task: TaskConfig, *, batch_size: int, seed: int, start: int, step: int
) -> Iterator[TaskBatch]:
    """Every `step`-th batch from number `start` on; the seed and the number decide what is in it."""
    per_epoch = -(-len(data) // batch_size)
    number, epoch = start, -1
    while True:
        if number // per_epoch != epoch:
            epoch = number // per_epoch
            parts = _epoch(data, batch_size, seed, epoch)
        yield pad([data[i] for i in parts[number % per_epoch]], task)
        number += step


def pad(data: Sequence[Example], task: TaskConfig) -> TaskBatch:
    """Examples of any lengths as one batch."""
    input_ids, attention_mask = Tokenizer.pad([example.input_ids for example in data])
    places = input_ids.shape[1] if task.per_token else 1
    targets = np.full((len(data), places, data[0].targets.shape[1]), np.nan, np.float32)
    first = int(task.per_token)  # behind <cls>
    for row, example in enumerate(data):
        targets[row, first : first + len(example.targets)] = example.targets
    return TaskBatch(*(torch.from_numpy(array) for array in (input_ids, attention_mask, targets)))


def _epoch(data: list[Example], batch_size: int, seed: int, epoch: int) -> list[list[int]]:
    """Indices of each batch: shuffled, then sorted by length within buckets, then batches shuffled."""
    rng = np.random.default_rng((seed, 1 + epoch))
    order = rng.permutation(len(data)).tolist()
    bucket = BUCKET_BATCHES * batch_size
    for start in range(0, len(order), bucket):
        order[start : start + bucket] = sorted(
            order[start : start + bucket], key=lambda i: len(data[i].input_ids)
        )
    parts = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    return [parts[i] for i in rng.permutation(len(parts))]
