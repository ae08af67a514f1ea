"""From a model's name to an engine that runs it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal, get_args

from mprna.errors import MissingExtraError, UsageError
from mprna.runtime.engine import Engine
from mprna.runtime.store import DEFAULT_MODEL, find_model

Backend = Literal["auto", "onnx", "torch"]
BACKENDS: Final[tuple[str, ...]] = get_args(Backend)


def load(
    model: str | Path = DEFAULT_MODEL,
    *,
    backend: str = "auto",
    device: str = "cpu",
    num_threads: int = 1,
) -> Engine:
    """Open a model.

    Args:
        model: an installed name (see `mprna models list`) or a model directory.
        backend: `onnx`, `torch`, or `auto`: ONNX Runtime where the directory holds `model.onnx` and the
            device is the CPU, else torch.
        device: for torch, e.g. `cuda`.
        num_threads: of ONNX Runtime, per sequence.

    Raises:
        ModelError: no such model, or damaged files.
        MissingExtraError: the torch backend without torch.
        UsageError: an unknown backend, or a device that is not there.
    """
    if backend not in BACKENDS:
        raise UsageError(f"backend {backend!r}; expected one of {', '.join(BACKENDS)}")
    directory = find_model(model)
    if backend == "auto":
        backend = "onnx" if device == "cpu" and (directory / "model.onnx").exists() else "torch"
    if backend == "onnx":
        from mprna.runtime.onnx import OnnxEngine

        return OnnxEngine(directory, num_threads=num_threads)
    if find_spec("torch") is None:
        raise MissingExtraError(f"{directory}: running it without a model.onnx", "train")
    from mprna.runtime.torch import TorchEngine

    return TorchEngine(directory, device=device)
