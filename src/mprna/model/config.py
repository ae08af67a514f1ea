"""The architecture of a network, as written to `config.json` beside its weights."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from mprna.alphabet import VOCABULARY
from mprna.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Sizes of the encoder and its heads.

    Raises:
        ModelError: a size that is not positive, or sizes that do not fit each other.
    """

    num_layers: int
    """Transformer layers."""
    hidden_width: int
    """Width of the residual stream."""
    num_heads: int
    """Attention heads; their width is `hidden_width / num_heads`, an even number (rotary)."""
    feed_forward_width: int
    """Width between the two feed-forward projections."""
    pair_width: int = 64
    """Rank of the bilinear partner scores."""
    vocab_size: int = len(VOCABULARY)
    """Token ids; always the 24 of the published vocabulary."""
    max_length: int = 1024
    """Longest sequence seen in training, nucleotides; longer ones are read in windows."""
    token_dropout: bool = True
    """ESM's rescaling of embeddings by the share of `<mask>` tokens."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type == "int" and (type(value) is not int or value < 1):
                raise ModelError(f"{field.name} must be a positive whole number, not {value!r}")
        if type(self.token_dropout) is not bool:
            raise ModelError(f"token_dropout must be true or false, not {self.token_dropout!r}")
        if self.vocab_size != len(VOCABULARY):
            raise ModelError(f"a vocabulary of {self.vocab_size} tokens; ours has {len(VOCABULARY)}")
        if self.hidden_width % self.num_heads or self.head_width % 2:
            raise ModelError(
                f"hidden_width {self.hidden_width} over {self.num_heads} heads gives no even head width"
            )

    @property
    def head_width(self) -> int:
        return self.hidden_width // self.num_heads

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """The inverse of `to_dict`; an unknown or missing field is a `ModelError`."""
        try:
            return cls(**values)
        except TypeError as error:
            raise ModelError(f"config.json does not describe an MP-RNA model: {error}") from None


def published_num_parameters(config: ModelConfig) -> int:
    """Encoder and tied LM head as counted in the published files.

    That layout holds two blocks that no computation uses: an absolute position table
    (`max_length + 2` rows) and ESM's contact head.
    """
    hidden, wide = config.hidden_width, config.feed_forward_width
    layer_norm = 2 * hidden
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = 2 * hidden * wide + wide + hidden
    layers = config.num_layers * (attention + feed_forward + 2 * layer_norm)
    embeddings = (config.vocab_size + config.max_length + 2) * hidden
    contact_head = config.num_layers * config.num_heads + 1
    lm_head = hidden * hidden + hidden + layer_norm + config.vocab_size
    return embeddings + layers + layer_norm + contact_head + lm_head
