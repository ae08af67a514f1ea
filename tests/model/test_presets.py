"""The published sizes have the published numbers of parameters."""

from __future__ import annotations

import pytest
import torch
from transformers import EsmConfig, EsmForMaskedLM

from mprna.alphabet import MASK_ID, PAD_ID
from mprna.model.config import ModelConfig
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS

every_preset = pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS.keys())


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


@pytest.mark.parametrize(("name", "count"), [("mprna-52m", 52_454_329), ("mprna-186m", 185_888_265)])
def test_published_counts(name: str, count: int) -> None:
    assert published_num_parameters(PRESETS[name]) == count


@every_preset
def test_our_count(config: ModelConfig) -> None:
    """Ours has neither the position table nor the contact head."""
    with torch.device("meta"):
        network = MprnaModel(config)
    parameters = [*network.encoder.parameters(), *network.lm_head.parameters()]
    ours = sum(parameter.numel() for parameter in {id(p): p for p in parameters}.values())
    unused = (config.max_length + 2) * config.hidden_width + config.num_layers * config.num_heads + 1
    assert ours == published_num_parameters(config) - unused


@pytest.mark.reference
@every_preset
def test_transformers_count(config: ModelConfig) -> None:
    """transformers builds the contact head, and since version 5 no position table."""
    theirs = EsmConfig(
        vocab_size=config.vocab_size,
        pad_token_id=PAD_ID,
        mask_token_id=MASK_ID,
        hidden_size=config.hidden_width,
        num_hidden_layers=config.num_layers,
        num_attention_heads=config.num_heads,
        intermediate_size=config.feed_forward_width,
        position_embedding_type="rotary",
    )
    with torch.device("meta"):
        network = EsmForMaskedLM(theirs)
    count = sum(
        parameter.numel()
        for name, parameter in network.named_parameters()
        if not name.endswith("position_embeddings.weight")
    )
    assert count == published_num_parameters(config) - (config.max_length + 2) * config.hidden_width
