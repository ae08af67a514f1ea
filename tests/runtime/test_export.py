"""One weights file for two engines, and models in and out."""

from __future__ import annotations

import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from onnx.external_data_helper import load_external_data_for_model
from safetensors.numpy import load_file

from mprna.errors import ModelError, MprnaWarning
from mprna.leftovers import remove_abandoned
from mprna.model.checkpoint import TIED_WEIGHT, load_checkpoint
from mprna.runtime import export as export_module
from mprna.runtime.export import export_model, export_transformers, import_model
from mprna.runtime.onnx import OnnxEngine
from mprna.runtime.store import verify, write_manifest


@pytest.fixture(scope="module")
def graph(nano_model):
    return onnx.load(nano_model / "model.onnx", load_external_data=False)


def test_a_directory_is_complete_and_checks(nano_model):
    names = {path.name for path in nano_model.iterdir()}
    assert {"config.json", "manifest.json", "model.onnx", "model.safetensors", "vocab.txt"} <= names
    assert not [name for name in names if name.startswith(".")]
    verify(nano_model)


def test_the_graph_holds_no_weights(graph):
    inside = [t for t in graph.graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL]
    assert max(np.prod(tensor.dims) for tensor in inside) <= 24
    files = {
        entry.value for t in graph.graph.initializer for entry in t.external_data if entry.key == "location"
    }
    assert files == {"model.safetensors"}


def test_the_graph_points_at_the_bytes_of_each_weight(nano_model):
    graph = onnx.load(nano_model / "model.onnx", load_external_data=False)
    load_external_data_for_model(graph, str(nano_model))
    stored = load_file(nano_model / "model.safetensors")
    found = {
        tensor.name.removesuffix(".stored"): onnx.numpy_helper.to_array(tensor)
        for tensor in graph.graph.initializer
        if tensor.name.endswith(".stored")
    }
    found["encoder.embedding.weight"] = found.pop(TIED_WEIGHT)
    assert set(found) == set(stored)
    for name, array in stored.items():
        assert array.dtype == np.float16
        np.testing.assert_array_equal(found[name], array, err_msg=name)


def test_the_graph_takes_any_length_and_names_its_outputs(graph):
    (input_ids,) = graph.graph.input
    assert [d.dim_param or d.dim_value for d in input_ids.type.tensor_type.shape.dim] == [1, "num_tokens"]
    assert [output.name for output in graph.graph.output] == [
        "hidden_states",
        "lm_logits",
        "repair_logits",
        "structure_logits",
        "partner_logits",
    ]


def test_the_graph_tells_nothing_about_the_machine_that_wrote_it(nano_model):
    content = (nano_model / "model.onnx").read_bytes()
    assert b"/site-packages/" not in content
    assert b"network.py" not in content


