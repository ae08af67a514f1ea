"""Shards to batches: a deterministic, endless stream whose state is one integer.

The plan of batches is one for all machines and depends on the corpora, the seed and the epoch alone. The
state is the number of batches that all ranks together have consumed. From state s, rank r of W takes batches
s + r, s + r + W, …: to resume after s batches, with however many ranks, is to start at s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.corpus.manifest import read_manifest
from mprna.corpus.shards import column_bytes, read_shard
from mprna.errors import CorpusError, UsageError
from mprna.objectives.mixture import ObjectiveConfig, corrupt
from mprna.objectives.objective import Batch
from mprna.objectives.padding import Annotation, TrainingSlice, pad_slices
from mprna.rna.sparse_pairs import SPARSE_PAIR, SparsePairs, unpack_pairs
from mprna.tokenizer import Tokenizer
from mprna.train.plan import EpochPlan, PlannedBatch, plan_epoch, slice_copies

Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]


class SliceDataset:
    """The slices of one or several corpora, in memory, by index.

    One byte per nucleotide, two more where annotated, five per pair of an ensemble, and 42 bytes per slice.

    Raises:
        CorpusError: a corpus that is missing, unfinished or empty, or a damaged shard.
    """

    def __init__(self, corpus_dirs: Sequence[Path]) -> None:
        self.tokenizer = Tokenizer()
        shards = [
            [
                _Shard(directory / file.name, file.sha256, self.tokenizer)
                for file in read_manifest(directory).files
            ]
            for directory in corpus_dirs
        ]
        flat = [shard for corpus in shards for shard in corpus]
        self.corpus_sizes = [sum(len(shard.lengths) for shard in corpus) for corpus in shards]
        if not sum(self.corpus_sizes):
            raise CorpusError(f"no slices in {', '.join(map(str, corpus_dirs))}")
        self.lengths: Indices = np.concatenate([shard.lengths for shard in flat])
        self.annotated: Flags = np.concatenate([shard.annotated for shard in flat])
        self._ids = np.concatenate([shard.ids for shard in flat])
        self._dot_brackets = np.concatenate([shard.dot_brackets for shard in flat])
        self._confidences = np.concatenate([shard.confidences for shard in flat])
        self._has_pair_probs: Flags = np.concatenate([shard.has_pair_probs for shard in flat])
        self._num_pairs: Indices = np.concatenate([shard.num_pairs for shard in flat])
        self._pair_probs: SparsePairs = np.concatenate([shard.pair_probs for shard in flat])
        self._starts = _starts(self.lengths)
        self._label_starts = _starts(self.lengths * self.annotated)
        self._pair_starts = _starts(self._num_pairs)

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def num_bytes(self) -> int:
        """Memory of everything that is kept."""
        arrays = (value for value in vars(self).values() if isinstance(value, np.ndarray))
        return sum(array.nbytes for array in arrays)

    def __getitem__(self, index: int) -> TrainingSlice:
        """Views, not copies."""
        start, length = self._starts[index], self.lengths[index]
        ids = self._ids[start : start + length]
        if not self.annotated[index]:
            return TrainingSlice(ids)
        start = self._label_starts[index]
        labels = slice(start, start + length)
        pairs = self._pairs_of(index) if self._has_pair_probs[index] else None
        return TrainingSlice(ids, Annotation(self._dot_brackets[labels], self._confidences[labels], pairs))

    def _pairs_of(self, index: int) -> SparsePairs:
        start = self._pair_starts[index]
        return self._pair_probs[start : start + self._num_pairs[index]]


class BatchStream:
    """Corrupted, padded batches of slices of similar length, epoch after epoch.

    Args:
        dataset: the slices.
        corpus_weights: times that each corpus is seen per epoch; once each where None.
        batch_tokens: most tokens, padding included, of a batch.
        seed: of order and corruption.

    Raises:
        UsageError: another number of weights than of corpora, or a weight that is not positive.
    """

    def __init__(
        self,
        dataset: SliceDataset,
        *,
        objectives: ObjectiveConfig,
        batch_tokens: int,
        seed: int,
        corpus_weights: Sequence[float] | None = None,
    ) -> None:
        self.dataset = dataset
        self.objectives = objectives
        self.batch_tokens = batch_tokens
        self.seed = seed
        self.corpus_weights = _check_weights(corpus_weights, len(dataset.corpus_sizes))

    def batches_from(self, start: int, *, rank: int = 0, world_size: int = 1) -> Iterator[Batch]:
        """Every `world_size`-th batch from `start + rank` on, without end.

        Worker w of K within a rank is rank `rank + world_size * w` of `world_size * K`: the workers' batches
        in turn are those of the rank without workers.

        Raises:
            StructureError: a damaged annotation.
        """
        return map(self.batch, self.plan_from(start, rank=rank, world_size=world_size))

    def plan_from(self, start: int, *, rank: int = 0, world_size: int = 1) -> Iterator[PlannedBatch]:
        """What `batches_from` makes batches of.

        Epochs before `start` are planned by this call, which is not yet the training that finishes its step
        when SIGTERM comes: many of them take minutes.
        """
        plans = map(self.epoch_plan, count())
        number, plan = start + rank, next(plans)
        while number >= len(plan):
            number, plan = number - len(plan), next(plans)
        return _every(world_size, number, chain([plan], plans))

    def epoch_plan(self, epoch: int) -> EpochPlan:
        """Which slices stand in which batch; with weights of 1, every slice once."""
        dataset = self.dataset
        return plan_epoch(
            dataset.lengths,
            dataset.annotated,
            slice_copies(dataset.corpus_sizes, self.corpus_weights, seed=self.seed, epoch=epoch),
            joint_share=self.objectives.joint_share,
            batch_tokens=self.batch_tokens,
            seed=self.seed,
            epoch=epoch,
        )

    def batch(self, planned: PlannedBatch) -> Batch:
        """The slices as they are corrupted in this epoch; the batch's place seeds its corruption."""
        slices = [self.dataset[index] for index in planned.indices.tolist()]
        clean = pad_slices(slices, planned.joint, self.dataset.tokenizer)
        # Seeds are padded with zeros: (seed, epoch, 0) would repeat the draws of the epoch's plan.
        rng = np.random.default_rng((self.seed, planned.epoch, 1 + planned.number))
        return corrupt(clean, config=self.objectives, rng=rng)


