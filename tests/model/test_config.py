"""A config is what `config.json` says, and nothing else."""

from __future__ import annotations

import dataclasses
import json

import pytest

from mprna.errors import ModelError
from mprna.model.config import ModelConfig
from mprna.model.presets import PRESETS

SMALL = {"num_layers": 1, "hidden_width": 8, "num_heads": 2, "feed_forward_width": 16}


@pytest.mark.parametrize("config", PRESETS.values(), ids=PRESETS.keys())
def test_round_trip_through_json(config: ModelConfig) -> None:
    assert ModelConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_round_trip_of_every_field() -> None:
    config = ModelConfig(**SMALL, pair_width=3, max_length=50, token_dropout=False)
    assert ModelConfig.from_dict(config.to_dict()) == config
    assert list(config.to_dict()) == [field.name for field in dataclasses.fields(ModelConfig)]


def test_head_width() -> None:
    assert ModelConfig(**SMALL).head_width == 4


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"num_heads": 3}, "hidden_width 8 over 3 heads"),
        ({"hidden_width": 6}, "no even head width"),
        ({"num_heads": 0}, "num_heads must be a positive whole number, not 0"),
        ({"num_layers": -1}, "num_layers"),
        ({"hidden_width": "8"}, "hidden_width must be a positive whole number, not '8'"),
        ({"num_layers": 1.0}, "num_layers"),
        ({"pair_width": True}, "pair_width"),
        ({"token_dropout": None}, "token_dropout"),
        ({"vocab_size": 33}, "vocabulary of 33 tokens"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_impossible_values(change: dict[str, object], complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        ModelConfig.from_dict(SMALL | change)


def test_missing_field() -> None:
    with pytest.raises(ModelError, match="num_layers"):
        ModelConfig.from_dict({name: value for name, value in SMALL.items() if name != "num_layers"})
