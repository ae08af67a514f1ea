"""A fine-tuned model at work, by torch.

Shape letters: L nucleotides, P places (L for token tasks, 1 for sequence tasks), C classes, labels or
numbers.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from mprna.errors import ModelError, SequenceError
from mprna.model.task import TaskConfig
from mprna.model.task_checkpoint import load_task_config, load_task_model
from mprna.runtime.engine import FloatArray
from mprna.runtime.torch import no_memory
from mprna.tokenizer import Tokenizer

__all__ = ["TaskConfig", "TaskEngine", "load_task_config"]


class TaskEngine:
    """Runs a model directory that `mprna finetune` wrote.

    Raises:
        ModelError: no readable model of this kind.
    """

    def __init__(self, model_dir: Path) -> None:
        self._model = load_task_model(model_dir)
        self.max_length = self._model.config.max_length
        self.task = self._model.task
        if self.task.is_pairing:
            raise ModelError(f"{model_dir}: a checkpoint that names pairs; `mprna fold` reads RUN/model")

    @no_memory()
    @torch.inference_mode()
    def predict(self, sequence: str) -> FloatArray:
        """Probabilities of the classes or labels, or numbers in their own units.

        Args:
            sequence: clean, `ACGUN` only.

        Returns:
            *Shape:* (P, C)

        Raises:
            SequenceError: longer than the model reads.
            MemoryError: torch has none.
        """
        if len(sequence) > self.max_length:
            raise SequenceError(f"{len(sequence)} nt, the model reads {self.max_length}; cut the sequence")
        output = self._model(torch.from_numpy(Tokenizer().encode(sequence))[None])[0].float()
        output = output[1:-1] if self.task.per_token else output
        if self.task.is_classification:
            return np.asarray(output.softmax(-1).numpy())
        if self.task.is_multilabel:
            return np.asarray(output.sigmoid().numpy())
        scales, offsets = (np.array(v, np.float32) for v in (self.task.scales, self.task.offsets))
        return np.asarray(output.numpy() * scales + offsets)
