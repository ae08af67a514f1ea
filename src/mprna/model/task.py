"""An encoder with one head for a task of the user's own: classes, labels, numbers or pairs.

Shape letters: B sequences, T tokens, P places (T for token tasks, 1 for sequence tasks), H hidden width,
C outputs.
"""

from __future__ import annotations

import copy
import dataclasses
import math
import re
from dataclasses import dataclass
from typing import Any, Final, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from mprna.alphabet import CLS_ID, EOS_ID, PAD_ID
from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.encoder import Encoder
from mprna.model.heads import PairHead
from mprna.model.network import INITIAL_STD

PAIR_PREDICTION: Final = "pair_prediction"
"""The partner of every nucleotide, or none."""
MULTILABEL: Final = "sequence_multilabel"
"""Labels that do not exclude each other, each of which a sequence has or not."""

TASKS: Final = (
    "token_classification",
    "token_regression",
    "sequence_classification",
    MULTILABEL,
    "sequence_regression",
    PAIR_PREDICTION,
)
POOLINGS: Final = ("mean_max", "mean", "cls")
"""How a sequence becomes one vector: mean and maximum over its nucleotides side by side, the mean, or that of
`<cls>`."""

ATTENTION: Final = re.compile("attention|attn", re.IGNORECASE)
"""Names of modules whose linear layers get low-rank updates: ours, and those of other libraries."""


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What a head predicts, as written to `config.json`."""

    task: str
    """One of `TASKS`."""
    labels: tuple[str, ...]
    """Names of the classes or labels, or of the predicted numbers."""
    pooling: str = "mean_max"
    """For sequence tasks: one of `POOLINGS`."""
    offsets: tuple[float, ...] = ()
    """Of each predicted number: what the network says times its scale, plus this."""
    scales: tuple[float, ...] = ()
    """Scale of each predicted number, positive; see `offsets`."""
    lora_rank: int = 0
    """Rank of the low-rank updates while they are trained; 0 where there are none."""

    def __post_init__(self) -> None:
        if self.task not in TASKS or self.pooling not in POOLINGS or not self.labels:
            raise ModelError(f"no task that this mprna knows: {self.task!r}, {self.pooling!r}; upgrade it")
        if not isinstance(self.labels, tuple) or not all(isinstance(name, str) for name in self.labels):
            raise ModelError(f"labels {self.labels!r:.40}; expected a list of names")
        for values in (self.offsets, self.scales):
            if not isinstance(values, tuple) or not all(isinstance(value, (int, float)) for value in values):
                raise ModelError(f"offsets or scales {values!r:.40}; expected lists of numbers")

    @property
    def vectors(self) -> int:
        """How many vectors of the encoder the head reads at a place."""
        return 2 if self.pooling == "mean_max" and not self.per_token else 1

    @property
    def per_token(self) -> bool:
        return not self.task.startswith("sequence")

    @property
    def is_classification(self) -> bool:
        """Whether one class of several is right; of pairs, every token is a class."""
        return not self.is_multilabel and not self.task.endswith("regression")

    @property
    def is_multilabel(self) -> bool:
        return self.task == MULTILABEL

    @property
    def is_pairing(self) -> bool:
        return self.task == PAIR_PREDICTION

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TaskConfig:
        """The inverse of `to_dict`; an unknown or missing field is a `ModelError`."""
        try:
            parsed: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**parsed)
        except (AttributeError, TypeError) as error:
            raise ModelError(f"config.json does not describe a task: {error}") from None


PAIR_TASK: Final = TaskConfig(task=PAIR_PREDICTION, labels=("base pairs",))
"""The only one of its kind."""


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

    def with_lora(self, rank: int) -> TaskModel:
        """This encoder and head, frozen but for the head and new low-rank updates; random."""
        model = TaskModel(self.config, dataclasses.replace(self.task, lora_rank=rank))
        model.load_state_dict(self.state_dict(), strict=False)
        return model


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

    def with_lora(self, rank: int) -> PairModel:
        """As `TaskModel.with_lora`."""
        model = PairModel(self.config, dataclasses.replace(self.task, lora_rank=rank))
        model.load_state_dict(self.state_dict(), strict=False)
        return model


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
