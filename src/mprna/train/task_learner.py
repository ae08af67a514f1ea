"""A task of the user's own as the training loop sees it: losses, validation metrics, early stopping.

Shape letters: B sequences, P places (1 for sequence tasks, else T), C classes (T of pairs), K label columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mprna.errors import MissingDataError
from mprna.model.task import TaskNetwork
from mprna.model.task_config import TaskConfig
from mprna.objectives.objective import LossSum
from mprna.train.backbone import Backbone
from mprna.train.device import device_of, to_device
from mprna.train.distributed import rank
from mprna.train.evaluation import pair_f1s
from mprna.train.labels import Example
from mprna.train.task_batches import TaskBatch, pad
from mprna.train.task_metrics import classification_metrics, multilabel_metrics, regression_metrics
from mprna.train.tracker import best_step

LOWER_IS_BETTER = ("loss", "mse", "mcrmse")
"""Metrics for which less is better."""


@dataclass(frozen=True)
class TaskLearner:
    """A model for a task, its validation data, and when to stop: the `Learner` of fine-tuning."""

    backbone: Backbone
    model: TaskNetwork
    validation: list[Example]
    class_weights: Tensor | None
    """Weight of each class in the loss; None if all weigh 1. *Shape:* (C,)"""
    batch_size: int
    """Sequences per batch of an evaluation."""
    patience: int
    """Number of evaluations without a better one after which training ends."""
    choose_by: str | None
    """See `best_metric`."""

    @property
    def weights(self) -> dict[str, float]:
        return {"task": 1.0}

    def losses(self, batch: TaskBatch) -> dict[str, LossSum]:
        outputs = self.model(batch.input_ids, batch.attention_mask)
        return {"task": task_loss(outputs, batch.targets, self.model.task, self.class_weights)}

    def evaluate(self) -> dict[str, float]:
        return evaluate(self.model, self.validation, self.batch_size)

    @property
    def best_metric(self) -> tuple[str, int]:
        return best_metric(self.model.task, self.choose_by)

    def is_done(self, history: list[dict[str, float]]) -> bool:
        """Stops after `patience` evaluations without a better one.

        Raises:
            MissingDataError: a metric that is not defined on these validation rows.
        """
        name, _ = self.best_metric
        if history and name not in history[-1]:
            raise MissingDataError(
                f"{name} is not defined on these validation rows; known are {', '.join(history[-1])}"
            )
        best = best_step(history, self.best_metric)
        stale = [row for row in history if best is not None and row["step"] > best]
        return len(stale) >= self.patience

    def save(self, directory: Path) -> None:
        if rank() == 0:
            self.backbone.save(self.model, directory)

    def load(self, directory: Path) -> dict[str, Tensor]:
        return self.backbone.load(directory).state_dict()


def best_metric(task: TaskConfig, choose_by: str | None = None) -> tuple[str, int]:
    """The metric of early stopping, and 1 if more of it is better, else -1."""
    name = choose_by or _usual_metric(task)
    return name, -1 if name in LOWER_IS_BETTER else 1


def _usual_metric(task: TaskConfig) -> str:
    if task.is_pairing:
        return "pair_f1"
    if task.is_multilabel:
        return "auc"
    return "macro_f1" if task.is_classification else "mcrmse"


def task_loss(outputs: Tensor, targets: Tensor, task: TaskConfig, class_weights: Tensor | None) -> LossSum:
    """Cross-entropy, or the squared error in units of each number's scale, over what has a label.

    Class weights have a mean of 1 over the training data; the mean of a batch is over its places, not over
    their weights, which would cancel in a batch of one class.

    *Shape:* (B, P, C), (B, P, K), (C,)
    """
    scored = ~targets.isnan()
    if task.is_classification:
        logits, labels = outputs[scored[..., 0]].float(), targets[scored].long()
        losses = functional.cross_entropy(logits, labels, reduction="none")
        weights = torch.ones_like(losses) if class_weights is None else class_weights[labels]
        correct = ((logits.argmax(-1) == labels) * weights).sum()
        return LossSum((losses * weights).sum(), scored.sum(), correct)
    if task.is_multilabel:
        logits, labels = outputs[scored].float(), targets[scored]
        loss = functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
        return LossSum(loss, scored.sum(), ((logits > 0) == (labels > 0)).sum())
    offsets = torch.tensor(task.offsets, device=targets.device)
    scales = torch.tensor(task.scales, device=targets.device)
    errors = (outputs.float() - (targets - offsets) / scales)[scored]
    return LossSum(errors.square().sum(), scored.sum(), torch.zeros((), device=targets.device))


def evaluate(model: TaskNetwork, data: Sequence[Example], batch_size: int) -> dict[str, float]:
    """`loss` and the metrics of the task, over all places with a label; `pair_f1` is the sequences' mean."""
    task, device = model.task, device_of(model)
    outputs, targets, losses, f1s = [], [], [], []
    order = sorted(range(len(data)), key=lambda i: len(data[i].input_ids))
    for start in range(0, len(order), batch_size):
        batch = to_device(pad([data[i] for i in order[start : start + batch_size]], task), device)
        predicted = model(batch.input_ids, batch.attention_mask).float()
        losses.append(task_loss(predicted, batch.targets, task, None))
        if task.is_pairing:
            partners = batch.targets[..., 0].nan_to_num().long()
            f1s += pair_f1s(batch.input_ids, batch.attention_mask, partners, predicted)
            continue
        scored = ~batch.targets.isnan().all(-1)
        outputs.append(predicted[scored].cpu().numpy())
        targets.append(batch.targets[scored].cpu().numpy())
    total = sum(float(loss.total) for loss in losses) / sum(float(loss.weight) for loss in losses)
    if task.is_pairing:
        return {"loss": total, "pair_f1": float(np.mean(f1s))}
    found, true = np.concatenate(outputs), np.concatenate(targets)
    if task.is_classification:
        return {"loss": total} | classification_metrics(found, true[:, 0].astype(np.int64))
    if task.is_multilabel:
        return {"loss": total} | multilabel_metrics(found, true)
    return {"loss": total} | regression_metrics(found * np.array(task.scales) + np.array(task.offsets), true)


def class_weights(data: Sequence[Example], num_classes: int) -> Tensor:
    """Weights that give every class the same total, with a mean over all places of 1. *Shape:* (C,)"""
    labels = np.concatenate([example.targets[:, 0] for example in data])
    counts = np.bincount(labels[~np.isnan(labels)].astype(np.int64), minlength=num_classes)
    return torch.from_numpy((counts.sum() / (len(counts) * counts)).astype(np.float32))
