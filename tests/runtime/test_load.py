"""From a name to an engine."""

from __future__ import annotations

import shutil

import pytest

import mprna
from mprna.errors import MissingExtraError, ModelError, UsageError
from mprna.runtime import load as load_module
from mprna.runtime.load import load
from mprna.runtime.onnx import OnnxEngine
from mprna.runtime.torch import TorchEngine


def test_the_default_model_runs_on_onnx(mprna_home):
    engine = mprna.load()
    assert isinstance(engine, OnnxEngine)
    assert engine.max_length == 1024


def test_a_checkpoint_without_a_graph_runs_on_torch(nano_model, tmp_path):
    checkpoint = shutil.copytree(nano_model, tmp_path / "checkpoint")
    for name in ("model.onnx", "manifest.json"):
        (checkpoint / name).unlink()
    assert isinstance(load(checkpoint), TorchEngine)
    with pytest.raises(ModelError, match="models export"):
        load(checkpoint, backend="onnx")


def test_the_backend_can_be_chosen(nano_model):
    assert isinstance(load(nano_model, backend="torch"), TorchEngine)
    with pytest.raises(UsageError, match="backend 'tf'; expected one of auto, onnx, torch"):
        load(nano_model, backend="tf")


@pytest.mark.parametrize("device", ["cuda:99", "toaster"])
def test_a_device_that_is_not_there_is_told(nano_model, device):
    with pytest.raises(UsageError, match=f"device '{device}'"):
        load(nano_model, device=device)


def test_onnx_runs_on_the_cpu_and_in_one_thread_at_least(nano_model):
    with pytest.raises(UsageError, match="device 'cuda': the onnx backend runs on the CPU"):
        load(nano_model, backend="onnx", device="cuda")
    with pytest.raises(UsageError, match="num_threads 0; expected 1 or more"):
        load(nano_model, num_threads=0)


def test_an_unknown_type_is_told(nano_model):
    with pytest.raises(UsageError, match="dtype 'int4': expected one of float32, bfloat16, float16"):
        TorchEngine(nano_model, dtype="int4")


def test_half_precision_is_close(nano_model):
    full = TorchEngine(nano_model).predict("GGGGAAAACCCC")
    half = TorchEngine(nano_model, dtype="bfloat16").predict("GGGGAAAACCCC")
    assert half.hidden_states.dtype == full.hidden_states.dtype
    assert abs(half.hidden_states - full.hidden_states).max() < 0.3


def test_without_torch_the_extra_is_named(nano_model, monkeypatch):
    monkeypatch.setattr(load_module, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[train\]'"):
        load(nano_model, backend="torch")
