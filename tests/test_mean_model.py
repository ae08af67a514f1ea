"""The mean of several models, by `runs/mean_model.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
import mean_model  # noqa: E402

from mprna.model.checkpoint import load_checkpoint, save_checkpoint  # noqa: E402
from mprna.model.network import MprnaModel  # noqa: E402
from mprna.model.presets import PRESETS  # noqa: E402
from mprna.runtime.load import load  # noqa: E402


def test_every_weight_is_the_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [tmp_path / "a", tmp_path / "b", tmp_path / "c"]
    for seed, source in enumerate(sources):
        torch.manual_seed(seed)
        save_checkpoint(MprnaModel(PRESETS["nano"]), source)
    monkeypatch.setattr(sys, "argv", ["mean_model.py", *map(str, sources), "--out", str(tmp_path / "mean")])
    mean_model.main()

    states = [load_checkpoint(source).state_dict() for source in sources]
    for name, mean in load_checkpoint(tmp_path / "mean").state_dict().items():
        of_all = sum(state[name] for state in states) / len(states)
        assert torch.allclose(mean, of_all, atol=1e-3), name
    load(tmp_path / "mean")  # by the engine that users have
