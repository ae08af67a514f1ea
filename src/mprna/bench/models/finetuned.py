"""Networks trained on a task by the loop of `mprna finetune`, all with the same budget.

Shape letters: L nucleotides, C classes or numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from mprna.bench.examples import Example
from mprna.bench.models.learning_rates import LearningRates, validate
from mprna.bench.models.model import Budget
from mprna.bench.models.structure_labels import structure_of
from mprna.bench.task import LABELLED, Task
from mprna.errors import MissingDataError, StoppedError
from mprna.io.labelled import LabelledRow
from mprna.model.task import TaskNetwork
from mprna.model.task_config import PAIR_PREDICTION, PAIR_TASK
from mprna.rna.scores import labels_of
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket
from mprna.softmax import sigmoid
from mprna.tokenizer import Tokenizer
from mprna.train.backbone import Backbone, Checkpoint
from mprna.train.device import describe, device_of, find_device
from mprna.train.evaluation import structure_of_pairs
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.state import newest_step
from mprna.train.task_learner import best_metric
from mprna.train.tracker import best_step, read_validation

LEARNING_RATES: Final = {
    "full": 1e-4,
    "lora": 1e-3,
    "head": 1e-3,
    "scratch": 1e-3,
    "pairs": 1e-4,
    "scratch-pairs": 1e-3,
}
"""Peak of every mode. `pairs` trains all weights and the pair head, for structures. `scratch` and
`scratch-pairs` are `full` and `pairs` from random weights: what pretraining is worth."""

TASKS: Final = {
    "structure": "token_classification",
    "classification": "sequence_classification",
    "multilabel": "sequence_multilabel",
    "regression": "sequence_regression",
    "multi_regression": "sequence_regression",
    "mutation_detection": "token_classification",
    "mutation_repair": "token_classification",
    "degradation": "token_regression",
}
"""Task type of a benchmark to one of fine-tuning."""

CHOSEN_BY: Final = {
    "token_macro_f1": "macro_f1",
    "label_macro_f1": "macro_f1",
    "macro_f1": "macro_f1",
    "mcc": "mcc",
    "auc": "auc",
    "label_auc": "auc",
}
"""A task's first metric to that of fine-tuning; the others are best where the mean squared error is least."""

BALANCED: Final = ("mutation_detection",)
"""Tasks whose classes weigh the same: two nucleotides in a hundred are mutated, which AUC does not mind."""

ABSENT: Final = -1e9
"""Score of a class that train does not have."""

Rows = tuple[list[LabelledRow], list[LabelledRow]]
"""Train and validation."""


