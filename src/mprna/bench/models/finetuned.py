"""Our checkpoints trained on a task by the loop of `mprna finetune`, all with the same budget.

Shape letters: L nucleotides, C classes or numbers.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from mprna.bench.data import Example
from mprna.bench.models.model import Budget
from mprna.bench.task import TYPES, Task
from mprna.decoding.tokens import decode_tokens
from mprna.errors import DataError
from mprna.io.labelled import LabelledRow
from mprna.model.checkpoint import load_checkpoint, save_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.task import TaskModel
from mprna.model.task_checkpoint import load_task_model
from mprna.rna.scores import LABELS
from mprna.tokenizer import Tokenizer
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.task_learner import best_metric
from mprna.train.tracker import read_metrics

LEARNING_RATES: Final = {"full": 1e-4, "lora": 1e-3, "head": 1e-3, "scratch": 1e-3}
"""Peak of every mode. `scratch` is `full` from random weights: what pretraining is worth."""

TASKS: Final = {
    "structure": "token_classification",
    "classification": "sequence_classification",
    "multilabel": "sequence_regression",
    "regression": "sequence_regression",
    "multi_regression": "sequence_regression",
    "mutation_detection": "token_classification",
    "mutation_repair": "token_classification",
    "degradation": "token_regression",
}
"""Task type of a benchmark to one of fine-tuning. Several labels are learned as numbers, 0 or 1."""

CHOSEN_BY: Final = {"token_macro_f1": "macro_f1", "macro_f1": "macro_f1", "mcc": "mcc", "auc": "auc"}
"""A task's first metric to that of fine-tuning; the others are best where the mean squared error is least."""

ABSENT: Final = -1e9
"""Score of a class that train does not have."""


class FinetunedModel:
    """A checkpoint in one of the modes. Training that was killed goes on from its newest checkpoint.

    Args:
        model_dir: a checkpoint with an encoder.
        mode: a key of `LEARNING_RATES`.
        bfloat16: as in `FinetuneConfig`.
        longest: of the task, nt; sequences are cut to it and to what the model reads.
        run_dir: where training is kept until it is done.
        num_threads: of torch.
    """

    types: tuple[str, ...] = TYPES
    trains = True

    def __init__(
        self,
        model_dir: Path,
        mode: str,
        budget: Budget,
        *,
        longest: int,
        run_dir: Path,
        bfloat16: bool = False,
        num_threads: int = 1,
    ) -> None:
        rate = budget.learning_rate or LEARNING_RATES[mode]
        self.choices: dict[str, Any] = {
            "budget": asdict(budget),
            "mode": mode,
            "learning_rate": rate,
            "bfloat16": bfloat16,
        }
        self.num_failed = 0
        self.max_length: int | None = min(longest, load_checkpoint(model_dir).config.max_length)
        self._model_dir, self._mode, self._budget, self._rate = model_dir, mode, budget, rate
        self._run_dir, self._bfloat16, self._num_threads = run_dir, bfloat16, num_threads
        self._model: TaskModel | None = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Train; the epoch is chosen on validation by the task's first metric, or what comes nearest.

        Raises:
            KeyboardInterrupt: SIGTERM came; the training so far is kept.
        """
        run_dir = self._run_dir.with_name(f"{self._run_dir.name}.seed{seed}.run")
        resumed = (run_dir / "checkpoints").exists()
        config = FinetuneConfig(
            task=TASKS[task.type],
            mode="full" if self._mode == "scratch" else self._mode,
            epochs=self._budget.epochs,
            batch_size=self._budget.batch_size,
            learning_rate=self._rate,
            patience=self._budget.patience,
            choose_by=CHOSEN_BY.get(task.metrics[0]),
            bfloat16=self._bfloat16,
            seed=seed,
        )
        train_rows, valid_rows = (self._rows(task, examples) for examples in (train, valid))
        model_dir = finetune(
            config,
            _with_random_weights(self._model_dir, seed, run_dir)
            if self._mode == "scratch"
            else self._model_dir,
            train_rows,
            valid_rows,
            run_dir,
            label_names=_label_names(task, train_rows[0]),
            resume=True,
            num_threads=self._num_threads,
        )
        if model_dir is None:
            raise KeyboardInterrupt
        self._model = load_task_model(model_dir)
        self.choices |= _chosen(self._model, config, run_dir) | {"resumed": resumed}
        shutil.rmtree(run_dir)

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """Scores, values or a structure per sequence; `fit` comes first."""
        if self._model is None:
            raise RuntimeError("fit() first")
        kept = [sequence[: self.max_length] for sequence in sequences]
        answers: list[Any] = [None] * len(kept)
        order = sorted(range(len(kept)), key=lambda i: len(kept[i]))
        size = self._budget.batch_size
        for batch in (order[start : start + size] for start in range(0, len(order), size)):
            outputs = _outputs(self._model, [kept[i] for i in batch])
            for i, rows in zip(batch, outputs, strict=True):
                answers[i] = _answer(task, sequences[i], kept[i], _columns(task, self._model, rows))
        return answers

    def _rows(self, task: Task, examples: Sequence[Example]) -> list[LabelledRow]:
        """Sequences cut to what is read, without those in which nothing is scored."""
        rows = []
        for number, example in enumerate(examples, 1):
            sequence = example.sequence[: self.max_length]
            labels = _labels(task, example.label, len(sequence))
            if any(label is not None for column in labels for label in np.atleast_1d(column)):
                rows.append(LabelledRow(sequence, labels, task.full_name, number))
        if not rows:
            raise DataError(
                f"{task.full_name}: nothing is labelled in the {self.max_length} nt that are read"
            )
        return rows


def _labels(task: Task, label: Any, length: int) -> tuple[Any, ...]:
    """Label columns as `mprna.io.labelled` reads them; None where nothing is scored."""
    if task.type == "classification":
        return (int(label),)
    if task.type == "structure":
        return ([LABELS.index(symbol) if symbol in LABELS else None for symbol in label[:length]],)
    if task.type == "degradation":
        scored = np.asarray(label)[:length].T.tolist()
        return tuple(column + [None] * (length - len(column)) for column in scored)
    if task.type.startswith("mutation"):
        return ([int(value) if value >= 0 else None for value in label[:length]],)
    return tuple(np.asarray(label, dtype=np.float64).tolist())


def _label_names(task: Task, row: LabelledRow) -> tuple[str, ...]:
    if TASKS[task.type].endswith("classification"):
        return (task.label,)
    return tuple(f"{task.label}{number}" for number in range(len(row.labels)))


def _with_random_weights(model_dir: Path, seed: int, run_dir: Path) -> Path:
    """A checkpoint of the same architecture that has learned nothing; the same one for a seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        save_checkpoint(MprnaModel(load_checkpoint(model_dir).config), run_dir / "random")
    return run_dir / "random"