class _Shard:
    """The columns of a shard that training needs, each as one array over all its slices."""

    def __init__(self, path: Path, sha256: str, tokenizer: Tokenizer) -> None:
        table = read_shard(path, sha256).select(["sequence", "structure", "confidence", "pair_probs"])
        sequences, self.lengths = column_bytes(table, "sequence")
        self.ids = tokenizer.encode_bytes(sequences)
        self.annotated: Flags = table["structure"].is_valid().to_numpy()
        self.dot_brackets, structure_lengths = column_bytes(table, "structure")
        self.confidences, confidence_lengths = column_bytes(table, "confidence")
        expected = self.lengths * self.annotated
        if not ((structure_lengths == expected) & (confidence_lengths == expected)).all():
            raise CorpusError(f"{path}: an annotation of another length than its sequence; build it again")
        self.has_pair_probs: Flags = table["pair_probs"].is_valid().to_numpy()
        pair_bytes, num_bytes = column_bytes(table, "pair_probs")
        if (num_bytes % SPARSE_PAIR.itemsize).any():
            raise CorpusError(f"{path}: pair probabilities that are cut off; build it again")
        self.pair_probs, self.num_pairs = unpack_pairs(pair_bytes), num_bytes // SPARSE_PAIR.itemsize


def _every(step: int, number: int, plans: Iterable[EpochPlan]) -> Iterator[PlannedBatch]:
    """Every `step`-th batch from `number` of the first plan on."""
    for plan in plans:
        while number < len(plan):
            yield plan[number]
            number += step
        number -= len(plan)


def _starts(lengths: Indices) -> Indices:
    return np.cumsum(lengths) - lengths


def _check_weights(weights: Sequence[float] | None, num_corpora: int) -> list[float]:
    if weights is None:
        return [1.0] * num_corpora
    if len(weights) != num_corpora:
        raise UsageError(f"{len(weights)} corpus weights for {num_corpora} corpora; give one for each")
    if not all(1e-3 <= weight <= 1e3 for weight in weights):
        raise UsageError(f"corpus weights {', '.join(map(str, weights))}: expected 0.001 to 1000")
    return list(weights)
