"""The engine of training machines: torch, on CPU or GPU, straight from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import nn

from mprna.errors import UsageError, first_line
from mprna.model.checkpoint import load_checkpoint
from mprna.model.pair_checkpoint import load_pair_network
from mprna.model.task_checkpoint import load_task_model
from mprna.runtime import windows
from mprna.runtime.engine import BaseLogits, FloatArray, IntArray, Prediction
from mprna.runtime.masked import base_logits
from mprna.runtime.pair_engine import PAIR_WINDOW, pair_input, pair_probs
from mprna.runtime.task import read_task, task_answer, task_input
from mprna.runtime.windows import NetworkArrays
from mprna.tokenizer import TokenIds


@contextmanager
def no_memory() -> Iterator[None]:
    """Raise MemoryError where torch has none, which on a CPU has no error of its own for it."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
            raise MemoryError(first_line(error)) from None
        raise


class TorchEngine:
    """Runs a checkpoint directory.

    Args:
        device: as torch names it, e.g. `cpu`, `cuda`, `cuda:1`.
        dtype: of the computation: `float32`, `bfloat16` or `float16`; results are float32 always.

    Raises:
        ModelError: no readable checkpoint.
        UsageError: a device or type that this torch does not have.
    """

    def __init__(self, model_dir: Path, *, device: str = "cpu", dtype: str = "float32") -> None:
        model = load_checkpoint(model_dir)
        self.max_length = model.config.max_length
        self._device = _move(model, device, dtype)
        self._model = model

    def predict(self, sequence: str) -> Prediction:
        return windows.predict(self._run, sequence, self.max_length)

    def base_logits(self, sequence: str, masked: IntArray) -> BaseLogits:
        return base_logits(self._run_bases, sequence, masked, self.max_length)

    @no_memory()
    @torch.inference_mode()
    def _run(self, input_ids: TokenIds) -> NetworkArrays:
        output = self._model(torch.from_numpy(input_ids)[None].to(self._device))
        return NetworkArrays(*(tensor[0].float().cpu().numpy() for tensor in output))

    def _run_bases(self, input_ids: TokenIds) -> tuple[FloatArray, FloatArray]:
        arrays = self._run(input_ids)
        return arrays.lm_logits, arrays.repair_logits


class TorchPairEngine:
    """Runs a directory of a pair network, in float32 on the CPU; errors are those of `TorchEngine`."""

    def __init__(self, model_dir: Path) -> None:
        self._network = load_pair_network(model_dir)
        self.max_length = min(self._network.config.max_length, PAIR_WINDOW)

    @no_memory()
    @torch.inference_mode()
    def predict_pairs(self, sequence: str, prior: FloatArray | None = None) -> FloatArray:
        given = pair_input(sequence, prior)
        log_odds = self._network(
            torch.from_numpy(given.bases)[None],
            torch.from_numpy(given.prior)[None],
            torch.tensor([given.has_prior]),
        )
        return pair_probs(sequence, log_odds[0].numpy())


class TorchTaskEngine:
    """Runs what `mprna finetune` wrote, in float32 on the CPU; errors are those of `TorchEngine`."""

    def __init__(self, model_dir: Path) -> None:
        self.task = read_task(model_dir)
        self._model = load_task_model(model_dir)
        self.max_length = self._model.config.max_length

    @no_memory()
    @torch.inference_mode()
    def predict(self, sequence: str) -> FloatArray:
        input_ids = torch.from_numpy(task_input(sequence, self.max_length))
        return task_answer(self._model(input_ids[None])[0].numpy(), self.task, len(input_ids))


def _move(model: nn.Module, device: str, dtype: str) -> torch.device:
    """Move a model, in place, to where and as what it is to compute."""
    try:
        place = torch.device(device)
        model.to(place, _DTYPES[dtype])
    except KeyError:
        raise UsageError(f"dtype {dtype!r}: expected one of {', '.join(_DTYPES)}") from None
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device {device!r}: {first_line(error)}") from None
    return place


_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
