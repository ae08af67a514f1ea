"""The published sizes have the published numbers of parameters."""

from __future__ import annotations

import pytest
import torch
from transformers import EsmConfig, EsmForMaskedLM

from mprna.alphabet import MASK_ID, PAD_ID
from mprna.model.config import ModelConfig, published_num_parameters
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS

every_preset = pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS.keys())


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
