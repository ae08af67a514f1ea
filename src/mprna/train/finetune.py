"""Fine-tuning on a task of the user's own, with the same loop as pretraining.

RUN/  config.json  metrics.jsonl  checkpoints/step-…/  model/   (the best model, with its card)
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from mprna.errors import MissingDataError, ModelError, UsageError
from mprna.files import write_json, write_text
from mprna.io.labelled import LabelledRow
from mprna.model.layout import CARD_FILE, CONFIG_FILE
from mprna.model.task import TaskNetwork
from mprna.model.task_config import MULTILABEL, PAIR_PREDICTION, PAIR_TASK, POOLINGS, TASKS, TaskConfig
from mprna.ranges import check_ranges
from mprna.train.backbone import Backbone, Checkpoint
from mprna.train.config import LoopConfig
from mprna.train.device import device_of, find_device, seeded, set_up_cpu
from mprna.train.distributed import barrier, processes, rank, share_of, world_size
from mprna.train.labels import Example, class_names, examples
from mprna.train.loop import train
from mprna.train.state import checkpoint_dir, earlier_config, sole_training
from mprna.train.task_batches import TaskBatch, batches_from
from mprna.train.task_learner import TaskLearner, best_metric, class_weights, evaluate
from mprna.train.tracker import METRICS_FILE, best_step, read_validation

FORMAT = {"format": "mprna-finetune-run", "version": 1}

SMALLEST_SPREAD: Final = 1e-4
"""Of numbers, as a share of their mean: float32 keeps three digits of their differences then."""

Floats = npt.NDArray[np.floating]

MODES: Final = ("full", "head", "lora")

_COUNT: Final = (1, 1e9)
_RANGES: Final = {
    "epochs": _COUNT,
    "batch_size": _COUNT,
    "learning_rate": (0.0, 1e3),
    "patience": _COUNT,
    "lora_rank": (1, 1_024),
    "accumulate_batches": _COUNT,
    "seed": (0, 2**32 - 1),
}


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Everything that decides the outcome, except for the data and the pretrained model."""

    task: str
    """One of `mprna.model.task_config.TASKS`."""
    mode: str = "full"
    """`full`: all weights are trained; `head`: the head alone; `lora`: the head and low-rank updates."""
    pooling: str = "mean_max"
    """For sequence tasks: one of `mprna.model.task_config.POOLINGS`."""
    epochs: int = 10
    """Passes over the training data, at most."""
    batch_size: int = 32
    """Sequences per batch."""
    learning_rate: float = 3e-4
    """Peak of the schedule."""
    balance_classes: bool = False
    """Whether every class weighs the same in the loss, however rare it is."""
    patience: int = 3
    """Epochs without a better validation metric after which training ends."""
    choose_by: str | None = None
    """Validation metric that chooses the best model; None is `macro_f1` for classes, `auc` for labels that
    do not exclude each other, `mcrmse` for numbers, `pair_f1` for pairs."""
    lora_rank: int = 8
    """Rank of the updates in mode `lora`."""
    accumulate_batches: int = 1
    """Batches whose gradients are averaged in one optimizer step, over all processes together."""
    bfloat16: bool = False
    """Run matrix products in bfloat16 (autocast); weights and optimizer stay in float32."""
    seed: int = 45
    """Decides the initial weights of the head and the order of the data."""

    def __post_init__(self) -> None:
        check_ranges(self, _RANGES)
        for name, known in (("task", TASKS), ("mode", MODES), ("pooling", POOLINGS)):
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"{name} {value!r}; expected one of {', '.join(known)}")
        if self.balance_classes and not self.task.endswith("classification"):
            raise UsageError(f"balance_classes: {self.task} has no classes; leave it out")


RESERVED: Final = ("name", "error")
"""Columns of a prediction that the predicted numbers stand beside, so that no label may have their names."""


