"""Fine-tuning on a task of the user's own, by the loop of pretraining.

RUN/  config.json  metrics.jsonl  checkpoints/step-…/  model/   (the best model, with its card)
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mprna.errors import DataError, UsageError
from mprna.io.labelled import LabelledRow
from mprna.model.checkpoint import load_checkpoint, read_json, write_json
from mprna.model.network import MprnaModel
from mprna.model.task import TaskConfig, TaskModel
from mprna.model.task_checkpoint import load_task_model, save_task_model
from mprna.objectives.objective import LossSum
from mprna.tokenizer import Tokenizer
from mprna.train.config import LoopConfig
from mprna.train.distributed import barrier, processes, rank, world_size
from mprna.train.labels import Example, class_names, examples
from mprna.train.loop import train
from mprna.train.state import checkpoint_dir
from mprna.train.task_metrics import classification_metrics, regression_metrics
from mprna.train.tracker import best_step, read_validation

FORMAT = {"format": "mprna-finetune-run", "version": 1}

MODES = ("full", "head", "lora")
LOWER_IS_BETTER = ("loss", "mse", "mcrmse")
BUCKET_BATCHES = 16
"""Batches among which sequences are sorted by length, so that little is padded."""


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Everything that decides the outcome, but for the data and the model."""

    task: str
    """One of `mprna.model.task.TASKS`."""
    mode: str = "full"
    """`full`: all weights are trained; `head`: the head alone; `lora`: the head and low-rank updates."""
    pooling: str = "mean"
    """For sequence tasks: `mean` of the nucleotides' vectors, or the vector of `cls`."""
    epochs: int = 10
    """Passes over the training data, at most."""
    batch_size: int = 32
    """Sequences per batch."""
    learning_rate: float = 1e-4
    """Peak of the schedule."""
    balance_classes: bool = False
    """Whether every class weighs the same in the loss, however rare it is."""
    patience: int = 3
    """Epochs without a better validation metric after which training ends."""
    choose_by: str | None = None
    """Validation metric that is better; `macro_f1` of classes and `mcrmse` of numbers where None."""
    lora_rank: int = 8
    """Of the updates in mode `lora`."""
    accumulate_batches: int = 1
    """Batches whose gradients are averaged in one optimizer step, over all processes together."""
    bfloat16: bool = False
    """Run matrix products in bfloat16 (autocast); weights and optimizer stay in float32."""
    seed: int = 45
    """Of the head and the order of the data."""


TAKEN: Final = ("name", "error")
"""Columns of predictions that are no predicted numbers."""


@dataclass(frozen=True, slots=True)
class TaskBatch:
    input_ids: Tensor
    """*Shape:* (B, T)"""
    attention_mask: Tensor
    """True on real tokens. *Shape:* (B, T)"""
    targets: Tensor
    """NaN where nothing is scored, `<cls>`, `<eos>` and padding included. *Shape:* (B, P, K)"""


