"""How much networks of transformers read, and what they cannot."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from mprna.bench.models.transformers_model import TransformersFeatures
from mprna.bench.models.transformers_tokens import Reader, Source
from mprna.errors import ModelError

MakeModel = Callable[..., Path]


@pytest.mark.parametrize(
    ("kind", "settings", "stated", "limit"),
    [
        ("gpt2", {"n_positions": 12, "bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 1}, None, 12),
        ("bert", {"max_position_embeddings": 12, "pad_token_id": 3}, None, 12),
        ("bert", {"max_position_embeddings": 12}, 9, 9),
        ("roberta", {"max_position_embeddings": 12}, None, 10),
        ("roberta", {"max_position_embeddings": 12}, 12, 10),
        ("esm", {"max_position_embeddings": 12, "position_embedding_type": "absolute"}, None, 10),
    ],
)
def test_as_much_is_read_as_there_are_positions(
    kind: str, settings: dict[str, Any], stated: int | None, limit: int, make_transformers_model: MakeModel
) -> None:
    folder = make_transformers_model(kind, **settings)
    path = folder / "tokenizer_config.json"
    if stated:
        path.write_text(json.dumps(json.loads(path.read_text()) | {"model_max_length": stated}))
    reader = Reader(Source(str(folder)))
    long = "ACGU" * 10
    assert len(reader(reader.cut(long)).ids) == limit
    vectors = TransformersFeatures(Source(str(folder)))(long)
    assert len(vectors) == len(reader.cut(long))
    assert np.isfinite(vectors).all()


def test_networks_that_have_no_room_or_fewer_tokens_are_told(make_transformers_model: MakeModel) -> None:
    with pytest.raises(ModelError, match="reads 2 tokens, and 2 of them are special"):
        Reader(Source(str(make_transformers_model("bert", max_position_embeddings=2))))
    features = TransformersFeatures(Source(str(make_transformers_model("bert", vocab_size=6))))
    with pytest.raises(ModelError, match="the tokenizer gives token 8, but the network knows 6 tokens"):
        features("ACGU")


def test_weights_are_looked_for_by_what_the_network_reads(make_transformers_model: MakeModel) -> None:
    folder = make_transformers_model("bert", max_position_embeddings=6)
    tensors = load_file(folder / "model.safetensors")
    kept = {name: tensor for name, tensor in tensors.items() if "pooler" not in name}
    assert len(kept) < len(tensors)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    assert len(TransformersFeatures(Source(str(folder)))("ACGU" * 3)) == len("ACGUAC")
