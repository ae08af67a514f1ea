"""MP-RNA: one encoder and four heads.

Shape letters: B sequences, T tokens, H hidden width.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from mprna.model.config import ModelConfig
from mprna.model.encoder import Encoder
from mprna.model.heads import PairHead, RepairHead, StructureHead, TokenHead

INITIAL_STD = 0.02
"""Standard deviation of random weights, as in ESM-2."""


class NetworkOutput(NamedTuple):
    """Everything that the network says about each token."""

    hidden_states: Tensor
    """*Shape:* (B, T, H)"""
    lm_logits: Tensor
    """Over the vocabulary. *Shape:* (B, T, 24)"""
    repair_logits: Tensor
    """Over `A C G U`. *Shape:* (B, T, 4)"""
    structure_logits: Tensor
    """Over `( ) .`. *Shape:* (B, T, 3)"""
    partner_logits: Tensor
    """Over tokens, column 0 = unpaired. *Shape:* (B, T, T)"""


class MprnaModel(nn.Module):
    """The encoder with its heads; the language-model decoder shares the embedding's weights."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.lm_head = TokenHead(config)
        self.repair_head = RepairHead(config)
        self.structure_head = StructureHead(config)
        self.pair_head = PairHead(config)
        self.apply(_initialize)
        # Tied last: initialising the decoder would overwrite the zero embedding of <pad>.
        self.lm_head.decoder.weight = self.encoder.embedding.weight

    def encode(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """*Shape:* (B, T) to (B, T, H)"""
        hidden: Tensor = self.encoder(input_ids, attention_mask)
        return hidden

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> NetworkOutput:
        hidden = self.encode(input_ids, attention_mask)
        return NetworkOutput(
            hidden,
            self.lm_head(hidden),
            self.repair_head(hidden),
            self.structure_head(hidden),
            self.pair_head(hidden, input_ids),
        )


def _initialize(module: nn.Module) -> None:
    """Normal weights of std 0.02, zero biases, as in ESM-2."""
    if isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, std=INITIAL_STD)
        if module.padding_idx is not None:
            nn.init.zeros_(module.weight[module.padding_idx])
