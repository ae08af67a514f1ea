"""Model FLOPs utilization (MFU): how much of a processor's speed a training turns into useful products.

Chowdhery et al. 2022 (arXiv:2204.02311), but against the speed that is measured here, not the one that a
vendor promises.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

import torch

from mprna.model.config import ModelConfig

_SIZES: Final = {"cpu": 1_024, "cuda": 8_192}
_SECONDS: Final = 0.1
"""How long products are repeated."""


def training_flops(config: ModelConfig, lengths: Iterable[int]) -> float:
    """Operations of the forward and backward products of the encoder, for sequences of these many tokens.

    6 per weight and token, 12 per layer, width and pair of tokens; embedding and heads do not count.
    """
    width = config.hidden_width
    weights = config.num_layers * width * (4 * width + 2 * config.feed_forward_width)
    pairs = 12 * config.num_layers * width
    return float(sum(length * (6 * weights + pairs * length) for length in lengths))


def product_flops(device: torch.device, *, bfloat16: bool) -> float:
    """Operations per second of the product of two square matrices, the fastest of some.

    1,024 x 1,024 on a CPU (with the threads that torch has), 8,192 x 8,192 on a GPU.
    """
    size = _SIZES.get(device.type, _SIZES["cpu"])
    dtype = torch.bfloat16 if bfloat16 else torch.float32
    a, b = torch.ones(2, size, size, device=device, dtype=dtype)
    times: list[float] = []
    while sum(times) < _SECONDS:
        _wait_for(device)
        start = time.perf_counter()
        a @ b
        _wait_for(device)
        times.append(time.perf_counter() - start)
    return float(2 * size**3 / min(times))


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
