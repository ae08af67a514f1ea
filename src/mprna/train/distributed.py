"""Several processes as one: plain torch.distributed, started by torchrun; gloo on CPUs, NCCL on GPUs.

Every process takes its share of the batches of a step; gradients are summed. It holds the whole model,
unless its layers are spread (`sharding.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import nn

from mprna.errors import UsageError


@contextmanager
def processes(device: torch.device) -> Iterator[None]:
    """Join the processes that torchrun started, each on a device of its own; alone, this does nothing."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield
        dist.barrier()  # nobody leaves while another still has something to send
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def is_first() -> bool:
    """Whether torchrun numbered this process 0, or did not start it; also when the processes have parted."""
    return int(os.environ.get("WORLD_SIZE", "1")) == 1 or int(os.environ.get("RANK", "0")) == 0


def world_size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def barrier() -> None:
    """Wait until all processes are here."""
    if dist.is_initialized():
        dist.barrier()


def share_of(num_batches: int) -> int:
    """How many of the batches of a step this process takes.

    Raises:
        UsageError: they cannot be shared equally.
    """
    if num_batches % world_size():
        raise UsageError(
            f"accumulate_batches={num_batches} cannot be shared by {world_size()} processes; "
            f"make it {world_size()} or a multiple"
        )
    return num_batches // world_size()


def sum_values(values: list[float]) -> list[float]:
    """Element by element over all processes."""
    if not dist.is_initialized():
        return values
    place = "cuda" if dist.get_backend() == "nccl" else "cpu"
    tensor = torch.tensor(values, dtype=torch.float64, device=place)
    dist.all_reduce(tensor)
    summed: list[float] = tensor.tolist()
    return summed


def of_first(values: list[float]) -> list[float]:
    """Those of the first process, in all of them, so that what they decide by these is the same."""
    return sum_values([value if rank() == 0 else 0.0 for value in values])


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """In place, over all processes; a parameter that no process has a gradient for stays without."""
    if not dist.is_initialized():
        return
    parameters = [p for p in parameters if p.requires_grad]
    used = sum_values([float(p.grad is not None) for p in parameters])
    for parameter, count in zip(parameters, used, strict=True):
        if count:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)