def finetune(
    config: FinetuneConfig,
    model_dir: Path,
    train_rows: Sequence[LabelledRow],
    validation_rows: Sequence[LabelledRow],
    run_dir: Path,
    *,
    label_names: Sequence[str] = ("label",),
    resume: bool = False,
    num_threads: int | None = None,
    tensorboard: bool = False,
) -> Path | None:
    """Train, keep the model that is best on the validation rows, and write it with its card.

    Args:
        model_dir: the pretrained model, with an encoder.
        label_names: of the predicted numbers, in the order of the rows' labels.
        num_threads: of torch, for the whole process.
        tensorboard: whether to write `RUN/tensorboard` beside `metrics.jsonl`.

    Returns:
        `RUN/model`; None where SIGTERM came first, and in all processes but the first.

    Raises:
        FormatError: a row that does not fit the task or the model.
        UsageError: the run exists and `resume` is off, or it was made from other settings or data.
    """
    if config.mode not in MODES:
        raise UsageError(f"mode {config.mode!r}; expected one of {', '.join(MODES)}")
    if config.task.endswith("classification") and len(label_names) != 1:
        raise UsageError(f"{len(label_names)} label columns; {config.task} has one")
    if config.task.endswith("regression") and len({*label_names, *TAKEN}) < len(label_names) + len(TAKEN):
        names = ", ".join(label_names)
        raise UsageError(f"label columns {names}: expected names that differ, none of {', '.join(TAKEN)}")
    if num_threads is not None:
        torch.set_num_threads(num_threads)
    pretrained = load_checkpoint(model_dir)
    task = _task(config, train_rows, label_names)
    max_length = pretrained.config.max_length
    data = examples(train_rows, task, max_length=max_length)
    learner = Finetuning(
        model=_initial_model(pretrained, task, config),
        config=config,
        validation=examples(validation_rows, task, max_length=max_length),
        class_weights=class_weights(data, task, config),
    )
    loop = loop_config(config, len(data))
    with processes():
        if rank() == 0:
            _claim(run_dir, _settings(config, model_dir, train_rows, validation_rows), resume=resume)
        barrier()

        def batches_from(start: int) -> Iterator[TaskBatch]:
            return _batches_from(data, task, config, start + rank(), world_size())

        complete = train(learner, batches_from, config=loop, run_dir=run_dir, tensorboard=tensorboard)
        if not complete or rank() > 0:
            return None
    return _write_model(learner, run_dir, num_training=len(data))


@dataclass(frozen=True)
class Finetuning:
    """A task, as the loop asks for it."""

    model: TaskModel
    config: FinetuneConfig
    validation: list[Example]
    class_weights: Tensor | None

    @property
    def weights(self) -> dict[str, float]:
        return {"task": 1.0}

    def losses(self, batch: TaskBatch) -> dict[str, LossSum]:
        outputs = self.model(batch.input_ids, batch.attention_mask)
        return {"task": task_loss(outputs, batch.targets, self.model.task, self.class_weights)}

    def evaluate(self) -> dict[str, float]:
        return evaluate(self.model, self.validation, self.config.batch_size)

    @property
    def best_metric(self) -> tuple[str, int]:
        return best_metric(self.model.task, self.config.choose_by)

    def is_done(self, history: list[dict[str, float]]) -> bool:
        """Stops after `patience` evaluations without a better one.

        Raises:
            DataError: a metric that is not defined on these validation rows.
        """
        name, _ = self.best_metric
        if history and name not in history[-1]:
            raise DataError(
                f"{name} is not defined on these validation rows; known are {', '.join(history[-1])}"
            )
        best = best_step(history, self.best_metric)
        stale = [row for row in history if best is not None and row["step"] > best]
        return len(stale) >= self.config.patience

    def save(self, directory: Path) -> None:
        save_task_model(self.model, directory)

    def load(self, directory: Path) -> dict[str, Tensor]:
        return load_task_model(directory).state_dict()


def best_metric(task: TaskConfig, choose_by: str | None = None) -> tuple[str, int]:
    """What early stopping looks at, and 1 where more is better, else -1."""
    name = choose_by or ("macro_f1" if task.is_classification else "mcrmse")
    return name, -1 if name in LOWER_IS_BETTER else 1


def task_loss(outputs: Tensor, targets: Tensor, task: TaskConfig, class_weights: Tensor | None) -> LossSum:
    """Cross-entropy, or the squared error in units of each number's scale, over the scored places.

    *Shape:* (B, P, C), (B, P, K), (C,)
    """
    scored = ~targets.isnan()
    if task.is_classification:
        logits, labels = outputs[scored[..., 0]].float(), targets[scored].long()
        losses = functional.cross_entropy(logits, labels, reduction="none")
        weights = torch.ones_like(losses) if class_weights is None else class_weights[labels]
        correct = ((logits.argmax(-1) == labels) * weights).sum()
        return LossSum((losses * weights).sum(), weights.sum(), correct)
    offsets, scales = torch.tensor(task.offsets), torch.tensor(task.scales)
    errors = (outputs.float() - (targets - offsets) / scales)[scored]
    return LossSum(errors.square().sum(), scored.sum(), torch.zeros(()))


