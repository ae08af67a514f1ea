"""Losses and accuracies on fixed validation slices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import torch

from mprna.model.network import MprnaModel
from mprna.objectives.mixture import ObjectiveConfig, compute_losses
from mprna.objectives.objective import Batch


@torch.no_grad()
def evaluate(model: MprnaModel, batches: Iterable[Batch], config: ObjectiveConfig) -> dict[str, float]:
    """`<objective>_loss` (nats per scored token) and `<objective>_accuracy`, over all batches."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for batch in batches:
        hidden = model.encode(batch.input_ids, batch.attention_mask)
        for name, loss in compute_losses(model, hidden, batch, config).items():
            parts = (loss.total, loss.weight, loss.correct)
            sums[name] = [a + float(b) for a, b in zip(sums[name], parts, strict=True)]
    metrics = {f"{name}_loss": total / weight for name, (total, weight, _) in sums.items()}
    return metrics | {f"{name}_accuracy": correct / weight for name, (_, weight, correct) in sums.items()}
