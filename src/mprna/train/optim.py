"""AdamW and its schedule: linear warm-up, then linear decay to zero."""

from __future__ import annotations

import torch
from torch import nn

from mprna.train.config import LoopConfig
from mprna.train.sharding import is_sharded


def make_optimizer(model: nn.Module, config: LoopConfig) -> torch.optim.AdamW:
    """Weight decay on matrices of linear layers only; frozen parameters are left out.

    A group is sharded or whole: the fused step takes no mixture.
    """
    matrices = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    matrices -= {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    trained = [p for p in model.parameters() if p.requires_grad]
    by_kind: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for p in trained:
        decay = config.weight_decay if id(p) in matrices else 0.0
        by_kind.setdefault((decay, is_sharded(p)), []).append(p)
    groups = [{"params": params, "weight_decay": decay} for (decay, _), params in by_kind.items()]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, config.beta2), fused=True)


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Learning rate of a 0-based step.

    The first step already moves, and the last one still does.
    """
    warmup = (step + 1) / max(1, config.warmup_steps)
    decay = (config.num_steps - step) / max(1, config.num_steps - config.warmup_steps)
    return config.learning_rate * max(0.0, min(warmup, decay, 1.0))
