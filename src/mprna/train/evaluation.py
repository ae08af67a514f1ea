"""Losses and accuracies on fixed validation slices, beside what trivial guesses reach there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from mprna.model.network import MprnaModel
from mprna.objectives.mixture import ObjectiveConfig, compute_losses
from mprna.objectives.objective import IGNORE, Batch

LABELS: dict[str, Callable[[Batch], Tensor]] = {
    "masked_lm": lambda batch: batch.token_labels,
    "mutation_repair": lambda batch: batch.repair_labels,
    "secondary_structure": lambda batch: batch.structure_labels,
}


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


def unigram_baselines(batches: Iterable[Batch]) -> dict[str, float]:
    """Loss and accuracy of always predicting the label frequencies of these very batches.

    No predictor that ignores the input does better, so a model below it has learned from context.
    """
    counts: dict[str, Tensor] = {}
    for batch in batches:
        for name, labels_of in LABELS.items():
            labels = labels_of(batch)
            weights = batch.label_weights if name == "secondary_structure" else torch.ones(labels.shape)
            scored = labels != IGNORE
            counted = torch.bincount(labels[scored], weights[scored].double(), minlength=24)
            counts[name] = counts.get(name, torch.zeros_like(counted)) + counted
    baselines = {}
    for name, counted in counts.items():
        shares = counted[counted > 0] / counted.sum()
        baselines[f"{name}_loss"] = float(-(shares * shares.log()).sum())
        baselines[f"{name}_accuracy"] = float(shares.max())
    return baselines