def _chosen(model: TaskModel, config: FinetuneConfig, run_dir: Path) -> dict[str, Any]:
    """Epoch and validation metric of the best model."""
    name, sign = best_metric(model.task, config.choose_by)
    scores = [row[name] for row in read_metrics(run_dir / "metrics.jsonl") if row["kind"] == "validation"]
    best = int(np.argmax(sign * np.array(scores)))
    return {"epoch": best + 1, "chosen_by": name, "valid": scores[best]}


def _outputs(model: TaskModel, sequences: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    """What the network says, in the units of the labels. *Shape:* (L or 1, C) each"""
    tokenizer, task = Tokenizer(), model.task
    input_ids, attention_mask = Tokenizer.pad([tokenizer.encode(sequence) for sequence in sequences])
    with torch.inference_mode():
        outputs = model(torch.from_numpy(input_ids), torch.from_numpy(attention_mask)).double().numpy()
    if not task.is_classification:
        outputs = outputs * np.array(task.scales) + np.array(task.offsets)
    if not task.per_token:
        return list(outputs)
    return [rows[1 : 1 + len(sequence)] for rows, sequence in zip(outputs, sequences, strict=True)]


def _columns(task: Task, model: TaskModel, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Classes in the order of the task, whether or not train has them all."""
    if not model.task.is_classification:
        return rows
    scores = np.full((len(rows), len(task.classes)), ABSENT)
    scores[:, [int(label) for label in model.task.labels]] = rows
    return scores


def _answer(task: Task, sequence: str, kept: str, rows: npt.NDArray[np.float64]) -> Any:
    """What a metric reads; nothing is said of nucleotides that were cut off."""
    if not TASKS[task.type].startswith("token"):
        return rows[0]
    if task.type == "structure":
        powers = np.exp(rows - rows.max(axis=1, keepdims=True))
        probs = powers / powers.sum(axis=1, keepdims=True)
        return decode_tokens(kept, probs) + "." * (len(sequence) - len(kept))
    return np.pad(rows, ((0, len(sequence) - len(kept)), (0, 0)))
