"""Shards to batches: a deterministic, endless stream whose state is one integer.

Batch k is the same on every machine and in every run with the same corpus and seed. To resume after k
batches is to start the stream at k.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.corpus.shards import read_slices
from mprna.errors import CorpusError
from mprna.objectives.mixture import Annotation, ObjectiveConfig, TrainingSlice, make_example
from mprna.objectives.objective import Batch, Example, collate
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs
from mprna.tokenizer import Tokenizer

Indices = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SORT_WINDOW = 4_096
"""Slices that are sorted by length together: large enough for little padding, small enough to stay random."""


class SliceDataset:
    """The slices of one or several corpora, in memory, by index."""

    def __init__(self, corpus_dirs: list[Path]) -> None:
        """Raises:
        CorpusError: a corpus that is missing, unfinished or empty.
        """
        columns = ["sequence", "structure", "confidence"]
        table = read_slices(corpus_dirs, columns)
        if not table.num_rows:
            raise CorpusError(f"no slices in {', '.join(map(str, corpus_dirs))}")
        self._sequences, self._structures, self._confidences = (table[name].chunk(0) for name in columns)
        self.lengths: Indices = np.array([len(s.as_py()) for s in self._sequences], dtype=np.int64)
        self.annotated: Flags = np.array([s.is_valid for s in self._structures])

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: int) -> TrainingSlice:
        sequence = self._sequences[index].as_py()
        dot_bracket = self._structures[index].as_py()
        if dot_bracket is None:
            return TrainingSlice(sequence)
        confidence = np.frombuffer(self._confidences[index].as_py(), np.uint8) * np.float32(1 / 255)
        partners = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), len(sequence))
        return TrainingSlice(sequence, Annotation(dot_bracket, partners, confidence))


class BatchStream:
    """Corrupted, padded batches of slices of similar length, epoch after epoch.

    Args:
        dataset: the slices.
        batch_tokens: most tokens, padding included, of a batch.
        seed: of order and corruption.
    """

    def __init__(
        self, dataset: SliceDataset, *, objectives: ObjectiveConfig, batch_tokens: int, seed: int
    ) -> None:
        self.dataset = dataset
        self.objectives = objectives
        self.batch_tokens = batch_tokens
        self.seed = seed
        self._tokenizer = Tokenizer()

    def batches_from(self, start: int) -> Iterator[Batch]:
        """Batch `start`, `start + 1`, … without end."""
        epoch = 0
        while start >= len(plan := self.epoch_plan(epoch)):
            start -= len(plan)
            epoch += 1
        while True:
            joint = self._joint(epoch)
            for indices in plan[start:]:
                yield collate([self.example(epoch, int(i), joint=bool(joint[i])) for i in indices])
            epoch, start = epoch + 1, 0
            plan = self.epoch_plan(epoch)

    def epoch_plan(self, epoch: int) -> list[Indices]:
        """Every slice once: which slices stand in which batch."""
        rng = np.random.default_rng((self.seed, epoch))
        order = rng.permutation(len(self.dataset))
        tokens = np.where(self._joint(epoch), 2 * self.dataset.lengths + 3, self.dataset.lengths + 2)
        plan: list[Indices] = []
        for first in range(0, len(order), SORT_WINDOW):
            window = order[first : first + SORT_WINDOW]
            by_length = window[np.argsort(tokens[window], kind="stable")]
            plan += _cut(by_length, tokens[by_length], self.batch_tokens)
        return [plan[i] for i in rng.permutation(len(plan))]

    def example(self, epoch: int, index: int, *, joint: bool = False) -> Example:
        """The slice `index` as it is corrupted in this epoch."""
        rng = np.random.default_rng((self.seed, epoch, index))
        piece = self.dataset[index]
        return make_example(piece, config=self.objectives, tokenizer=self._tokenizer, rng=rng, joint=joint)

    def _joint(self, epoch: int) -> Flags:
        """Which slices are joint streams in this epoch."""
        draws = np.random.default_rng((self.seed, epoch, _JOINT)).random(len(self.dataset))
        return self.dataset.annotated & (draws < self.objectives.joint_share)


def _cut(by_length: Indices, tokens: Indices, batch_tokens: int) -> list[Indices]:
    """Cut slices, shortest first, into batches within the token budget; one slice always fits."""
    batches, first = [], 0
    for end, longest in enumerate(tokens):
        if end > first and (end - first + 1) * longest > batch_tokens:
            batches.append(by_length[first:end])
            first = end
    return [*batches, by_length[first:]]


_JOINT = -1 % 2**32
"""In the place of a slice's index in a seed: no slice has it."""
