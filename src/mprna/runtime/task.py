"""What fine-tuned models predict, and the protocol that both engines follow.

Shape letters: L nucleotides, P places (L for token tasks, 1 for sequence tasks), C classes, labels or
numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from mprna.errors import ModelError, SequenceError
from mprna.model.layout import TASK_KIND
from mprna.model.task_config import TaskConfig, read_task_config
from mprna.runtime.engine import FloatArray
from mprna.runtime.store import kind_of
from mprna.softmax import sigmoid, softmax
from mprna.tokenizer import TokenIds, Tokenizer


class TaskEngine(Protocol):
    """A loaded model that `mprna finetune` wrote."""

    task: TaskConfig
    """What it predicts."""
    max_length: int
    """Longest sequence that it reads, nucleotides."""

    def predict(self, sequence: str) -> FloatArray:
        """Probabilities of the classes or labels, or numbers in their own units.

        Args:
            sequence: clean, `ACGUN` only.

        Returns:
            *Shape:* (P, C)

        Raises:
            SequenceError: longer than the model reads.
            MemoryError: there is none.
        """


def read_task(model_dir: Path) -> TaskConfig:
    """What the model of a directory predicts.

    Raises:
        ModelError: no model that `mprna finetune` wrote, or one that names pairs.
    """
    if (kind := kind_of(model_dir)) != TASK_KIND:
        raise ModelError(
            f"{model_dir}: a model of kind {kind!r}; expected {TASK_KIND!r}, of `mprna finetune`"
        )
    task = read_task_config(model_dir)
    if task.is_pairing:
        raise ModelError(f"{model_dir}: a checkpoint that names pairs; `mprna fold` reads RUN/model")
    return task


def task_input(sequence: str, max_length: int) -> TokenIds:
    """What the network reads. *Shape:* (L + 2,)

    Raises:
        SequenceError: longer than the model reads.
    """
    if len(sequence) > max_length:
        raise SequenceError(f"{len(sequence)} nt, the model reads {max_length}; cut the sequence")
    return Tokenizer().encode(sequence)


def task_answer(outputs: FloatArray, task: TaskConfig, num_tokens: int) -> FloatArray:
    """What the network says, as `TaskEngine.predict` returns it.

    *Shape:* (L + 2 or 1, C) to (P, C)

    Raises:
        ModelError: the network is for another task.
    """
    expected = (num_tokens if task.per_token else 1, len(task.labels))
    if outputs.shape != expected:
        raise ModelError(f"a network that says {outputs.shape} where its config.json has {expected}")
    outputs = outputs[1:-1] if task.per_token else outputs
    if task.is_classification:
        return softmax(outputs)
    if task.is_multilabel:
        return sigmoid(outputs).astype(np.float32)
    scales, offsets = (np.array(values, np.float32) for values in (task.scales, task.offsets))
    return np.asarray(outputs * scales + offsets)
