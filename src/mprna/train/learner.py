"""The protocol between the training loop and what it trains, for pretraining and for fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from mprna.objectives.objective import LossSum


class AnyBatch(Protocol):
    """A padded batch; the loop itself looks at nothing else."""

    @property
    def attention_mask(self) -> Tensor:
        """True on real tokens. *Shape:* (B, T)"""


Batch = TypeVar("Batch", bound=AnyBatch, contravariant=True)


class Learner(Protocol[Batch]):
    """A model with its losses, its validation data and its way to the disk."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each loss, by name."""

    def losses(self, batch: Batch) -> dict[str, LossSum]:
        """Losses by name, at least one, with a gradient; others that score nothing here may be left out."""

    def evaluate(self) -> dict[str, float]:
        """Metrics on the validation data, of a model in evaluation mode; nothing where there are none."""

    @property
    def best_metric(self) -> tuple[str, int]:
        """Of `evaluate`: what chooses the best checkpoint, and 1 where more is better, else -1."""

    def is_done(self, history: list[dict[str, float]]) -> bool:
        """Whether to stop early, after an evaluation.

        Args:
            history: metrics of all evaluations so far, with `step`.
        """

    def save(self, directory: Path) -> None:
        """Write the model in float32. All processes call it, the first one writes."""

    def load(self, directory: Path) -> dict[str, Tensor]:
        """The state dict that `save` wrote.

        Raises:
            ModelError: missing or damaged files.
        """


AnyLearner = Learner[Any]
