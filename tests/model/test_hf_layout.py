"""The tables are reversible, complete, and refuse what we cannot represent."""

from __future__ import annotations

import pytest
import torch
from transformers import EsmConfig, EsmForMaskedLM

from mprna.errors import ModelError
from mprna.model.checkpoint import TIED_WEIGHT
from mprna.model.config import ModelConfig
from mprna.model.hf_layout import (
    UNUSED,
    config_from_hf,
    config_to_hf,
    key_table,
    tensors_from_hf,
    tensors_to_hf,
    unused_tensors,
)
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS

PUBLISHED_52M = {
    "architectures": ["OmniGenomeForMaskedLM"],
    "attention_probs_dropout_prob": 0.0,
    "classifier_dropout": None,
    "emb_layer_norm_before": False,
    "hidden_act": "gelu",
    "hidden_dropout_prob": 0,
    "hidden_size": 480,
    "id2label": {"0": "(", "1": ")", "2": "."},
    "initializer_range": 0.02,
    "intermediate_size": 2400,
    "is_folding_model": False,
    "layer_norm_eps": 1e-05,
    "mask_token_id": 23,
    "max_position_embeddings": 1026,
    "model_type": "omnigenome",
    "num_attention_heads": 24,
    "num_hidden_layers": 16,
    "pad_token_id": 1,
    "position_embedding_type": "rotary",
    "token_dropout": True,
    "vocab_list": None,
    "vocab_size": 24,
}
"""Settings of the published OmniGenome-52M that describe its network."""


def test_no_name_occurs_twice() -> None:
    for base in ("esm.", "OmniGenome."):
        names = [name for theirs in key_table(16, base).values() for name in theirs]
        assert len(set(names)) == len(names)


def test_the_table_covers_all_but_our_own_heads(model: MprnaModel) -> None:
    ours = {name for name in model.state_dict() if name != TIED_WEIGHT}
    rest = ours - set(key_table(model.config.num_layers))
    assert {name.partition(".")[0] for name in rest} == {"repair_head", "pair_head"}
    assert set(key_table(model.config.num_layers)) <= ours


@pytest.mark.reference
def test_the_table_covers_transformers(nano: ModelConfig) -> None:
    theirs = set(EsmForMaskedLM(EsmConfig(**config_to_hf(nano))).state_dict()) - {TIED_WEIGHT}
    named = {name for theirs in key_table(nano.num_layers).values() for name in theirs}
    heads = {"dense.weight", "dense.bias", "classifier.weight", "classifier.bias"}
    assert named - theirs == heads
    assert all(UNUSED.search(name) for name in theirs - named)


def test_tensors_round_trip(model: MprnaModel) -> None:
    table = key_table(model.config.num_layers)
    ours = {name: tensor for name, tensor in model.state_dict().items() if name in table}
    theirs = tensors_to_hf(ours, model.config)
    again = tensors_from_hf(theirs | unused_tensors(model.config), model.config)
    assert again.keys() == ours.keys()
    assert all(torch.equal(again[name], tensor) for name, tensor in ours.items())


def test_query_key_value_are_rows(model: MprnaModel) -> None:
    name = "encoder.layers.1.attention.query_key_value.weight"
    theirs = tensors_to_hf({name: model.state_dict()[name]}, model.config)
    for part, row in (("query", 0), ("key", 48), ("value", 96)):
        tensor = theirs[f"esm.encoder.layer.1.attention.self.{part}.weight"]
        assert torch.equal(tensor, model.state_dict()[name][row : row + 48])


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS.keys())
def test_config_round_trip(config: ModelConfig) -> None:
    assert config_from_hf(config_to_hf(config), pair_width=config.pair_width) == config


@pytest.mark.reference
def test_config_round_trip_through_transformers(nano: ModelConfig) -> None:
    written = EsmConfig(**config_to_hf(nano)).to_dict()
    assert config_from_hf(written, pair_width=nano.pair_width) == nano


def test_published_config() -> None:
    assert config_from_hf(PUBLISHED_52M) == PRESETS["mprna-52m"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vocab_size", 33),
        ("pad_token_id", 0),
        ("mask_token_id", 32),
        ("position_embedding_type", "absolute"),
        ("rope_theta", 500_000.0),
        ("layer_norm_eps", 1e-12),
        ("emb_layer_norm_before", True),
        ("hidden_act", "relu"),
        ("is_decoder", True),
        ("add_cross_attention", True),
        ("is_folding_model", True),
        ("id2label", {"0": ".", "1": "(", "2": ")"}),
        ("id2label", {"x": "(", "y": ")", "z": "."}),
    ],
)
def test_what_we_cannot_represent(name: str, value: object) -> None:
    with pytest.raises(ModelError, match=f"{name} is .*our network needs"):
        config_from_hf(PUBLISHED_52M | {name: value})


@pytest.mark.parametrize("labels", [{"0": []}, {"0": "LABEL_0", "1": "LABEL_1"}, [1], None])
def test_other_labels_say_nothing(labels: object) -> None:
    assert config_from_hf(PUBLISHED_52M | {"id2label": labels}) == config_from_hf(PUBLISHED_52M)


@pytest.mark.parametrize("value", [None, "1026", 2, -5])
def test_impossible_number_of_positions(value: object) -> None:
    with pytest.raises(ModelError, match="max_length must be a positive whole number"):
        config_from_hf(PUBLISHED_52M | {"max_position_embeddings": value})


@pytest.mark.parametrize(
    "missing", ["position_embedding_type", "vocab_size", "layer_norm_eps", "mask_token_id"]
)
def test_transformers_defaults_are_not_ours(missing: str) -> None:
    """What transformers assumes for an absent setting is another network."""
    with pytest.raises(ModelError, match=missing):
        config_from_hf({name: value for name, value in PUBLISHED_52M.items() if name != missing})


def test_other_defaults() -> None:
    config = config_from_hf(
        {k: v for k, v in PUBLISHED_52M.items() if k not in ("hidden_act", "token_dropout")}
    )
    assert config == ModelConfig(
        num_layers=16, hidden_width=480, num_heads=24, feed_forward_width=2400, token_dropout=False
    )
    assert config_from_hf(PUBLISHED_52M | {"emb_layer_norm_before": None}) == PRESETS["mprna-52m"]
