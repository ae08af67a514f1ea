"""What every test shares: one thread, no hub, reproducible properties, and what is left out without torch."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

# Before numpy, torch or transformers are imported anywhere.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from hypothesis import settings

from mprna.predict import degrade, embed, fold, repair, scan_work
from mprna.runtime.store import FOLDING_MODEL

settings.register_profile("mprna", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("mprna")


NEEDS_TORCH = re.compile(
    r"^(?:import|from) "
    r"(?:torch|transformers|safetensors|onnx|mprna\.(?:model|objectives|train|runtime\.torch))\b",
    re.MULTILINE,
)
"""Imports, at the top of a file, that fail without the extra `train`."""
WITHOUT_TORCH = find_spec("torch") is None
ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "src" / "mprna" / "weights"


@pytest.fixture
def turner_2004() -> None:
    """ViennaRNA's energy parameters are process-wide: tests that ask it directly start from its default."""
    import RNA

    RNA.params_load_RNA_Turner2004()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Without torch, files that import it, and folders whose conftest.py does (`make test-light`)."""
    file = collection_path / "conftest.py" if collection_path.is_dir() else collection_path
    if WITHOUT_TORCH and file.suffix == ".py" and file.exists() and NEEDS_TORCH.search(file.read_text()):
        return True
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without torch, tests that say they need it are skipped."""
    skip = pytest.mark.skip(reason="torch is not installed")
    for item in items if WITHOUT_TORCH else ():
        if item.get_closest_marker("torch"):
            item.add_marker(skip)


def shipped(name: str, target: Path) -> Path:
    """A copy of a model of the package, where there is no torch to make a small one."""
    shutil.copytree(WEIGHTS / name, target)
    return target


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest preset with random weights."""
    import torch

    from mprna.model.checkpoint import save_checkpoint
    from mprna.model.network import MprnaModel
    from mprna.model.presets import PRESETS

    directory = tmp_path_factory.mktemp("nano")
    torch.manual_seed(0)
    save_checkpoint(MprnaModel(PRESETS["nano"]), directory)
    return directory


@pytest.fixture(scope="session")
def nano_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory as it ships, with random weights and opinions about pairs."""
    model_dir = tmp_path_factory.mktemp("home") / "models" / "mini"
    if WITHOUT_TORCH:
        shipped("mini", model_dir)
        return shipped("mini", model_dir.with_name(FOLDING_MODEL)).with_name("mini")
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
    export_model(checkpoint_dir, model_dir)
    shutil.copytree(model_dir, model_dir.with_name(FOLDING_MODEL))
    return model_dir


@pytest.fixture
def mprna_home(nano_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home in which both default models are `nano_model`."""
    home = nano_model.parents[1]
    monkeypatch.setenv("MPRNA_HOME", str(home))
    forget_models()
    yield home
    forget_models()


def forget_models() -> None:
    """Models are kept by name, and this process gives one name to several."""
    for cached in (
        fold._cached_folder,
        embed._cached_engine,
        repair._cached_repairer,
        degrade._cached_engine,
        scan_work._cached_engine,
        scan_work._cached_folder,
    ):
        cached.cache_clear()


@pytest.fixture(scope="session")
def pair_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory of a small pair network, with random weights and opinions about pairs."""
    model_dir = tmp_path_factory.mktemp("pairs") / "pairs"
    if WITHOUT_TORCH:
        return shipped(FOLDING_MODEL, model_dir)
    return export_random_pairs(model_dir)


@pytest.fixture(scope="session")
def pretrained_pair_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with the encoder of a small language model beside it."""
    pytest.importorskip("torch")
    from mprna.model.config import ModelConfig

    encoder = ModelConfig(
        num_layers=1, hidden_width=16, num_heads=2, feed_forward_width=16, pair_width=8, max_length=64
    )
    return export_random_pairs(tmp_path_factory.mktemp("pairs") / "pretrained", pretrained=encoder)


def export_random_pairs(model_dir: Path, **sizes: Any) -> Path:
    import torch

    from mprna.model.pair_network import PairConfig, PairNetwork
    from mprna.runtime.export import export_pair_network

    small: dict[str, Any] = {"num_layers": 1, "hidden_width": 16, "num_heads": 2, "feed_forward_width": 16}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        network = PairNetwork(PairConfig(**small, cell_width=8, dilations=(1, 2), **sizes))
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
    network.bias.data.fill_(-1.0)
    export_pair_network(network, model_dir)
    return model_dir


def module_of(path: str) -> ModuleType:
    """A script as a module."""
    spec = spec_from_file_location(f"script_{Path(path).stem}", ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
