"""A degradation ensemble on disk: `config.json` of kind `degradation`, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from mprna.files import write_json
from mprna.model.checkpoint import (
    CONFIG_FILE,
    FORMAT,
    WEIGHTS_FILE,
    read_model_dict,
    read_weights,
    write_weights,
)
from mprna.model.degradation import DegradationConfig, DegradationEnsemble

DEGRADATION_KIND: Final = "degradation"


def save_degradation(
    ensemble: DegradationEnsemble, directory: Path, *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a model directory; `config.json`, which makes it one, comes last."""
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(ensemble.state_dict(), directory / WEIGHTS_FILE, dtype=dtype)
    config = FORMAT | {"kind": DEGRADATION_KIND, "model": ensemble.config.to_dict()}
    write_json(config, directory / CONFIG_FILE)


def load_degradation(directory: Path) -> DegradationEnsemble:
    """The ensemble of a directory, in float32, ready for inference. Global random state is left alone.

    Raises:
        ModelError: missing, damaged or mismatching files, or a model of another kind.
    """
    config = DegradationConfig.from_dict(read_model_dict(directory, kind=DEGRADATION_KIND))
    with torch.random.fork_rng(devices=[]):
        ensemble = DegradationEnsemble(config)
    ensemble.load_state_dict(read_weights(directory / WEIGHTS_FILE, ensemble))
    return ensemble.eval()
