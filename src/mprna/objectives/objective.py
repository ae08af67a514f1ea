"""The shapes that every objective shares: a padded batch and a loss.

Shape letters: B sequences, T tokens, H hidden width, P pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mprna.model.network import MprnaModel

IGNORE = -100
"""Label of a token that an objective does not score; PyTorch's own default."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Corrupted token streams of one length and, per token, what each objective wants to see.

    Labels are `IGNORE` where nothing is scored, padding included. *Shape:* (B, T) where nothing else is said
    """

    input_ids: Tensor
    token_labels: Tensor
    """Original ids of masked tokens."""
    repair_labels: Tensor
    """Original bases (0-3 = A C G U) of substituted nucleotides."""
    structure_labels: Tensor
    """0-2 = `( ) .`"""
    partner_labels: Tensor
    """Token position of the partner; 0, the `<cls>` token, for unpaired nucleotides."""
    label_weights: Tensor
    """Confidence of the structure annotation, 0-1, for the structure and partner labels, or 1 throughout."""
    attention_mask: Tensor
    """True on real tokens."""
    is_ensemble: Tensor
    """Rows whose partners are to be those of an ensemble. *Shape:* (B,)"""
    pair_places: Tensor
    """Row and both token positions of the ensembles' pairs. *Shape:* (P, 3)"""
    pair_probs: Tensor
    """Their probabilities. *Shape:* (P,)"""


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
        labels: class of each token, *Shape:* (N,), or probabilities of the classes, *Shape:* (N, classes)
        weights: weight of each token; 1 where None. *Shape:* (N,)
    """
    losses = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
    weights = torch.ones_like(losses) if weights is None else weights
    likeliest = labels if labels.dim() == 1 else labels.argmax(-1)
    correct = (logits.argmax(-1) == likeliest) * weights
    return LossSum((losses * weights).sum(), weights.sum(), correct.sum())
