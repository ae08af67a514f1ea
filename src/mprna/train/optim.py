"""AdamW and its schedule: linear warm-up, then linear decay to zero."""

from __future__ import annotations

import torch
from torch import nn

from mprna.train.config import LoopConfig
from mprna.train.sharding import by_placement


def make_optimizer(model: nn.Module, config: LoopConfig) -> torch.optim.AdamW:
    """Weight decay on matrices of linear layers only; frozen parameters are left out."""
    matrices = {id(module.weight) for module in model.modules() if isinstance(module, nn.Linear)}
    matrices -= {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    trained = [p for p in model.parameters() if p.requires_grad]
    decayed = [p for p in trained if id(p) in matrices]
    others = [p for p in trained if id(p) not in matrices]
    groups = [
        {"params": params, "weight_decay": decay}
        for some, decay in ((decayed, config.weight_decay), (others, 0.0))
        for params in by_placement(some)
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, config.beta2), fused=True)


def learning_rate_at(step: int, config: LoopConfig) -> float:
    """Learning rate of a 0-based step.

    The first step already moves, and the last one still does.
    """
    warmup = (step + 1) / max(1, config.warmup_steps)
    decay = (config.num_steps - step) / max(1, config.num_steps - config.warmup_steps)
    return config.learning_rate * max(0.0, min(warmup, decay, 1.0))
