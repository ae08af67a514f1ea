"""The shapes that every objective shares: a training example, a padded batch and a loss.

Shape letters: B sequences, T tokens, H hidden width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mprna.alphabet import PAD_ID
from mprna.model.network import MprnaModel

IGNORE = -100
"""Label of a token that an objective does not score; PyTorch's own default."""


@dataclass(slots=True)
class Example:
    """One corrupted token stream and, per token, what each objective wants to see. *Shape:* (T,) each"""

    input_ids: npt.NDArray[np.int64]
    token_labels: npt.NDArray[np.int64]
    """Original ids of masked tokens."""
    repair_labels: npt.NDArray[np.int64]
    """Original bases (0-3 = A C G U) of substituted nucleotides."""
    structure_labels: npt.NDArray[np.int64]
    """0-2 = `( ) .`"""
    partner_labels: npt.NDArray[np.int64]
    """Token position of the partner; 0, the `<cls>` token, for unpaired nucleotides."""
    label_weights: npt.NDArray[np.float32]
    """Confidence of the structure annotation, 0-1, for the structure and partner labels."""


PADDING = {"input_ids": PAD_ID, "label_weights": 0.0}


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples padded to one length. *Shape:* (B, T) each"""

    input_ids: Tensor
    token_labels: Tensor
    repair_labels: Tensor
    structure_labels: Tensor
    partner_labels: Tensor
    label_weights: Tensor
    attention_mask: Tensor


def collate(examples: list[Example]) -> Batch:
    """Right-pad examples into a batch; padding is never scored."""
    lengths = np.array([len(example.input_ids) for example in examples])
    real = np.arange(lengths.max()) < lengths[:, None]
    columns = {}
    for field in fields(Example):
        rows = [getattr(example, field.name) for example in examples]
        padded = np.full(real.shape, PADDING.get(field.name, IGNORE), dtype=rows[0].dtype)
        padded[real] = np.concatenate(rows)
        columns[field.name] = torch.from_numpy(padded)
    return Batch(**columns, attention_mask=torch.from_numpy(real))


@dataclass(frozen=True, slots=True)
class LossSum:
    """A loss as a weighted sum (nats) over scored tokens, so that batches and ranks add up exactly."""

    total: Tensor
    weight: Tensor
    correct: Tensor
    """Weight of the scored tokens whose most probable class is the label."""

    @property
    def mean(self) -> Tensor:
        """Nats per scored token; 0 where nothing is scored."""
        return self.total / self.weight.clamp_min(1e-8)


@dataclass(frozen=True, slots=True)
class Objective:
    """A named loss over the hidden states of a batch."""

    name: str
    loss: Callable[[MprnaModel, Tensor, Batch], LossSum]


def cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor | None = None) -> LossSum:
    """Weighted cross-entropy of already selected tokens, in float32.

    Args:
        logits: *Shape:* (N, classes)
        labels: class of each token. *Shape:* (N,)
        weights: weight of each token; 1 where None. *Shape:* (N,)
    """
    losses = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
    weights = torch.ones_like(losses) if weights is None else weights
    correct = (logits.argmax(-1) == labels) * weights
    return LossSum((losses * weights).sum(), weights.sum(), correct.sum())
