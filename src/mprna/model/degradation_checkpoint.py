"""A degradation ensemble on disk: `config.json` of kind `degradation`, and `model.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch

from mprna.model.checkpoint import load_module, save_module
from mprna.model.degradation import DegradationConfig, DegradationEnsemble
from mprna.model.layout import DEGRADATION_KIND


def save_degradation(
    ensemble: DegradationEnsemble, directory: Path, *, dtype: torch.dtype = torch.float32
) -> None:
    """Write a model directory, as `save_module`."""
    save_module(ensemble, {"model": ensemble.config.to_dict()}, directory, kind=DEGRADATION_KIND, dtype=dtype)


def load_degradation(directory: Path) -> DegradationEnsemble:
    """The ensemble of a directory; errors are those of `load_module`."""
    return load_module(
        directory, DEGRADATION_KIND, lambda model: DegradationEnsemble(DegradationConfig.from_dict(model))
    )
