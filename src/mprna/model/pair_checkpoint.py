"""A pair network on disk: `config.json` of kind `pair_network`, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from mprna.files import write_json
from mprna.model.checkpoint import (
    CONFIG_FILE,
    FORMAT,
    PAIR_KIND,
    WEIGHTS_FILE,
    read_model_dict,
    read_weights,
    write_weights,
)
from mprna.model.pair_network import PairConfig, PairNetwork

PAIR_FORMAT: Final = FORMAT | {"kind": PAIR_KIND}


def save_pair_network(network: PairNetwork, directory: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write a model directory; `config.json`, which makes it one, comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(network.state_dict(), directory / WEIGHTS_FILE, dtype=dtype)
    write_json(PAIR_FORMAT | {"model": network.config.to_dict()}, directory / CONFIG_FILE)


def load_pair_network(directory: Path) -> PairNetwork:
    """The network of a directory, in float32, ready for inference. Global random state is left alone.

    Raises:
        ModelError: missing, damaged or mismatching files, or a model of another kind.
    """
    config = PairConfig.from_dict(read_model_dict(directory, kind=PAIR_KIND))
    with torch.random.fork_rng(devices=[]):
        network = PairNetwork(config)
    network.load_state_dict(read_weights(directory / WEIGHTS_FILE, network))
    return network.eval()
