"""The plan of an epoch: which slices stand in which batch. It depends on corpora, seed and epoch alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mprna.objectives.padding import num_tokens

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SORT_WINDOW = 4_096
"""Slices that are sorted by length together: large enough for little padding, small enough to stay random."""


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """*Shape:* (B,) each"""

    epoch: int
    number: int
    """Number of the batch in its epoch."""
    indices: Indices
    """Which slices of the corpus it holds."""
    joint: Flags
    """Slices that become a joint sequence-structure stream."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """The batches of one epoch, by number."""

    epoch: int
    indices: Indices
    """The slices of all batches, one batch after another. *Shape:* (slices,)"""
    joint: Flags
    """*Shape:* (slices,)"""
    spans: Indices
    """Where each batch begins and ends in `indices`. *Shape:* (batches, 2)"""

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, number: int) -> PlannedBatch:
        first, end = self.spans[number]
        return PlannedBatch(self.epoch, number, self.indices[first:end], self.joint[first:end])


def plan_epoch(
    lengths: Indices,
    annotated: Flags,
    copies: Indices,
    *,
    joint_share: float,
    batch_tokens: int,
    seed: int,
    epoch: int,
) -> EpochPlan:
    """Shuffle, sort by length within windows, cut within the token budget, shuffle the batches.

    Args:
        lengths: nucleotides of each slice. *Shape:* (slices,)
        annotated: slices with a structure. *Shape:* (slices,)
        copies: how often each slice is seen in this epoch. *Shape:* (slices,)
        joint_share: share of annotated slices that become joint streams, drawn anew in each epoch.
        batch_tokens: most tokens, padding included, of a batch.
    """
    rng = np.random.default_rng((seed, epoch))
    indices = rng.permutation(np.repeat(np.arange(len(lengths)), copies))
    joint = annotated[indices] & (rng.random(len(indices)) < joint_share)
    tokens = num_tokens(lengths[indices], joint)
    # Stable sort by (window, tokens).
    order = np.lexsort((tokens, np.arange(len(indices)) // SORT_WINDOW))
    indices, joint, tokens = indices[order], joint[order], tokens[order]
    spans = [
        span
        for first in range(0, len(indices), SORT_WINDOW)
        for span in _cut(tokens, first, min(first + SORT_WINDOW, len(indices)), batch_tokens)
    ]
    return EpochPlan(epoch, indices, joint, rng.permutation(np.array(spans, np.int64).reshape(-1, 2)))


def slice_copies(sizes: Sequence[int], weights: Sequence[float], *, seed: int, epoch: int) -> Indices:
    """How often each slice is seen in an epoch.

    In the first k epochs, each slice of a corpus of weight w comes floor(kw) or ceil(kw) times: with w = 2
    twice in every epoch; with w = 0.5 one half comes in one epoch and the other half in the next.

    Args:
        sizes: slices of each corpus.
        weights: times that each corpus is seen per epoch; positive.

    *Shape:* (slices,)
    """
    copies = [np.zeros(0, np.int64)]
    for number, (size, weight) in enumerate(zip(sizes, weights, strict=True), 1):
        # The phases spread the slices evenly over the epochs; they are the same in all epochs.
        phases = (np.random.default_rng((seed, 0, 0, number)).permutation(size) + 0.5) / max(size, 1)
        seen_before, seen_after = (np.floor(k * weight + phases) for k in (epoch, epoch + 1))
        copies.append((seen_after - seen_before).astype(np.int64))
    return np.concatenate(copies)


def _cut(tokens: Indices, first: int, end: int, batch_tokens: int) -> list[tuple[int, int]]:
    """Cut slices, shortest first, into batches within the token budget; one slice always fits."""
    spans = []
    while first < end:
        most = max(1, batch_tokens // int(tokens[first]))
        candidates = tokens[first : min(first + most, end)]
        padded = np.arange(1, len(candidates) + 1) * candidates
        size = max(1, int(np.count_nonzero(padded <= batch_tokens)))
        spans.append((first, first + size))
        first += size
    return spans
