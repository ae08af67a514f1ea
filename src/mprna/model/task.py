"""An encoder with one head for a task of the user's own: classes, labels, numbers or pairs.

Shape letters: B sequences, T tokens, P places (T for token tasks, 1 for sequence tasks), H hidden width,
C outputs.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import re
from typing import Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.alphabet import CLS_ID, EOS_ID, PAD_ID
from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.encoder import Encoder
from mprna.model.heads import PairHead
from mprna.model.network import INITIAL_STD
from mprna.model.task_config import TaskConfig

ATTENTION: Final = re.compile("attention|attn", re.IGNORECASE)
"""Names of modules whose linear layers get low-rank updates: ours, and those of other libraries."""


class TaskNetwork(nn.Module):
    """Any encoder under any head; in training perhaps frozen, but for low-rank updates.

    Args:
        encoder: from the ids of `Tokenizer` and their mask to vectors. *Shape:* (B, T), (B, T) to (B, T, H)
    """

    def __init__(self, encoder: nn.Module, task: TaskConfig) -> None:
        super().__init__()
        self.task, self.encoder = task, encoder

    def merged(self) -> Self:
        """The same function with the low-rank updates added to the weights they belong to."""
        model = copy.deepcopy(self)
        model.task = dataclasses.replace(self.task, lora_rank=0)
        for name, module in self.named_modules():
            if isinstance(module, LoraLinear):
                model.set_submodule(name, module.merged())
        return model

    def _add_lora(self, rank: int) -> None:
        """Freeze the encoder, but for low-rank updates of its attention's projections."""
        self.encoder.requires_grad_(False)
        layers = [
            (name, layer)
            for name, layer in self.encoder.named_modules()
            if type(layer) is nn.Linear and ATTENTION.search(name)  # a subclass may not use its forward()
        ]
        if not layers:
            raise ModelError(
                "low-rank updates are for linear layers of attention, of which this network has none; "
                "take the mode full or head"
            )
        for name, layer in layers:
            self.encoder.set_submodule(name, LoraLinear(layer, rank))


class LabelNetwork(TaskNetwork):
    """Any encoder under a linear layer, GELU and a linear layer: classes, labels or numbers.

    Args:
        encoder: see `TaskNetwork`.
        hidden_width: of the encoder, H.
    """

    def __init__(self, encoder: nn.Module, hidden_width: int, task: TaskConfig) -> None:
        super().__init__(encoder, task)
        self.dense = nn.Linear(task.vectors * hidden_width, hidden_width)
        self.output = nn.Linear(hidden_width, len(task.labels))
        for layer in (self.dense, self.output):
            nn.init.normal_(layer.weight, std=INITIAL_STD)
            nn.init.zeros_(layer.bias)
        if task.lora_rank:
            self._add_lora(task.lora_rank)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits, or numbers in units of their scale. *Shape:* (B, T) to (B, P, C)"""
        hidden_BTH = self.encoder(input_ids, attention_mask)
        pooled_BPH = hidden_BTH if self.task.per_token else self._pool(hidden_BTH, input_ids)
        out_BPC: Tensor = self.output(functional.gelu(self.dense(pooled_BPH)))
        return out_BPC

    def _pool(self, hidden_BTH: Tensor, input_ids: Tensor) -> Tensor:
        if self.task.pooling == "cls":
            return hidden_BTH[:, :1]
        special_BT1 = ((input_ids == CLS_ID) | (input_ids == EOS_ID) | (input_ids == PAD_ID))[..., None]
        lengths_B11 = (~special_BT1).sum(1, keepdim=True)
        mean_B1H = hidden_BTH.masked_fill(special_BT1, 0.0).sum(1, keepdim=True) / lengths_B11
        if self.task.pooling == "mean":
            return mean_B1H
        max_B1H = hidden_BTH.masked_fill(special_BT1, -math.inf).amax(1, keepdim=True)
        return torch.cat([mean_B1H, max_B1H], dim=-1)


class TaskModel(LabelNetwork):
    """Our own encoder under a head for classes, labels or numbers."""

    def __init__(self, config: ModelConfig, task: TaskConfig) -> None:
        super().__init__(Encoder(config), config.hidden_width, task)
        self.config = config


class PairModel(TaskNetwork):
    """Our own encoder under its pair head."""

    def __init__(self, config: ModelConfig, task: TaskConfig) -> None:
        super().__init__(Encoder(config), task)
        self.config = config
        self.pair_head = PairHead(config)
        if task.lora_rank:
            self._add_lora(task.lora_rank)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
        """Logits of the partners, column 0 = unpaired. *Shape:* (B, T) to (B, T, T)"""
        logits_BTT: Tensor = self.pair_head(self.encoder(input_ids, attention_mask), input_ids)
        return logits_BTT


def with_lora(model: TaskModel | PairModel, rank: int) -> TaskModel | PairModel:
    """The same encoder and head, frozen but for the head and new low-rank updates; random."""
    updated = type(model)(model.config, dataclasses.replace(model.task, lora_rank=rank))
    updated.load_state_dict(model.state_dict(), strict=False)
    return updated


class LoraLinear(nn.Linear):
    """A frozen linear layer plus a trained update of low rank (Hu et al. 2021), zero at first."""

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__(base.in_features, base.out_features)
        self.weight, self.bias = base.weight, base.bias
        self.down = nn.Parameter(torch.randn(rank, base.in_features) * base.in_features**-0.5)
        self.up = nn.Parameter(torch.zeros(base.out_features, rank))

    def update(self) -> Tensor:
        """*Shape:* that of `weight`"""
        return self.up @ self.down

    def merged(self) -> nn.Linear:
        """A plain layer that does the same."""
        plain = nn.Linear(self.in_features, self.out_features, device="meta")
        plain.weight, plain.bias = nn.Parameter((self.weight + self.update()).detach()), self.bias
        return plain

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + functional.linear(functional.linear(x, self.down), self.up)
