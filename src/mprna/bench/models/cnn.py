"""A small convolutional network on one-hot letters: what is learned without pretraining.

Shape letters: B sequences, L nucleotides, C classes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.bench.examples import Example
from mprna.bench.models.learning_rates import LearningRates, sign_of, validate
from mprna.bench.models.model import Budget
from mprna.bench.models.structure_labels import structure_of
from mprna.bench.task import Task
from mprna.errors import RunError
from mprna.rna.scores import labels_of
from mprna.train.device import seeded

LETTERS: Final = "ACGU"
WIDTH: Final = 64
LEARNING_RATE: Final = 1e-3


class Network(nn.Module):
    """Three convolutions of 9 letters, dilated 1, 2, 4; then a head per nucleotide or on the pooled whole."""

    def __init__(self, num_outputs: int, *, pooled: bool) -> None:
        super().__init__()
        widths = (len(LETTERS), WIDTH, WIDTH)
        self.layers = nn.ModuleList(
            nn.Conv1d(width, WIDTH, 9, padding=4 * dilation, dilation=dilation)
            for width, dilation in zip(widths, (1, 2, 4), strict=True)
        )
        self.pooled = pooled
        self.head = nn.Linear(WIDTH * (2 if pooled else 1), num_outputs)

    def forward(self, one_hot: Tensor, present: Tensor) -> Tensor:
        """Logits or values. *Shape:* (B, 4, L), (B, L) -> (B, C) or (B, L, C)"""
        hidden = one_hot
        for layer in self.layers:
            hidden = functional.relu(layer(hidden)) * present[:, None]
        if not self.pooled:
            logits: Tensor = self.head(hidden.transpose(1, 2))
            return logits
        mean = hidden.sum(dim=2) / present.sum(dim=1, keepdim=True)
        pooled: Tensor = self.head(torch.cat([mean, hidden.amax(dim=2)], dim=1))
        return pooled


class ConvolutionalModel:
    """The epoch is chosen on validation by the task's first metric.

    Args:
        first_choices: of the record of the first seed; where that tried learning rates, its choice stands.
    """

    types: tuple[str, ...] = (
        "structure",
        "classification",
        "regression",
        "mutation_detection",
        "mutation_repair",
        "degradation",
    )
    trains = True
    is_seeded = True

    def __init__(self, budget: Budget, first_choices: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.choices: dict[str, Any] = {"budget": budget.to_dict()}
        self.num_failed = self.num_truncated = 0
        self._budget, self._rates = budget, LearningRates.of(budget, LEARNING_RATE, first_choices)
        self._network: Network | None = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Train with every learning rate; the best by the task's first metric on validation is kept.

        Raises:
            RunError: a loss that diverges at every learning rate.
        """

        def score(network: Network) -> float:
            self._network = network
            return validate(self, task, valid)

        def train_with(rate: float) -> tuple[Network, dict[str, Any]]:
            return self._train(task, train, valid, seed, rate)

        network, chosen = self._rates.best(task, seed, train_with, score)
        self._network = network
        self.choices |= chosen

    def _train(
        self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int, rate: float
    ) -> tuple[Network, dict[str, Any]]:
        """AdamW at a constant rate; the best epoch, and which it is."""
        with seeded(seed):
            network = Network(max(1, len(task.classes)), pooled=task.type in ("classification", "regression"))
        self._network = network
        optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
        rng, best = np.random.default_rng(seed), -np.inf
        chosen: dict[str, Any] = {"epoch": 0}
        kept = copy.deepcopy(network.state_dict())
        for epoch in range(1, self._budget.epochs + 1):
            self._pass(task, network, optimizer, train, rng)
            score = validate(self, task, valid)
            if sign_of(task) * score > best:
                best, chosen = sign_of(task) * score, {"epoch": epoch, "valid": score}
                kept = copy.deepcopy(network.state_dict())
            if epoch - chosen["epoch"] >= self._budget.patience:
                break
        if best == -np.inf:
            raise RunError(f"{task.full_name}: {task.metrics[0]} on validation is no number in any epoch")
        network.load_state_dict(kept)
        return network, chosen

    def _pass(
        self,
        task: Task,
        network: Network,
        optimizer: torch.optim.Optimizer,
        train: Sequence[Example],
        rng: np.random.Generator,
    ) -> None:
        """One pass over train, in random order."""
        order, size = rng.permutation(len(train)), self._budget.batch_size
        for start in range(0, len(train), size):
            batch = [train[i] for i in order[start : start + size]]
            optimizer.zero_grad()
            loss = loss_of(task, network(*encode([example.sequence for example in batch])), batch)
            if not torch.isfinite(loss):
                raise RunError(f"{task.full_name}: the loss is not finite; lower learning_rate")
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """Logits or values; `fit` comes first."""
        if self._network is None:
            raise RuntimeError("fit() first")
        answers: list[Any] = []
        with torch.inference_mode():
            for start in range(0, len(sequences), self._budget.batch_size):
                batch = sequences[start : start + self._budget.batch_size]
                output = self._network(*encode(batch)).double().numpy()
                answers += [_answer(task, sequence, row) for sequence, row in zip(batch, output, strict=True)]
        return answers


def _answer(task: Task, sequence: str, row: npt.NDArray[np.float64]) -> Any:
    """What a metric reads, of one row of the output."""
    if task.type == "structure":
        return structure_of(sequence, row[: len(sequence)])
    return row if row.ndim == 1 else row[: len(sequence)]


def encode(sequences: Sequence[str]) -> tuple[Tensor, Tensor]:
    """One-hot letters, zeros for N and padding, and where there are letters. (B, 4, L), (B, L)"""
    longest = max(len(sequence) for sequence in sequences)
    table = np.zeros((len(sequences), len(LETTERS), longest), dtype=np.float32)
    present = np.zeros((len(sequences), longest), dtype=np.float32)
    for row, sequence in enumerate(sequences):
        letters = np.frombuffer(sequence.encode(), dtype=np.uint8)
        for number, letter in enumerate(LETTERS):
            table[row, number, : len(sequence)] = letters == ord(letter)
        present[row, : len(sequence)] = 1
    return torch.from_numpy(table), torch.from_numpy(present)


def loss_of(task: Task, output: Tensor, batch: Sequence[Example]) -> Tensor:
    """Cross-entropy of logits, or the mean squared error, over the labelled positions."""
    if task.type == "regression":
        wanted = torch.tensor(np.array([example.label for example in batch]), dtype=torch.float32)
        return functional.mse_loss(output, wanted)
    if task.type == "classification":
        return functional.cross_entropy(output, torch.tensor([example.label for example in batch]))
    rows = [output[i, : len(example.label)] for i, example in enumerate(batch)]
    given = [labels_of(example.label) if task.type == "structure" else example.label for example in batch]
    labels = torch.from_numpy(np.concatenate(given))
    if task.type == "degradation":
        return functional.mse_loss(torch.cat(rows), labels.float())
    # A batch without any mutation has nothing to repair: its loss is 0, not nan.
    total = functional.cross_entropy(torch.cat(rows), labels, ignore_index=-1, reduction="sum")
    return total / (labels >= 0).sum().clamp(min=1)
