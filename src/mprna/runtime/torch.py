"""The engine of training machines: torch, on CPU or GPU, straight from a checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch

from mprna.errors import UsageError
from mprna.model.checkpoint import load_checkpoint
from mprna.runtime import windows
from mprna.runtime.engine import Prediction
from mprna.runtime.windows import NetworkArrays
from mprna.tokenizer import TokenIds


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
        try:
            self._device = torch.device(device)
            self._model = model.to(self._device, _DTYPES[dtype])
        except KeyError:
            raise UsageError(f"dtype {dtype!r}: expected one of {', '.join(_DTYPES)}") from None
        except (RuntimeError, AssertionError) as error:
            raise UsageError(f"device {device!r}: {str(error).partition(chr(10))[0]}") from None

    def predict(self, sequence: str) -> Prediction:
        return windows.predict(self._run, sequence, self.max_length)

    @torch.inference_mode()
    def _run(self, input_ids: TokenIds) -> NetworkArrays:
        output = self._model(torch.from_numpy(input_ids)[None].to(self._device))
        return NetworkArrays(*(tensor[0].float().cpu().numpy() for tensor in output))


_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
