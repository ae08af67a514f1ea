"""Multi-head self-attention with rotary positions.

Shape letters: B sequences, T tokens, H hidden width, K heads, D head width.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.model.config import ModelConfig
from mprna.model.rotary import rotate

SCORES_AT_ONCE: Final = 2**20
"""About as many as stay in the cache of a core while they are worked on: 2 MB in bfloat16."""


def attend_by_products(
    query_BKTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, key_mask: Tensor | None
) -> Tensor:
    """Attention without a fused kernel, whose backward pass is slow on CPUs in bfloat16.

    A few sequences at a time, whose scores and probabilities, (B, K, T, T), are rounded to the type of the
    values.
    """
    _, num_heads, tokens, _ = query_BKTD.shape
    size = max(1, SCORES_AT_ONCE // (num_heads * tokens**2))
    states = (query_BKTD, key_BKTD, value_BKTD)
    queries, keys, values = (torch.split(part.contiguous(), size) for part in states)
    masks = [None] * len(queries) if key_mask is None else torch.split(key_mask, size)
    return torch.cat([_attend(*part) for part in zip(queries, keys, values, masks, strict=True)])


def _attend(query_BKTD: Tensor, key_BKTD: Tensor, value_BKTD: Tensor, key_mask: Tensor | None) -> Tensor:
    scores_BKTT = query_BKTD @ key_BKTD.transpose(2, 3)
    if key_mask is not None and (torch.compiler.is_exporting() or not key_mask.all()):
        # In place: the product's backward pass does not need its result.
        scores_BKTT += torch.zeros_like(key_mask, dtype=scores_BKTT.dtype).masked_fill(~key_mask, -torch.inf)
    return scores_BKTT.softmax(-1) @ value_BKTD


class SelfAttention(nn.Module):
    """Bidirectional attention; the query is scaled before the rotation, as in ESM-2."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.num_heads, self.head_width = config.num_heads, config.head_width
        self.query_key_value = nn.Linear(config.hidden_width, 3 * config.hidden_width)
        self.output = nn.Linear(config.hidden_width, config.hidden_width)

    def forward(self, x_BTH: Tensor, key_mask: Tensor | None, cos: Tensor, sin: Tensor) -> Tensor:
        """Attend over the tokens where `key_mask`, (B, 1, 1, T), is true; over all where it is None.

        In bfloat16 the rotation is rounded too: the whole is a tenth faster, and its error a tenth larger.
        """
        batch, tokens, hidden = x_BTH.shape
        split = self.query_key_value(x_BTH).view(batch, tokens, 3, self.num_heads, self.head_width)
        query_BKTD, key_BKTD, value_BKTD = split.permute(2, 0, 3, 1, 4).unbind()
        cos, sin = cos.to(split.dtype), sin.to(split.dtype)
        query_BKTD = rotate(query_BKTD * self.head_width**-0.5, cos, sin)
        key_BKTD = rotate(key_BKTD, cos, sin)
        if torch.compiler.is_exporting():  # a fused kernel would become a dozen operations more
            mixed_BKTD = _attend(query_BKTD, key_BKTD, value_BKTD, key_mask)
        elif value_BKTD.dtype == torch.bfloat16 and value_BKTD.device.type == "cpu":
            mixed_BKTD = attend_by_products(query_BKTD, key_BKTD, value_BKTD, key_mask)
        else:
            mixed_BKTD = functional.scaled_dot_product_attention(
                query_BKTD, key_BKTD, value_BKTD, attn_mask=key_mask, scale=1.0
            )
        mixed_BTH = mixed_BKTD.transpose(1, 2).reshape(batch, tokens, hidden)
        attended_BTH: Tensor = self.output(mixed_BTH)
        return attended_BTH
