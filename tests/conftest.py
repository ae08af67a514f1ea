"""What every test shares: one thread, no hub, and reproducible property tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Before numpy, torch or transformers are imported anywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from hypothesis import settings

settings.register_profile("mprna", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("mprna")


@pytest.fixture(scope="session")
def nano_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory as it ships, with random weights and opinions about pairs."""
    import torch

    from mprna.model.checkpoint import save_checkpoint
    from mprna.model.network import MprnaModel
    from mprna.model.presets import PRESETS
    from mprna.runtime.export import export_model

    torch.manual_seed(7)
    model = MprnaModel(PRESETS["nano"])
    for parameter in model.parameters():
        parameter.data += 0.15 * torch.randn_like(parameter)
    checkpoint_dir = tmp_path_factory.mktemp("checkpoint")
    save_checkpoint(model, checkpoint_dir)
    model_dir = tmp_path_factory.mktemp("home") / "models" / "mini"
    export_model(checkpoint_dir, model_dir)
    shutil.copytree(model_dir, model_dir.with_name("mini-fold"))
    return model_dir


@pytest.fixture
def mprna_home(nano_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home in which both default models are `nano_model`."""
    home = nano_model.parents[1]
    monkeypatch.setenv("MPRNA_HOME", str(home))
    return home