def evaluate(model: TaskModel, data: Sequence[Example], batch_size: int) -> dict[str, float]:
    """`loss` and the metrics of the task, over all scored places."""
    task, outputs, targets, losses = model.task, [], [], []
    order = sorted(range(len(data)), key=lambda i: len(data[i].input_ids))
    for start in range(0, len(order), batch_size):
        batch = pad([data[i] for i in order[start : start + batch_size]], task)
        predicted = model(batch.input_ids, batch.attention_mask).float()
        losses.append(task_loss(predicted, batch.targets, task, None))
        scored = ~batch.targets.isnan().all(-1)
        outputs.append(predicted[scored].numpy())
        targets.append(batch.targets[scored].numpy())
    total = sum(float(loss.total) for loss in losses) / sum(float(loss.weight) for loss in losses)
    found, true = np.concatenate(outputs), np.concatenate(targets)
    if task.is_classification:
        return {"loss": total} | classification_metrics(found, true[:, 0].astype(np.int64))
    return {"loss": total} | regression_metrics(found * np.array(task.scales) + np.array(task.offsets), true)


def pad(data: Sequence[Example], task: TaskConfig) -> TaskBatch:
    """Examples of any lengths as one batch."""
    input_ids, attention_mask = Tokenizer.pad([example.input_ids for example in data])
    places = input_ids.shape[1] if task.per_token else 1
    targets = np.full((len(data), places, data[0].targets.shape[1]), np.nan, np.float32)
    first = int(task.per_token)  # behind <cls>
    for row, example in enumerate(data):
        targets[row, first : first + len(example.targets)] = example.targets
    return TaskBatch(*(torch.from_numpy(array) for array in (input_ids, attention_mask, targets)))


def class_weights(data: Sequence[Example], task: TaskConfig, config: FinetuneConfig) -> Tensor | None:
    """Such that every class has the same total, and the mean over all places is 1. *Shape:* (C,)"""
    if not (config.balance_classes and task.is_classification):
        return None
    labels = np.concatenate([example.targets[:, 0] for example in data])
    counts = np.bincount(labels[~np.isnan(labels)].astype(np.int64), minlength=len(task.labels))
    return torch.from_numpy((counts.sum() / (len(counts) * counts)).astype(np.float32))


