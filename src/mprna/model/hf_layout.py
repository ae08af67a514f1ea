"""The Hugging Face layout of ESM as data: names of tensors and settings, read in both directions.

transformers' `EsmForMaskedLM` and upstream OmniGenome / MP-RNA name tensors alike but for the prefix of
the encoder, `esm.` or `OmniGenome.`, which is `{base}` here.
"""

from __future__ import annotations

import re
from typing import Any, Final

import torch
from torch import Tensor

from mprna.alphabet import EOS_ID, MASK_ID, PAD_ID, STRUCTURE_SYMBOLS, VOCABULARY
from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.encoder import LAYER_NORM_EPS
from mprna.model.network import INITIAL_STD
from mprna.model.rotary import rotary_frequencies

MODULES: Final[dict[str, tuple[str, ...]]] = {
    "encoder.layers.{layer}.attention_norm": ("{base}encoder.layer.{layer}.attention.LayerNorm",),
    "encoder.layers.{layer}.attention.query_key_value": (
        "{base}encoder.layer.{layer}.attention.self.query",
        "{base}encoder.layer.{layer}.attention.self.key",
        "{base}encoder.layer.{layer}.attention.self.value",
    ),
    "encoder.layers.{layer}.attention.output": ("{base}encoder.layer.{layer}.attention.output.dense",),
    "encoder.layers.{layer}.feed_forward_norm": ("{base}encoder.layer.{layer}.LayerNorm",),
    "encoder.layers.{layer}.feed_forward.expand": ("{base}encoder.layer.{layer}.intermediate.dense",),
    "encoder.layers.{layer}.feed_forward.contract": ("{base}encoder.layer.{layer}.output.dense",),
    "encoder.final_norm": ("{base}encoder.emb_layer_norm_after",),
    "lm_head.dense": ("lm_head.dense",),
    "lm_head.norm": ("lm_head.layer_norm",),
    "structure_head.dense": ("dense",),
    "structure_head.classifier": ("classifier",),
}
"""Our modules and theirs, each with `weight` and `bias`; several of theirs are stacked by rows in ours."""

TENSORS: Final[dict[str, tuple[str, ...]]] = {
    "encoder.embedding.weight": ("{base}embeddings.word_embeddings.weight",),
    "lm_head.decoder.bias": ("lm_head.bias",),
}
"""Tensors that do not come as such a pair."""

EMBEDDING: Final = "embeddings.word_embeddings.weight"

LEGACY_NAMES: Final = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
"""TensorFlow's names of a norm's parameters, which transformers 5.23 writes when it saves an ESM model."""

UNUSED: Final = re.compile(
    r"(embeddings\.position_embeddings\.weight|position_ids|inv_freq"
    r"|contact_head\.regression\.(weight|bias)|pooler\.dense\.(weight|bias))$"
)
"""What no computation of ours uses: position table, rotary frequencies, contact head and pooler."""

EXTRA_POSITIONS: Final = 2
"""Rows of their position table that no nucleotide uses."""

SIZES: Final[dict[str, tuple[str, int]]] = {
    "num_layers": ("num_hidden_layers", 12),
    "hidden_width": ("hidden_size", 768),
    "num_heads": ("num_attention_heads", 12),
    "feed_forward_width": ("intermediate_size", 3072),
    "max_length": ("max_position_embeddings", 1024 + EXTRA_POSITIONS),
}
"""Our field, theirs, and what transformers takes where `config.json` leaves it out."""

FIXED: Final[dict[str, tuple[object, object]]] = {
    "vocab_size": (len(VOCABULARY), None),
    "pad_token_id": (PAD_ID, None),
    "mask_token_id": (MASK_ID, None),
    "position_embedding_type": ("rotary", "absolute"),
    "rope_theta": (10_000.0, 10_000.0),
    "layer_norm_eps": (LAYER_NORM_EPS, 1e-12),
    "emb_layer_norm_before": (False, False),
    "hidden_act": ("gelu", "gelu"),
    "is_decoder": (False, False),
    "add_cross_attention": (False, False),
    "is_folding_model": (False, False),
}
"""Settings with one value that we can represent, and what transformers takes where it is left out."""


