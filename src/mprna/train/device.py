"""Where a network is trained: the processor, or one GPU for each process."""

from __future__ import annotations

import dataclasses
import os
import platform
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from mprna.errors import UsageError, first_line

AnyBatch = TypeVar("AnyBatch")


def set_up_cpu(num_threads: int | None) -> None:
    """Threads of torch in this process (None: as they are), and a bound on what oneDNN keeps in memory.

    oneDNN keeps the kernels of the last 1,024 shapes, gigabytes where batches are of many lengths. A step
    needs a few dozen. The environment's own number stands.
    """
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
    if num_threads is not None:
        torch.set_num_threads(num_threads)


def find_device(name: str | None = None) -> torch.device:
    """The device of this name; where None, the GPU of this process, or the CPU where there is none.

    Args:
        name: as torch names it: `cpu`, `cuda`, `cuda:1`. `cuda` is one GPU for each process of torchrun.

    Raises:
        UsageError: a device that this torch does not have.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if name == "cuda" else name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"device {name!r}: {first_line(error)}") from None
    return device


def describe(device: torch.device) -> str:
    """`cpu`, or what the GPU calls itself."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def device_of(model: nn.Module) -> torch.device:
    """Where the weights are."""
    return next(model.parameters()).device


def to_device(batch: AnyBatch, device: torch.device) -> AnyBatch:
    """A batch, a dataclass of tensors, with all of them there; the same object where they are already."""
    fields = {field.name: getattr(batch, field.name) for field in dataclasses.fields(batch)}  # type: ignore[arg-type]
    if all(tensor.device == device for tensor in fields.values()):
        return batch
    moved: dict[str, Tensor] = {name: tensor.to(device) for name, tensor in fields.items()}
    changed: Any = dataclasses.replace(batch, **moved)  # type: ignore[type-var]
    result: AnyBatch = changed
    return result


@contextmanager
def seeded(seed: int, device: torch.device | None = None) -> Iterator[None]:
    """Within, random numbers of the CPU and of this GPU follow from the seed; after it, all go on as before.

    `torch.manual_seed` sets the generator of every GPU, which nothing would set back.
    """
    gpus = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=gpus):
        torch.default_generator.manual_seed(seed)
        for gpu in gpus:
            with torch.cuda.device(gpu):
                torch.cuda.manual_seed(seed)
        yield


def precision(device: torch.device, *, bfloat16: bool) -> AbstractContextManager[object]:
    """Autocast to bfloat16, or nothing."""
    return torch.autocast(device.type, torch.bfloat16) if bfloat16 else nullcontext()


def slow_precision(device: torch.device, *, bfloat16: bool) -> str | None:
    """Why the precision that was asked for is a bad choice on this processor, if it is.

    On an AMD EPYC with AVX2 only, torch's bfloat16 product of two 2,048 x 2,048 matrices took 300 times as
    long as its float32 product.
    """
    if not bfloat16 or device.type != "cpu":
        return None
    capability = torch.backends.cpu.get_cpu_capability()
    if platform.machine() in ("x86_64", "AMD64") and "AVX512" not in capability:
        return f"bfloat16 is far slower than float32 on this processor ({capability}): turn it off"
    return None