def finetune(
    config: FinetuneConfig,
    pretrained: Path | Backbone,
    train_rows: Sequence[LabelledRow],
    validation_rows: Sequence[LabelledRow],
    run_dir: Path,
    *,
    label_names: Sequence[str] = ("label",),
    resume: bool = False,
    device: str | None = None,
    num_threads: int | None = None,
    tensorboard: bool = False,
) -> Path | None:
    """Train, and write the model that was best on the validation rows, with its model card.

    Args:
        pretrained: a model directory with an encoder, or another backbone.
        label_names: what the predicted numbers are called, in the order of the labels of a row.
        device: as torch names it; None is a GPU if there is one.
        num_threads: CPU threads of torch, for the whole process.
        tensorboard: whether to write `RUN/tensorboard` beside `metrics.jsonl`.

    Returns:
        `RUN/model`; None where SIGTERM ended the run early, and in all processes but the first.

    Raises:
        FormatError: a row that does not fit the task or the model.
        UsageError: the run exists and `resume` is off, it was made from other settings or data, or another
            process trains it; the processes cannot share `accumulate_batches`; or there is no such device.
        MissingDataError: a label column in which nothing is known, or nothing to choose the best model by.
    """
    _check_labels(config, label_names)
    set_up_cpu(num_threads)
    place = find_device(device)
    backbone = Checkpoint(pretrained) if isinstance(pretrained, Path) else pretrained
    task = _task(config, train_rows, label_names)
    data, validation = (
        examples(rows, task, max_length=backbone.max_length) for rows in (train_rows, validation_rows)
    )
    targets = np.concatenate([example.targets for example in validation])
    _check_targets(targets, task, validation_rows)
    if task.is_multilabel and best_metric(task, config.choose_by)[0] == "auc":
        _check_contested(targets, validation_rows)
    model = _initial_model(backbone, task, config).to(place)
    learner = _learner(backbone, model, data, validation, config)
    loop = loop_config(config, len(data))
    with processes(place):
        share_of(config.accumulate_batches)  # refused now, before the run is claimed with this config
        with sole_training(run_dir):
            if rank() == 0:
                _claim(run_dir, _settings(config, backbone, train_rows, validation_rows), resume=resume)
            barrier()
            own_batches = partial(_own_batches, data, task, config)
            complete = train(learner, own_batches, config=loop, run_dir=run_dir, tensorboard=tensorboard)
            if not complete or rank() > 0:
                return None
    return _write_model(learner, config, run_dir, num_training=len(data))


def _check_labels(config: FinetuneConfig, label_names: Sequence[str]) -> None:
    takes_several = config.task.endswith("regression") or config.task == MULTILABEL
    if not takes_several and len(label_names) != 1:
        raise UsageError(
            f"{len(label_names)} label columns; {config.task} has one (a regression and {MULTILABEL} take "
            "several)"
        )
    columns = [*label_names, *RESERVED]
    if takes_several and len(set(columns)) < len(columns):
        names = ", ".join(label_names)
        raise UsageError(f"label columns {names}: expected names that differ, none of {', '.join(RESERVED)}")


def _own_batches(
    data: list[Example], task: TaskConfig, config: FinetuneConfig, start: int
) -> Iterator[TaskBatch]:
    """This process's share of the batches, when all processes together have used `start` of them."""
    size, seed = config.batch_size, config.seed
    return batches_from(data, task, batch_size=size, seed=seed, start=start + rank(), step=world_size())


def loop_config(config: FinetuneConfig, num_examples: int) -> LoopConfig:
    """Epochs as steps: an evaluation and a checkpoint per epoch, and a tenth of all steps for the warm-up."""
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


def _task(config: FinetuneConfig, rows: Sequence[LabelledRow], label_names: Sequence[str]) -> TaskConfig:
    """Classes, or the mean and standard deviation of every number, from the training data; or pairs."""
    if config.task == PAIR_PREDICTION:
        return PAIR_TASK
    if config.task.endswith("classification"):
        labels = class_names(rows, config.task)
        return TaskConfig(task=config.task, labels=labels, pooling=config.pooling)
    task = TaskConfig(task=config.task, labels=tuple(label_names), pooling=config.pooling)
    longest = max(len(row.sequence) for row in rows)
    values = np.concatenate([example.targets for example in examples(rows, task, max_length=longest)])
    _check_targets(values, task, rows)
    if task.is_multilabel:
        return task
    offsets, scales = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    _check_spread(offsets, scales, task, rows)
    return dataclasses.replace(
        task, offsets=tuple(offsets.tolist()), scales=tuple(np.where(scales > 0, scales, 1.0).tolist())
    )


def _check_spread(offsets: Floats, scales: Floats, task: TaskConfig, rows: Sequence[LabelledRow]) -> None:
    """Numbers are float32 where they are learned, which rounds small differences of large ones away."""
    rounded = (scales > 0) & (scales < SMALLEST_SPREAD * np.abs(offsets))
    if rounded.any():
        number = int(rounded.argmax())
        raise MissingDataError(
            f"{rows[0].path}: {task.labels[number]} differs by {scales[number]:.3g} around "
            f"{offsets[number]:.6g}, too little for float32; subtract a constant from it"
        )


def _check_targets(values: Floats, task: TaskConfig, rows: Sequence[LabelledRow]) -> None:
    """Every label column must say something, or nothing can be learned from it or chosen by it."""
    empty = np.isnan(values).all(0)
    if empty.any() and task.is_classification:
        raise MissingDataError(f"{rows[0].path}: a label column without any class")
    if empty.any():
        name = task.labels[int(empty.argmax())]
        raise MissingDataError(f"{rows[0].path}: a label column without any number: {name}")