def key_table(num_layers: int, base: str = "esm.") -> dict[str, tuple[str, ...]]:
    """Every tensor name of ours with its names there.

    Args:
        base: prefix of their encoder.

    >>> key_table(1)["encoder.layers.0.feed_forward.expand.bias"]
    ('esm.encoder.layer.0.intermediate.dense.bias',)
    """
    pairs = {
        f"{ours}.{kind}": tuple(f"{name}.{kind}" for name in theirs)
        for ours, theirs in MODULES.items()
        for kind in ("weight", "bias")
    }
    return {
        ours.format(layer=layer): tuple(name.format(base=base, layer=layer) for name in theirs)
        for ours, theirs in (TENSORS | pairs).items()
        for layer in range(num_layers if "{layer}" in ours else 1)
    }


def tensors_to_hf(tensors: dict[str, Tensor], config: ModelConfig) -> dict[str, Tensor]:
    """Our tensors under their names; the inverse of `tensors_from_hf`."""
    table = key_table(config.num_layers)
    return {
        name: part.contiguous()
        for ours, tensor in tensors.items()
        for name, part in zip(table[ours], tensor.chunk(len(table[ours])), strict=True)
    }


def tensors_from_hf(tensors: dict[str, Tensor], config: ModelConfig, base: str = "esm.") -> dict[str, Tensor]:
    """Hugging Face's tensors under our names; tensors that are missing are left out."""
    return {
        ours: torch.cat([tensors[name] for name in theirs])
        for ours, theirs in key_table(config.num_layers, base).items()
        if _stackable(tensors, theirs)
    }


def _stackable(tensors: dict[str, Tensor], names: tuple[str, ...]) -> bool:
    return all(name in tensors for name in names) and len({tensors[name].shape for name in names}) == 1


def config_to_hf(config: ModelConfig) -> dict[str, Any]:
    """The `config.json` of transformers' `EsmForMaskedLM`."""
    sizes = {theirs: getattr(config, ours) for ours, (theirs, _) in SIZES.items()}
    sizes["max_position_embeddings"] += EXTRA_POSITIONS
    return {
        "architectures": ["EsmForMaskedLM"],
        "model_type": "esm",
        "dtype": "float32",
        **sizes,
        **{name: value for name, (value, _) in FIXED.items()},
        "token_dropout": config.token_dropout,
        "eos_token_id": EOS_ID,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "initializer_range": INITIAL_STD,
        "tie_word_embeddings": True,
    }


def config_from_hf(values: dict[str, Any], *, pair_width: int = ModelConfig.pair_width) -> ModelConfig:
    """Our architecture from their `config.json`, which knows nothing of the pair head.

    Raises:
        ModelError: a setting that our network does not have; the message names the first.
    """
    for name, (expected, absent) in FIXED.items():
        value = values.get(name, absent)
        if value != expected and not (expected is False and value is None):
            raise ModelError(f"config.json: {name} is {value!r}, our network needs {expected!r}")
    _check_labels(values)
    sizes = {ours: values.get(theirs, absent) for ours, (theirs, absent) in SIZES.items()}
    if type(sizes["max_length"]) is int:
        sizes["max_length"] -= EXTRA_POSITIONS
    token_dropout = bool(values.get("token_dropout", False))
    return ModelConfig.from_dict(sizes | {"token_dropout": token_dropout, "pair_width": pair_width})


def _check_labels(values: dict[str, Any]) -> None:
    labels = values.get("id2label")
    expected = dict(enumerate(STRUCTURE_SYMBOLS))
    if not isinstance(labels, dict) or sorted(map(str, labels.values())) != sorted(STRUCTURE_SYMBOLS):
        return
    if {str(index): label for index, label in labels.items()} != {
        str(i): label for i, label in expected.items()
    }:
        raise ModelError(f"config.json: id2label is {labels}, our network needs {expected}")


def unused_tensors(config: ModelConfig) -> dict[str, Tensor]:
    """What ESM's files hold besides; releases of transformers differ in what they miss or mind."""
    frequencies = rotary_frequencies(config.head_width, device=torch.device("cpu"))
    return {
        "esm.embeddings.position_embeddings.weight": torch.zeros(
            config.max_length + EXTRA_POSITIONS, config.hidden_width
        ),
        "esm.contact_head.regression.weight": torch.zeros(1, config.num_layers * config.num_heads),
        "esm.contact_head.regression.bias": torch.zeros(1),
    } | {
        f"esm.encoder.layer.{layer}.attention.self.rotary_embeddings.inv_freq": frequencies.clone()
        for layer in range(config.num_layers)
    }


def modern_name(name: str) -> str:
    """The name that Hugging Face uses today for a tensor with this name, which may be an old one."""
    for old, new in LEGACY_NAMES.items():
        name = name.replace(old, new)
    return name
