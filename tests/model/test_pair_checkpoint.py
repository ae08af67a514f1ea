"""Pair networks on disk."""

from __future__ import annotations

import json

import pytest
import torch

from mprna.errors import ModelError
from mprna.model.checkpoint import load_checkpoint
from mprna.model.pair_checkpoint import load_pair_network, save_pair_network
from mprna.model.pair_network import PairConfig, PairNetwork

SMALL = PairConfig(num_layers=1, hidden_width=16, num_heads=2, feed_forward_width=16, cell_width=8)


def test_what_is_saved_is_loaded(tmp_path, shuffled):
    network = shuffled(PairNetwork(SMALL))
    save_pair_network(network, tmp_path)
    before = torch.random.get_rng_state()
    loaded = load_pair_network(tmp_path)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert loaded.config == SMALL
    assert not loaded.training
    expected = network.state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in loaded.state_dict().items())


def test_each_kind_is_told_from_the_other(tmp_path, nano_model):
    save_pair_network(PairNetwork(SMALL), tmp_path)
    with pytest.raises(ModelError, match="a model of kind 'pair_network'; expected 'mprna'"):
        load_checkpoint(tmp_path)
    with pytest.raises(ModelError, match="a model of kind 'mprna'; expected 'pair_network'"):
        load_pair_network(nano_model)


def test_weights_of_another_shape_are_told(tmp_path):
    save_pair_network(PairNetwork(SMALL), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    config["model"]["cell_width"] = 9
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="names or shapes do not fit"):
        load_pair_network(tmp_path)