def _check_contested(labels: Floats, rows: Sequence[LabelledRow]) -> None:
    """AUC needs a label that some rows have and others lack."""
    if not (np.nanmin(labels, axis=0) < np.nanmax(labels, axis=0)).any():
        raise MissingDataError(f"{rows[0].path}: no label that some rows have and others lack")


def _initial_model(backbone: Backbone, task: TaskConfig, config: FinetuneConfig) -> TaskNetwork:
    with seeded(config.seed):
        model = backbone.task_network(task, lora_rank=config.lora_rank if config.mode == "lora" else 0)
    if config.mode == "head":
        model.encoder.requires_grad_(False)
    return model


def _learner(
    backbone: Backbone,
    model: TaskNetwork,
    data: list[Example],
    validation: list[Example],
    config: FinetuneConfig,
) -> TaskLearner:
    weights = None
    if config.balance_classes:
        weights = class_weights(data, len(model.task.labels)).to(device_of(model))
    return TaskLearner(
        backbone=backbone,
        model=model,
        validation=validation,
        class_weights=weights,
        batch_size=config.batch_size,
        patience=config.patience,
        choose_by=config.choose_by,
    )


def _settings(
    config: FinetuneConfig,
    backbone: Backbone,
    train_rows: Sequence[LabelledRow],
    validation_rows: Sequence[LabelledRow],
) -> dict[str, Any]:
    """What a run must have in common with the one that it continues; rows and weights as SHA-256."""
    rows = [[(row.sequence, row.labels) for row in part] for part in (train_rows, validation_rows)]
    return {
        "finetune": {name: value for name, value in dataclasses.asdict(config).items() if value is not None},
        "data_sha256": hashlib.sha256(repr(rows).encode()).hexdigest(),
        "model_sha256": backbone.identity,
    }


def _claim(run_dir: Path, settings: dict[str, Any], *, resume: bool) -> None:
    path, settings = run_dir / CONFIG_FILE, FORMAT | settings
    earlier = earlier_config(run_dir, resume=resume)
    if earlier is not None and (differing := _differing(settings, earlier)):
        raise UsageError(f"{path} was written with other {differing}; choose another --out")
    write_json(settings, path)


def _differing(new: dict[str, Any], old: dict[str, Any]) -> str:
    """What two configurations of runs do not have in common; empty for nothing."""
    if isinstance(old.get("finetune"), dict):
        new, old = (values | values["finetune"] | {"finetune": None} for values in (new, old))
    names = sorted(name for name in new.keys() | old.keys() if new.get(name) != old.get(name))
    return ", ".join(name.removesuffix("_sha256") for name in names)


def _write_model(learner: TaskLearner, config: FinetuneConfig, run_dir: Path, *, num_training: int) -> Path:
    """`RUN/model`: the best model, its low-rank updates merged, and the card with its metrics."""
    step = best_step(read_validation(run_dir), learner.best_metric)
    if step is None:  # a complete run has been evaluated
        path = run_dir / METRICS_FILE
        raise ModelError(f"{path}: no {learner.best_metric[0]} of this run any more; choose another --out")
    model = learner.backbone.load(checkpoint_dir(run_dir, step)).merged().eval()
    model = model.to(device_of(learner.model))
    with torch.no_grad():
        metrics = evaluate(model, learner.validation, learner.batch_size)
    directory = run_dir / "model"
    directory.mkdir(exist_ok=True)
    card = _card(model.task, config, metrics, step, num_training, len(learner.validation))
    write_text(card, directory / CARD_FILE)  # before `config.json`, which makes the directory a model
    learner.backbone.publish(model, directory)
    return directory


def _card(
    task: TaskConfig,
    config: FinetuneConfig,
    metrics: dict[str, float],
    step: int,
    num_training: int,
    num_validation: int,
) -> str:
    """The model card, in Markdown."""
    lines = [
        f"# A model for {config.task}",
        "",
        f"Predicts {', '.join(task.labels)}. Fine-tuned by `mprna finetune` on {num_training}",
        f"sequences ({config.mode}, seed {config.seed}, at most {config.epochs} epochs). The model of",
        f"step {step} was best on {num_validation} validation sequences, which also chose it: "
        "expect less on others.",
        "",
        "| metric, validation data | |",
        "|---|---|",
        *(f"| {name} | {value:.4f} |" for name, value in metrics.items()),
    ]
    return "\n".join(lines) + "\n"