def test_the_run_of_an_exported_model_gives_the_same_bytes(nano_model, tmp_path):
    """Rounding twice is rounding once, and importing what is ours is exporting it."""
    shutil.copytree(nano_model, tmp_path / "run" / "model")
    (tmp_path / "run" / "config.json").write_text('{"recipe": "smoke"}')
    import_model(tmp_path / "run", tmp_path / "again")
    verify(tmp_path / "again")
    for name in ("model.safetensors", "model.onnx", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (nano_model / name).read_bytes(), name


def test_a_checkpoint_is_not_exported_over_itself(nano_model):
    with pytest.raises(ModelError, match="choose another directory"):
        export_model(nano_model, nano_model)


def test_a_run_is_not_exported_over_itself(nano_model, tmp_path):
    shutil.copytree(nano_model, tmp_path / "run" / "model")
    (tmp_path / "run" / "config.json").write_text('{"recipe": "smoke"}')
    for export in (export_model, export_transformers, import_model):
        with pytest.raises(ModelError, match="choose another directory"):
            export(tmp_path / "run", tmp_path / "run")
    assert (tmp_path / "run" / "config.json").read_text() == '{"recipe": "smoke"}'


def test_a_damaged_model_is_not_exported(nano_model, tmp_path):
    shutil.copytree(nano_model, tmp_path / "damaged")
    weights = tmp_path / "damaged" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100] + bytes(100))
    for export in (export_model, export_transformers, import_model):
        with pytest.raises(ModelError, match="SHA-256 differs"):
            export(tmp_path / "damaged", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_takes_the_place_of_another_whole(nano_model, tmp_path, monkeypatch):
    """The earlier card goes, notes of others stay, and what is stopped leaves the earlier model."""
    target = tmp_path / "out"
    shutil.copytree(nano_model, target)
    (target / "README.md").write_text("the card of another model")
    write_manifest(target)
    (target / "notes.txt").write_text("mine")
    with monkeypatch.context() as patched:
        patched.setattr(export_module, "write_manifest", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            export_model(nano_model, target)
    verify(target)
    assert (target / "README.md").exists()
    export_model(nano_model, target)
    verify(target)
    assert not (target / "README.md").exists()
    assert (target / "notes.txt").read_text() == "mine"
    assert "notes.txt" not in (target / "manifest.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_a_killed_export_left_is_removed(nano_model, tmp_path):
    code = (
        "import os, sys, mprna.runtime.export as e; from pathlib import Path; "
        "e.save_checkpoint = lambda *_, **__: os.kill(os.getpid(), 9); "
        "e.export_model(*map(Path, sys.argv[1:]))"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(nano_model), str(tmp_path / "out")])
    assert (killed.returncode, len(list((tmp_path / "out").iterdir()))) == (-9, 1)
    export_model(nano_model, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        path.name for path in nano_model.iterdir()
    }


def test_a_manifest_removes_nothing_elsewhere(nano_model, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    (tmp_path / "out").mkdir()
    write_manifest(tmp_path / "out")
    text = (tmp_path / "out" / "manifest.json").read_text()
    (tmp_path / "out" / "manifest.json").write_text(text.replace("{}", '{"../precious.txt": "0"}'))
    with pytest.raises(ModelError, match="names a file outside of its folder"):
        export_model(nano_model, tmp_path / "out")
    assert (tmp_path / "precious.txt").exists()


def _interrupted(directory):
    raise KeyboardInterrupt


def test_what_is_no_checkpoint_is_told(tmp_path):
    with pytest.raises(ModelError, match=r"(?i)config\.json: no such file"):
        export_model(tmp_path, tmp_path / "out")


def test_through_transformers_and_back(nano_model, tmp_path):
    export_transformers(nano_model, tmp_path / "hf")
    import_model(tmp_path / "hf", tmp_path / "back")
    verify(tmp_path / "back")
    before, after = load_checkpoint(nano_model).state_dict(), load_checkpoint(tmp_path / "back").state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_what_a_killed_import_left_is_removed(nano_model, tmp_path, monkeypatch):
    export_transformers(nano_model, tmp_path / "hf")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    code = (
        "import os, sys, tempfile, mprna.runtime.export as e; from pathlib import Path; "
        "tempfile.tempdir = sys.argv.pop(); e.export_model = lambda *_: os.kill(os.getpid(), 9); "
        "e.import_model(*map(Path, sys.argv[1:]))"
    )
    paths = [str(tmp_path / "hf"), str(tmp_path / "back"), str(scratch)]
    killed = subprocess.run([sys.executable, "-c", code, *paths])
    assert (killed.returncode, len(list(scratch.iterdir()))) == (-9, 1)
    remove_abandoned.cache_clear()
    import_model(tmp_path / "hf", tmp_path / "back")
    assert list(scratch.iterdir()) == []


def test_an_import_without_our_heads_warns(nano_model, tmp_path):
    export_transformers(nano_model, tmp_path / "hf")
    (tmp_path / "hf" / "mprna_heads.safetensors").unlink()
    with pytest.warns(MprnaWarning, match="train before use"):
        import_model(tmp_path / "hf", tmp_path / "back")
    assert OnnxEngine(tmp_path / "back").predict("ACGU").hidden_states.shape == (4, 48)
