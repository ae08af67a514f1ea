"""A pair network on disk: `config.json` of kind `pair_network`, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch

from mprna.model.checkpoint import load_module, save_module
from mprna.model.layout import PAIR_KIND
from mprna.model.pair_network import PairConfig, PairNetwork


def save_pair_network(network: PairNetwork, directory: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write a model directory, as `save_module`."""
    save_module(network, {"model": network.config.to_dict()}, directory, kind=PAIR_KIND, dtype=dtype)


def load_pair_network(directory: Path) -> PairNetwork:
    """The network of a directory; errors are those of `load_module`."""
    return load_module(directory, PAIR_KIND, lambda model: PairNetwork(PairConfig.from_dict(model)))