def loop_config(config: FinetuneConfig, num_examples: int) -> LoopConfig:
    """Steps from epochs; evaluations and checkpoints once per epoch, a tenth of all steps to warm up."""
    batches = -(-num_examples // config.batch_size)
    per_epoch = -(-batches // config.accumulate_batches)
    return LoopConfig(
        num_steps=config.epochs * per_epoch,
        learning_rate=config.learning_rate,
        warmup_steps=max(1, config.epochs * per_epoch // 10),
        accumulate_batches=config.accumulate_batches,
        bfloat16=config.bfloat16,
        evaluate_every=per_epoch,
        save_every=per_epoch,
    )


def _batches_from(
    data: list[Example], task: TaskConfig, config: FinetuneConfig, start: int, step: int
) -> Iterator[TaskBatch]:
    """Every `step`-th batch from `start` on, without end; the seed and the place decide what is in it."""
    per_epoch = -(-len(data) // config.batch_size)
    number, epoch = start, -1
    while True:
        if number // per_epoch != epoch:
            epoch = number // per_epoch
            parts = _epoch(data, config, epoch)
        yield pad([data[i] for i in parts[number % per_epoch]], task)
        number += step


def _epoch(data: list[Example], config: FinetuneConfig, epoch: int) -> list[list[int]]:
    """Indices of each batch: shuffled, then sorted by length within buckets, then batches shuffled."""
    rng = np.random.default_rng((config.seed, 1 + epoch))
    order = rng.permutation(len(data)).tolist()
    bucket = BUCKET_BATCHES * config.batch_size
    for start in range(0, len(order), bucket):
        order[start : start + bucket] = sorted(
            order[start : start + bucket], key=lambda i: len(data[i].input_ids)
        )
    parts = [order[i : i + config.batch_size] for i in range(0, len(order), config.batch_size)]
    return [parts[i] for i in rng.permutation(len(parts))]


def _task(config: FinetuneConfig, rows: Sequence[LabelledRow], label_names: Sequence[str]) -> TaskConfig:
    """Classes, or the mean and standard deviation of every number, from the training data."""
    if config.task.endswith("classification"):
        labels = class_names(rows, config.task)
        return TaskConfig(task=config.task, labels=labels, pooling=config.pooling)
    task = TaskConfig(task=config.task, labels=tuple(label_names), pooling=config.pooling)
    longest = max(len(row.sequence) for row in rows)
    values = np.concatenate([e.targets for e in examples(rows, task, max_length=longest)]).astype(np.float64)
    if np.isnan(values).all(0).any():
        raise DataError(f"{rows[0].path}: a label column without any number")
    scales = np.nanstd(values, axis=0)
    return dataclasses.replace(
        task,
        offsets=tuple(np.nanmean(values, axis=0).tolist()),
        scales=tuple(np.where(scales > 0, scales, 1.0).tolist()),
    )


def _initial_model(pretrained: MprnaModel, task: TaskConfig, config: FinetuneConfig) -> TaskModel:
    lora_rank = config.lora_rank if config.mode == "lora" else 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = TaskModel(pretrained.config, task)
        model.encoder.load_state_dict(pretrained.encoder.state_dict())
        if lora_rank:
            model = model.with_lora(lora_rank)
    if config.mode == "head":
        model.encoder.requires_grad_(False)
    return model


def _settings(
    config: FinetuneConfig,
    model_dir: Path,
    train_rows: Sequence[LabelledRow],
    validation_rows: Sequence[LabelledRow],
) -> dict[str, Any]:
    """What a resumed run must have in common; rows and weights by their SHA-256."""
    rows = [[(row.sequence, row.labels) for row in part] for part in (train_rows, validation_rows)]
    return {
        "finetune": {name: value for name, value in dataclasses.asdict(config).items() if value is not None},
        "data_sha256": hashlib.sha256(repr(rows).encode()).hexdigest(),
        "model_sha256": hashlib.sha256((model_dir / "model.safetensors").read_bytes()).hexdigest(),
    }


def _claim(run_dir: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path = run_dir / "config.json"
    if path.exists():
        if not resume:
            raise UsageError(f"{run_dir} holds a run already; add --resume, or choose another --out")
        if read_json(path) != FORMAT | settings:
            raise UsageError(f"{path} was written with other settings, data or weights; choose another --out")
    run_dir.mkdir(parents=True, exist_ok=True)
    write_json(FORMAT | settings, path)


def _write_model(learner: Finetuning, run_dir: Path, *, num_training: int) -> Path:
    """`RUN/model`: the best model, its low-rank updates merged, and the card with its metrics."""
    step = best_step(read_validation(run_dir), learner.best_metric)
    assert step is not None  # a complete run has been evaluated
    model = load_task_model(checkpoint_dir(run_dir, step)).merged().eval()
    with torch.no_grad():
        metrics = evaluate(model, learner.validation, learner.config.batch_size)
    save_task_model(model, run_dir / "model")
    config, num = learner.config, len(learner.validation)
    lines = [
        f"# A model for {config.task}",
        "",
        f"Predicts {', '.join(model.task.labels)}. Fine-tuned by `mprna finetune` on {num_training}",
        f"sequences ({config.mode}, seed {config.seed}, at most {config.epochs} epochs). The model of",
        f"step {step} was best on {num} validation sequences, which also chose it: expect less on others.",
        "",
        "| metric, validation data | |",
        "|---|---|",
        *(f"| {name} | {value:.4f} |" for name, value in metrics.items()),
    ]
    (run_dir / "model" / "README.md").write_text("\n".join(lines) + "\n")
    return run_dir / "model"
