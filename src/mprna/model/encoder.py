"""The Transformer encoder: ESM-2's architecture (Lin et al. 2023), written small.

Shape letters: B sequences, T tokens, H hidden width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from mprna.alphabet import MASK_ID, PAD_ID
from mprna.model.attention import SelfAttention
from mprna.model.config import ModelConfig
from mprna.model.rotary import rotary_angles

LAYER_NORM_EPS = 1e-5

EXPECTED_MASK_SHARE = 0.15 * 0.8
"""ESM's pretraining share of `<mask>`; its embeddings are scaled as if every input had that share."""


class FeedForward(nn.Module):
    """Linear, exact GELU, linear."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.expand = nn.Linear(config.hidden_width, config.feed_forward_width)
        self.contract = nn.Linear(config.feed_forward_width, config.hidden_width)

    def forward(self, x_BTH: Tensor) -> Tensor:
        contracted_BTH: Tensor = self.contract(functional.gelu(self.expand(x_BTH)))
        return contracted_BTH


class EncoderLayer(nn.Module):
    """Pre-LN: x + attention(norm(x)), then x + feed_forward(norm(x))."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)
        self.attention = SelfAttention(config)
        self.feed_forward_norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)
        self.feed_forward = FeedForward(config)

    def forward(self, x_BTH: Tensor, key_mask: Tensor | None, cos: Tensor, sin: Tensor) -> Tensor:
        x_BTH = x_BTH + self.attention(self.attention_norm(x_BTH), key_mask, cos, sin)
        x_BTH = x_BTH + self.feed_forward(self.feed_forward_norm(x_BTH))
        return x_BTH


class Encoder(nn.Module):
    """Embedding, layers and a final norm."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.recompute_layers = False
        """Keep a layer's input alone while training, and compute the rest again in the backward pass."""
        self.embedding = nn.Embedding(config.vocab_size, config.hidden_width, padding_idx=PAD_ID)
        self.layers = nn.ModuleList(EncoderLayer(config) for _ in range(config.num_layers))
        self.final_norm = nn.LayerNorm(config.hidden_width, eps=LAYER_NORM_EPS)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Hidden states after the final norm.

        Args:
            input_ids: token ids. *Shape:* (B, T)
            attention_mask: true on real tokens; None means that nothing is padded. *Shape:* (B, T)

        Returns:
            *Shape:* (B, T, H)
        """
        x_BTH = self._embed(input_ids, attention_mask)
        cos, sin = rotary_angles(input_ids.shape[1], self.config.head_width, device=input_ids.device)
        key_mask = _key_mask(attention_mask)
        for layer in self.layers:
            if self.recompute_layers and self.training:
                x_BTH = checkpoint(layer, x_BTH, key_mask, cos, sin, use_reentrant=False)
            else:
                x_BTH = layer(x_BTH, key_mask, cos, sin)
        normed: Tensor = self.final_norm(x_BTH)
        return normed

    def _embed(self, input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:
        x_BTH: Tensor = self.embedding(input_ids)
        if self.config.token_dropout:
            x_BTH = _drop_masked(x_BTH, input_ids, attention_mask)
        return x_BTH if attention_mask is None else x_BTH * attention_mask[..., None]


def _key_mask(attention_mask: Tensor | None) -> Tensor | None:
    """What attention may look at, (B, 1, 1, T); on a GPU None where nothing is padded: its fastest kernel."""
    if attention_mask is None or (attention_mask.is_cuda and attention_mask.all()):
        return None
    return attention_mask[:, None, None, :]


def _drop_masked(x_BTH: Tensor, input_ids: Tensor, attention_mask: Tensor | None) -> Tensor:
    """Zero the embeddings of `<mask>` and rescale the rest by the share that was masked."""
    masked = input_ids == MASK_ID
    lengths = torch.full_like(masked, True) if attention_mask is None else attention_mask
    observed = masked.sum(1) / lengths.sum(1)
    scale = (1 - EXPECTED_MASK_SHARE) / (1 - observed)
    return x_BTH.masked_fill(masked[..., None], 0.0) * scale[:, None, None].to(x_BTH.dtype)
