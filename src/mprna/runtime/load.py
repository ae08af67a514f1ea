"""Opens a model by its name or directory, and returns an engine that runs it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mprna.errors import MissingExtraError, ModelError, UsageError
from mprna.model.layout import DEGRADATION_KIND, GRAPH_FILE, PAIR_KIND, TASK_KIND
from mprna.runtime.degradation_engine import DegradationEngine
from mprna.runtime.engine import Engine
from mprna.runtime.pair_engine import PairEngine
from mprna.runtime.store import DEFAULT_MODEL, DEGRADATION_MODEL, find_model, kind_of
from mprna.runtime.task import TaskEngine

BACKENDS: Final = ("auto", "onnx", "torch")

_NO_ENCODER: Final = {
    PAIR_KIND: "a pair network, which has no hidden states; it works in `mprna fold`",
    DEGRADATION_KIND: "a degradation model; it works in `mprna degrade`",
    TASK_KIND: "a fine-tuned model; it works in `mprna predict`",
}


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
        ModelError: no such model, damaged files, or a model of another kind (see the functions below).
        MissingExtraError: the torch backend without torch.
        UsageError: an unknown backend, a device that is not there, or fewer than one thread.
    """
    if num_threads < 1:
        raise UsageError(f"num_threads {num_threads}; expected 1 or more")
    return _open_encoder(*_choose(model, backend, device), device, num_threads)


def _open_encoder(directory: Path, backend: str, device: str = "cpu", num_threads: int = 1) -> Engine:
    if hint := _NO_ENCODER.get(kind_of(directory)):
        raise ModelError(f"{directory}: {hint}")
    if backend == "onnx":
        from mprna.runtime.onnx import OnnxEngine

        return OnnxEngine(directory, num_threads=num_threads)
    from mprna.runtime.torch import TorchEngine

    return TorchEngine(directory, device=device)


def load_pair_engine(model: str | Path, *, backend: str = "auto") -> PairEngine:
    """Open a model of kind `pair_network`; arguments and errors are those of `load`."""
    return _open_pair_network(*_choose(model, backend))


def _open_pair_network(directory: Path, backend: str) -> PairEngine:
    if kind_of(directory) != PAIR_KIND:
        raise ModelError(f"{directory}: not a pair network")
    if backend == "onnx":
        from mprna.runtime.onnx import OnnxPairEngine

        return OnnxPairEngine(directory)
    from mprna.runtime.torch import TorchPairEngine

    return TorchPairEngine(directory)


def load_folding(model: str | Path, *, backend: str = "auto") -> Engine | PairEngine:
    """Open a model of either kind; arguments and errors are those of `load`."""
    directory, backend = _choose(model, backend)
    if kind_of(directory) == PAIR_KIND:
        return _open_pair_network(directory, backend)
    return _open_encoder(directory, backend)


def load_task_engine(model: str | Path, *, backend: str = "auto") -> TaskEngine:
    """Open a model that `mprna finetune` wrote; arguments and errors are those of `load`."""
    directory, backend = _choose(model, backend)
    if backend == "onnx":
        from mprna.runtime.onnx import OnnxTaskEngine

        return OnnxTaskEngine(directory)
    from mprna.runtime.torch import TorchTaskEngine

    return TorchTaskEngine(directory)


def load_degradation_engine(model: str | Path = DEGRADATION_MODEL) -> DegradationEngine:
    """Open a model of kind `degradation` in ONNX Runtime.

    Raises:
        ModelError: no such model, damaged files, or a model of another kind.
    """
    directory = find_model(model)
    if kind_of(directory) != DEGRADATION_KIND:
        raise ModelError(f"{directory}: not a degradation model")
    from mprna.runtime.onnx import OnnxDegradationEngine

    return OnnxDegradationEngine(directory)


def _choose(model: str | Path, backend: str, device: str = "cpu") -> tuple[Path, str]:
    """The verified directory, and `onnx` or `torch`."""
    if backend not in BACKENDS:
        raise UsageError(f"backend {backend!r}; expected one of {', '.join(BACKENDS)}")
    directory = find_model(model)
    if backend == "auto":
        backend = "onnx" if device == "cpu" and (directory / GRAPH_FILE).exists() else "torch"
    if backend == "torch" and find_spec("torch") is None:
        raise MissingExtraError(f"{directory}: running it without a {GRAPH_FILE}", "train")
    if backend == "onnx" and device != "cpu":
        raise UsageError(f"device {device!r}: the onnx backend runs on the CPU; choose the torch backend")
    return directory, backend
