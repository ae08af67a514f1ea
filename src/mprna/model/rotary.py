"""Rotary position embeddings (Su et al. 2021, arXiv:2104.09864), rotate-half form, base 10,000.

Shape letters: T tokens, D head width.
"""

from __future__ import annotations

import torch
from torch import Tensor


def rotary_frequencies(head_width: int, *, device: torch.device) -> Tensor:
    """Radians per token, from 1 down to almost 1 / 10,000.

    *Shape:* (D / 2,)
    """
    exponents = torch.arange(0, head_width, 2, dtype=torch.float32, device=device) / head_width
    # 1 / base**e, not base**-e: the same float32 numbers as in transformers.
    return 1.0 / 10_000.0**exponents


def rotary_angles(num_tokens: int, head_width: int, *, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosine and sine of position times frequency, in float32.

    *Shape:* (T, D) each
    """
    positions = torch.arange(num_tokens, dtype=torch.float32, device=device)
    angles = torch.outer(positions, rotary_frequencies(head_width, device=device)).repeat(1, 2)
    return angles.cos(), angles.sin()


def rotate(states: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate each pair (d, d + D/2) of a head by its position's angle.

    *Shape:* (..., T, D) in and out
    """
    half = states.shape[-1] // 2
    first, second = states[..., :half], states[..., half:]
    return states * cos + torch.cat((-second, first), dim=-1) * sin