class FinetunedModel:
    """A backbone in one of the modes. Training that was killed goes on from its newest checkpoint.

    Args:
        mode: a key of `LEARNING_RATES`.
        longest: of the task, nt; sequences are cut to it and to what the backbone reads.
        run_dir: where training is kept, with the seed and `.run` behind its name.
        bfloat16: as in `FinetuneConfig`.
        device: as torch names it; a GPU where there is one if None.
        num_threads: of torch.
        first_choices: of the record of the first seed; where that tried learning rates, its choice stands.
    """

    types: tuple[str, ...] = LABELLED
    trains = True
    is_seeded = True

    def __init__(
        self,
        backbone: Backbone,
        mode: str,
        budget: Budget,
        *,
        longest: int,
        run_dir: Path,
        bfloat16: bool = False,
        device: str | None = None,
        num_threads: int = 1,
        first_choices: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._as_pairs = mode.endswith("pairs")
        if self._as_pairs:
            self.types = ("structure",)
        self._device = find_device(device)
        self.choices: dict[str, Any] = {
            "budget": budget.to_dict(),
            "mode": mode,
            "bfloat16": bfloat16,
            "device": describe(self._device),
        }
        self.num_failed = self.num_truncated = 0
        self._rates = LearningRates.of(budget, LEARNING_RATES[mode], first_choices)
        self._backbone, self._mode, self._budget, self._longest = backbone, mode, budget, longest
        self._run_dir, self._bfloat16, self._num_threads = run_dir, bfloat16, num_threads
        self._model: TaskNetwork | None = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Train with every learning rate; the best by the task's first metric on validation is kept.

        The epoch is chosen by that metric too, or by what of fine-tuning comes nearest.

        Raises:
            MissingDataError: unsuitable data.
            RunError: a loss that diverges at every learning rate.
            StoppedError: SIGTERM came; the training so far is kept.
        """
        run_dir = self._run_dir.with_name(f"{self._run_dir.name}.seed{seed}.run")
        self.choices["resumed"] = any(run_dir.rglob("state.json"))
        rows = (self._rows(task, train), self._rows(task, valid))
        several = len(self._rates.rates) > 1

        def train_with(rate: float) -> tuple[TaskNetwork, dict[str, Any]]:
            """A run that is finished is only read again, so that a choice too goes on where it was killed."""
            return self._train(task, rows, seed, rate, run_dir / str(rate) if several else run_dir)

        def score(model: TaskNetwork) -> float:
            self._model = model
            return validate(self, task, valid)

        model, chosen = self._rates.best(task, seed, train_with, score)
        self._model = model
        self.choices |= chosen

    def predict(self, task: Task, sequences: Sequence[str]) -> list[Any]:
        """Scores, values or a structure per sequence; `fit` comes first."""
        if self._model is None:
            raise RuntimeError("fit() first")
        kept = [self._cut(sequence) for sequence in sequences]
        self.num_truncated = sum(len(a) < len(b) for a, b in zip(kept, sequences, strict=True))
        known = self._model.task
        columns = list(map(int, known.labels)) if known.is_classification and not known.is_pairing else None
        return answers(task, self._model, columns, sequences, kept, batch_size=self._budget.batch_size)

    def _train(
        self, task: Task, rows: Rows, seed: int, rate: float, run_dir: Path
    ) -> tuple[TaskNetwork, dict[str, Any]]:
        """The best epoch with one learning rate, and which it is."""
        config = FinetuneConfig(
            task=PAIR_PREDICTION if self._as_pairs else TASKS[task.type],
            mode=self._mode if self._mode in ("head", "lora") else "full",
            epochs=self._budget.epochs,
            batch_size=self._budget.batch_size,
            learning_rate=rate,
            patience=self._budget.patience,
            choose_by=None if self._as_pairs else CHOSEN_BY.get(task.metrics[0]),
            balance_classes=task.type in BALANCED,
            bfloat16=self._bfloat16,
            seed=seed,
        )
        scratch = self._mode.startswith("scratch")
        model_dir = finetune(
            config,
            self._backbone.with_random_weights(seed) if scratch else self._backbone,
            *rows,
            run_dir,
            label_names=_label_names(task, rows[0][0]),
            resume=True,
            device=str(self._device),
            num_threads=self._num_threads,
        )
        if model_dir is None:
            step = newest_step(run_dir)
            raise StoppedError(f"{task.full_name}: stopped at step {step}; the same command goes on")
        if self._as_pairs:  # `model_dir` is a pretrained model with another encoder and pair head
            model: TaskNetwork = Checkpoint(model_dir).task_network(PAIR_TASK, lora_rank=0).eval()
        else:
            model = self._backbone.load(model_dir)
        return model.to(self._device), _chosen(model, config, run_dir)

    def _cut(self, sequence: str) -> str:
        return self._backbone.cut(sequence[: self._longest])

    def _rows(self, task: Task, examples: Sequence[Example]) -> list[LabelledRow]:
        """Sequences cut to what is read, without those in which nothing is scored."""
        rows = []
        for number, example in enumerate(examples, 1):
            sequence = self._cut(example.sequence)
            label, length = example.label, len(sequence)
            labels = (_cut_structure(label, length),) if self._as_pairs else _labels(task, label, length)
            if any(label is not None for column in labels for label in np.atleast_1d(column)):
                rows.append(LabelledRow(sequence, labels, task.full_name, number))
        if not rows:
            raise MissingDataError(f"{task.full_name}: nothing is labelled in what is read of the sequences")
        return rows


def _labels(task: Task, label: Any, length: int) -> tuple[Any, ...]:
    """Label columns as `mprna.io.labelled` reads them; None where nothing is scored."""
    if task.type == "classification":
        return (int(label),)
    if task.type == "degradation":
        scored = np.asarray(label)[:length].T.tolist()
        return tuple(column + [None] * (length - len(column)) for column in scored)
    if TASKS[task.type] == "token_classification":
        classes = labels_of(label) if task.type == "structure" else label
        return ([int(value) if value >= 0 else None for value in classes[:length]],)
    return tuple(np.asarray(label, dtype=np.float64).tolist())


def _cut_structure(dot_bracket: str, length: int) -> str:
    """Without the pairs that go beyond what is read."""
    pairs = pairs_from_dot_bracket(dot_bracket)
    return dot_bracket_from_pairs(pairs[pairs[:, 1] < length], length)


def _label_names(task: Task, row: LabelledRow) -> tuple[str, ...]:
    if TASKS[task.type].endswith("classification"):
        return (task.label,)
    return tuple(f"{task.label}{number}" for number in range(len(row.labels)))


def _chosen(model: TaskNetwork, config: FinetuneConfig, run_dir: Path) -> dict[str, Any]:
    """Epoch and validation metric of the best model."""
    name, sign = best_metric(model.task, config.choose_by)
    rows = read_validation(run_dir)
    best = [row["step"] for row in rows].index(best_step(rows, (name, sign)))
    return {"epoch": best + 1, "chosen_by": name, "valid": rows[best][name]}


def answers(
    task: Task,
    model: TaskNetwork,
    columns: Sequence[int] | None,
    sequences: Sequence[str],
    kept: Sequence[str],
    *,
    batch_size: int,
) -> list[Any]:
    """What `Model.predict` returns.

    Args:
        columns: of each class of the model its place among those of the task; None where it gives numbers
            in their order, or pairs.
        kept: what the model reads of the sequences.
    """
    found: list[Any] = [None] * len(kept)
    order = sorted(range(len(kept)), key=lambda i: len(kept[i]))
    for batch in (order[start : start + batch_size] for start in range(0, len(order), batch_size)):
        outputs = _outputs(model, [kept[i] for i in batch])
        for i, rows in zip(batch, outputs, strict=True):
            if model.task.is_pairing:
                dot_bracket = structure_of_pairs(kept[i], rows[:, : 1 + len(kept[i])])
                found[i] = dot_bracket + "." * (len(sequences[i]) - len(kept[i]))
            else:
                found[i] = _answer(task, sequences[i], kept[i], _in_columns(task, columns, rows))
    return found


def _outputs(model: TaskNetwork, sequences: Sequence[str]) -> list[npt.NDArray[np.float64]]:
    """What the network says, in the units of the labels. *Shape:* (L or 1, C) each"""
    tokenizer, task = Tokenizer(), model.task
    input_ids, attention_mask = Tokenizer.pad([tokenizer.encode(sequence) for sequence in sequences])
    with torch.inference_mode():
        given = (torch.from_numpy(array).to(device_of(model)) for array in (input_ids, attention_mask))
        outputs = model(*given).double().cpu().numpy()
    if task.is_multilabel:
        outputs = sigmoid(outputs)
    elif not task.is_classification:
        outputs = outputs * np.array(task.scales) + np.array(task.offsets)
    if not task.per_token:
        return list(outputs)
    return [rows[1 : 1 + len(sequence)] for rows, sequence in zip(outputs, sequences, strict=True)]


def _in_columns(
    task: Task, columns: Sequence[int] | None, rows: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """What has a name in the order of the task, whether or not train has all classes."""
    if columns is None:
        return rows
    scores = np.full((len(rows), len(task.classes)), ABSENT)
    scores[:, columns] = rows
    return scores


def _answer(task: Task, sequence: str, kept: str, rows: npt.NDArray[np.float64]) -> Any:
    """What a metric reads; nothing is said of nucleotides that were cut off."""
    if not TASKS[task.type].startswith("token"):
        return rows[0]
    if task.type == "structure":
        return structure_of(kept, rows) + "." * (len(sequence) - len(kept))
    return np.pad(rows, ((0, len(sequence) - len(kept)), (0, 0)))
