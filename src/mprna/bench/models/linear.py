"""A linear head on fixed features: k-mer counts, or the hidden states of a frozen network.

Shape letters: L nucleotides, H features, C classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.bench.examples import Example
from mprna.bench.linear import Linear, fit_ridge, fit_softmax
from mprna.bench.metrics import METRICS, evaluate
from mprna.bench.models.learning_rates import sign_of
from mprna.bench.models.structure_labels import structure_of
from mprna.bench.task import Task
from mprna.rna.kmers import kmers_of
from mprna.rna.scores import labels_of
from mprna.softmax import sigmoid

Features = Callable[[str], npt.NDArray[Any]]
"""A clean sequence to (H,) for the whole of it, or (L, H) for its nucleotides, or for the first of them."""

RIDGES: Final = (1e-4, 1e-2, 1.0)
MAX_POSITIONS: Final = 200_000
"""Training positions of a task with labels per nucleotide; more are sampled."""

POOLED: Final = ("classification", "regression", "multi_regression", "multilabel")
ALL_SCORED: Final = (*POOLED, "degradation")
"""Types whose labels are all to be learned; in others a negative class means: not scored."""
PER_NUCLEOTIDE: Final = ("structure", "mutation_detection", "mutation_repair", "degradation")


class LinearModel:
    """Features and ridge are chosen on validation by the task's first metric.

    Args:
        features: candidates by name.
        types: task types that the features can serve.
        max_length: longest sequence that features are asked for, nt; longer ones are cut.
    """

    trains = True
    is_seeded = True

    def __init__(
        self, features: dict[str, Features], types: tuple[str, ...], *, max_length: int | None = None
    ) -> None:
        self.types: tuple[str, ...] = types
        self.choices: dict[str, Any] = {}
        self.num_failed = self.num_truncated = 0
        self._max_length = max_length
        self._features = features
        self._chosen: tuple[Features, list[Linear]] | None = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Try every feature set with every ridge."""
        metric = METRICS[task.metrics[0]]
        sign = sign_of(task)
        best = -np.inf
        for name, features in self._features.items():
            table, labels = self._table(task, train, features, np.random.default_rng(seed))
            inputs = [self._read(task, example.sequence, features) for example in valid]
            for ridge in RIDGES:
                heads = _fit_heads(task, table, labels, ridge)
                items = [
                    metric.item(example.label, _answer(task, example.sequence, rows, heads))
                    for example, rows in zip(valid, inputs, strict=True)
                ]
                score = sign * evaluate(metric, items)
                if self._chosen is None or score > best:  # nan is kept until there is a number
                    best, self._chosen = np.fmax(best, score), (features, heads)
                    self.choices |= {"features": name, "ridge": ridge, "valid": sign * score}

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """Scores, values or a structure per sequence; `fit` comes first."""
        if self._chosen is None:
            raise RuntimeError("fit() first")
        features, heads = self._chosen
        self.num_truncated = 0
        return [
            _answer(task, sequence, self._read(task, sequence, features), heads) for sequence in sequences
        ]

    def _read(self, task: Task, sequence: str, features: Features) -> npt.NDArray[Any]:
        """(1, H), or (L, H): what was cut off has zeros."""
        kept = sequence[: self._max_length]
        rows = features(kept)
        num_read = len(rows) if rows.ndim == 2 else len(kept)
        self.num_truncated += num_read < len(sequence)
        if task.type in POOLED:
            return np.atleast_2d(rows.mean(axis=0) if rows.ndim == 2 else rows)
        return np.pad(rows, ((0, len(sequence) - num_read), (0, 0)))

    def _table(
        self, task: Task, examples: Sequence[Example], features: Features, rng: np.random.Generator
    ) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        rows, labels = [], []
        positions = sum(len(example.sequence) for example in examples)
        share = 1.0 if task.type in POOLED else min(1.0, MAX_POSITIONS / positions)
        for example in examples:
            wanted = _labels(task, example)
            table = self._read(task, example.sequence, features)[: len(wanted)]
            kept = np.full(len(wanted), True) if task.type in ALL_SCORED else wanted[:, 0] >= 0
            kept &= rng.random(len(wanted)) < share
            rows.append(table[kept])
            labels.append(wanted[kept])
        return np.concatenate(rows), np.concatenate(labels)


def _labels(task: Task, example: Example) -> npt.NDArray[Any]:
    """One row per nucleotide, or one row. *Shape:* (L or 1, K)"""
    if task.type == "structure":
        return labels_of(example.label)[:, None]
    if task.type in ("mutation_detection", "mutation_repair"):
        return np.asarray(example.label)[:, None]
    return np.atleast_2d(example.label)


def _fit_heads(task: Task, table: npt.NDArray[Any], labels: npt.NDArray[Any], ridge: float) -> list[Linear]:
    if task.type in ("regression", "multi_regression", "degradation"):
        return [fit_ridge(table, labels.astype(np.float64), ridge)]
    if task.type == "multilabel":
        return [fit_softmax(table, column.astype(np.int64), 2, ridge) for column in labels.T]
    return [fit_softmax(table, labels[:, 0], len(task.classes), ridge)]


def _answer(task: Task, sequence: str, rows: npt.NDArray[Any], heads: Sequence[Linear]) -> Any:
    scores = [head.scores(rows) for head in heads]
    if task.type == "structure":
        return structure_of(sequence, scores[0])
    if task.type == "multilabel":
        return sigmoid([s[0, 1] - s[0, 0] for s in scores])
    return scores[0] if task.type in PER_NUCLEOTIDE else scores[0][0]


def kmer_counts(k: int) -> Features:
    """Share of every word of k letters in a sequence. *Shape:* (4 ** k,)"""

    def count(sequence: str) -> npt.NDArray[Any]:
        kmers = kmers_of([sequence], k)
        words = kmers.codes[kmers.valid]
        return np.bincount(words, minlength=4**k).astype(np.float32) / max(1, len(words))

    return count
