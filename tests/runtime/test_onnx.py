"""ONNX Runtime says what torch says; what cannot be loaded is told in one line."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mprna
from mprna.errors import ModelError
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.runtime.engine import Prediction
from mprna.runtime.onnx import OnnxEngine, OnnxPairEngine
from mprna.runtime.torch import TorchEngine

EXAMPLES = Path(__file__).parents[2] / "examples/rnas.fa"
WEIGHTS = Path(mprna.__file__).parent / "weights"
SHIPPED = [WEIGHTS / name / "config.json" for name in ("mini", "pair-fold")]  # those that fold


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGUN"), p=[0.24] * 4 + [0.04], size=length))


def largest_difference(one: Prediction, other: Prediction) -> float:
    fields = [field.name for field in dataclasses.fields(Prediction)]
    return max(float(np.abs(getattr(one, name) - getattr(other, name)).max()) for name in fields)


@pytest.mark.parametrize("length", [1, 2, 5, 76, 300, 1024, 1300])
def test_both_engines_give_the_same_numbers(nano_model, length):
    text = sequence(length)
    found, expected = OnnxEngine(nano_model).predict(text), TorchEngine(nano_model).predict(text)
    assert largest_difference(found, expected) < 1e-4


def test_outputs_have_the_shapes_and_types_of_the_protocol(nano_model):
    found = OnnxEngine(nano_model).predict(sequence(50))
    shapes = {f.name: getattr(found, f.name).shape for f in dataclasses.fields(found)}
    assert shapes == {
        "hidden_states": (50, 48),
        "lm_logits": (50, 24),
        "repair_logits": (50, 4),
        "structure_probs": (50, 3),
        "pair_band": (50, 50),
    }
    assert {getattr(found, name).dtype for name in shapes} == {np.dtype(np.float32)}
    np.testing.assert_allclose(found.structure_probs.sum(axis=1), 1.0, rtol=1e-5)


def test_an_answer_does_not_depend_on_what_was_asked_before(nano_model):
    engine = OnnxEngine(nano_model)
    first = engine.predict(sequence(80))
    engine.predict(sequence(700, seed=1))
    assert largest_difference(engine.predict(sequence(80)), first) == 0.0


def structures(model_dir: Path, backend: str, engine: str, texts: list[str]) -> list[str | None]:
    folder = Folder(FoldOptions(engine=engine, model=model_dir, backend=backend))
    return [folder(Record(name=text, sequence=text)).dot_bracket for text in texts]


@pytest.mark.parametrize("engine", ["model", "hybrid"])
def test_both_engines_give_the_same_structures(nano_model, engine):
    texts = [sequence(length, seed=length) for length in (12, 30, 76, 120, 200)]
    found = structures(nano_model, "onnx", engine, texts)
    assert found == structures(nano_model, "torch", engine, texts)
    assert any("(" in (dot_bracket or "") for dot_bracket in found)


def real_pieces(count: int) -> list[str]:
    """Pieces of 40 to 160 nt of the example RNAs."""
    whole = [record.sequence for record in read_records(EXAMPLES)]
    pieces = [
        text[start : start + length]
        for length in (40, 75, 110, 160)
        for text in whole
        for start in range(0, len(text) - length + 1, 20)
    ]
    assert len(pieces) >= count
    return pieces[:: len(pieces) // count][:count]


@pytest.mark.parametrize("config_path", SHIPPED, ids=lambda path: path.parent.name)
def test_both_engines_give_the_same_structures_with_shipped_weights(config_path):
    texts = real_pieces(200)
    for engine in ("model", "hybrid"):
        found = structures(config_path.parent, "onnx", engine, texts)
        assert found == structures(config_path.parent, "torch", engine, texts)


def test_a_checkpoint_without_a_graph_says_how_to_get_one(nano_model, tmp_path):
    model_dir = shutil.copytree(nano_model, tmp_path / "model")
    (model_dir / "model.onnx").unlink()
    with pytest.raises(ModelError, match=r"model\.onnx: no such file; write it with `mprna models export`"):
        OnnxEngine(model_dir)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x0a" * 50], ids=["empty", "text", "bytes"])
def test_a_damaged_graph_is_told_in_one_line(nano_model, tmp_path, content):
    model_dir = shutil.copytree(nano_model, tmp_path / "model")
    (model_dir / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="ONNX Runtime cannot load it") as error:
        OnnxEngine(model_dir)
    assert "\n" not in str(error.value)


def test_a_path_that_is_not_utf8_is_told(tmp_path):
    model_dir = Path(os.fsdecode(bytes(tmp_path / "model") + b"\xff"))
    try:
        shutil.copytree(WEIGHTS / "pair-fold", model_dir)
    except OSError:
        pytest.skip("this file system has UTF-8 names only")
    with pytest.raises(ModelError, match=r"^\S+model\\udcff/model\.onnx: .* not UTF-8; rename it$"):
        OnnxPairEngine(model_dir)


def test_truncated_weights_are_told(nano_model, tmp_path):
    model_dir = shutil.copytree(nano_model, tmp_path / "model")
    weights = model_dir / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(ModelError):
        OnnxEngine(model_dir)


def test_a_graph_of_another_kind_is_told(nano_model, tmp_path):
    model_dir = shutil.copytree(WEIGHTS / "pair-fold", tmp_path / "model")
    (model_dir / "config.json").write_bytes((nano_model / "config.json").read_bytes())
    with pytest.raises(ModelError, match=r"model\.onnx: takes bases, prior, has_prior; a model of the kind"):
        OnnxEngine(model_dir)


def test_nothing_is_reported_to_anybody(tmp_path):
    """ONNX Runtime's reports begin with an identifier in a file."""
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    environment = os.environ | places | {"PYTHONPATH": str(WEIGHTS.parents[1])}
    environment.pop("ORT_DISABLE_TELEMETRY", None)
    program = [sys.executable, "-c", "import mprna; print(mprna.fold('GGGGAAAACCCC').dot_bracket)"]
    shown = subprocess.run(program, env=environment, capture_output=True, text=True, check=True)
    assert shown.stdout == "((((....))))\n"
    assert list(tmp_path.rglob("*")) == []
