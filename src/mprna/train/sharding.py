"""Sharding of the encoder's layers over processes by torch's FSDP2, for models too large for one device.

Every process keeps a part of each encoder layer, of its gradients and of its AdamW moments, and fetches the
rest of a layer while that layer computes. Parameters outside the layers (embedding, final norm and heads,
1 % of a model of the published sizes) stay whole in every process: a head may have no labels in the batches
of one process, and FSDP needs gradients in all processes or in none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from mprna.errors import UsageError
from mprna.model.encoder import Encoder
from mprna.train.device import device_of
from mprna.train.distributed import rank, world_size


def shard_layers(encoder: Encoder) -> None:
    """Shard every layer over all processes, in place; with one process this does nothing.

    From then on the backward pass itself sums the gradients of the layers over the processes.

    Raises:
        UsageError: an old torch.
    """
    if not dist.is_initialized():
        return
    if not hasattr(FSDPModule, "set_force_sum_reduction_for_comms"):
        raise UsageError(f"shard_weights: torch {torch.__version__} is too old for it; 2.13 is tested")
    mesh = init_device_mesh(device_of(encoder).type, (world_size(),))
    in_layers = {*encoder.layers.parameters()}
    sharded = [fully_shard(layer, mesh=mesh) for layer in encoder.layers]
    # The root, without weights of its own: one layer is fetched while another computes.
    fully_shard(encoder, mesh=mesh, ignored_params={*encoder.parameters()} - in_layers)
    for layer in sharded:  # sums, where FSDP takes means, which gloo cannot
        layer.set_gradient_divide_factor(1.0)
        layer.set_force_sum_reduction_for_comms(True)


def is_sharded(tensor: Tensor) -> bool:
    """Whether this process holds only a part of the tensor."""
    return isinstance(tensor, DTensor)


def by_placement(parameters: Iterable[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Whole and sharded parameters in separate lists; torch's functions of many tensors take no mixture."""
    parameters = list(parameters)
    parts = ([p for p in parameters if is_sharded(p) == sharded] for sharded in (False, True))
    return [part for part in parts if part]


def gathered(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Whole tensors, the sharded ones on the CPU. All processes must call it; only the first gets them."""
    whole: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = tensor.full_tensor().cpu() if isinstance(tensor, DTensor) else tensor
        if rank() == 0:
            whole[name] = value
    return whole


def placed_like(tensor: Tensor, reference: Tensor) -> Tensor:
    """A whole tensor placed as the reference is: on its device, and sharded if the reference is."""
    tensor = tensor.to(reference.device)
    if not isinstance(reference, DTensor):
        return tensor
    mesh, placements = reference.device_mesh, reference.placements
    return distribute_tensor(tensor, mesh, placements, src_data_rank=None)


def clip_grad_norm_(parameters: Iterable[nn.Parameter], max_norm: float) -> Tensor:
    """Like torch's function of this name, also with sharded parameters: the norm is over all processes."""
    parts = by_placement(parameters)
    norm = get_total_norm([_gradient_norm(part) for part in parts])
    for part in parts:
        clip_grads_with_norm_(part, max_norm, norm)
    return norm


def _gradient_norm(parameters: list[nn.Parameter]) -> Tensor:
    norm = get_total_norm([p.grad for p in parameters if p.grad is not None])
    return norm.full_tensor() if isinstance(norm, DTensor) else norm
