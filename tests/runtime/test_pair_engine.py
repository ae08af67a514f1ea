"""Pair probabilities of a pair network: both engines, any length, and what must hold for any scores."""

from __future__ import annotations

import json
import shutil

import numpy as np
import onnx
import pytest

from mprna.alphabet import CANONICAL_PAIRS
from mprna.errors import ModelError
from mprna.runtime.export import export_model, export_transformers, import_model
from mprna.runtime.load import load, load_folding, load_pair_engine
from mprna.runtime.onnx import OnnxPairEngine
from mprna.runtime.pair_engine import PAIR_WINDOW, PairEngine, pair_input, pair_probs
from mprna.runtime.store import describe, kind_of, verify
from mprna.runtime.torch import TorchPairEngine


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGUN"), p=[0.24] * 4 + [0.04], size=length))


def prior(length: int, seed: int = 0) -> np.ndarray:
    probs = np.random.default_rng(seed).random((length, length), dtype=np.float32) ** 8
    return (probs + probs.T) / 2


def by_loops(text: str, logits: np.ndarray) -> np.ndarray:
    probs = np.zeros((len(text), len(text)))
    for i in range(len(text)):
        for j in range(len(text)):
            if abs(i - j) > 3 and text[i] + text[j] in CANONICAL_PAIRS:
                probs[i, j] = 1 / (1 + np.exp(-logits[i, j]))
    totals = np.maximum(probs.sum(axis=1), 1.0)
    return probs / np.maximum.outer(totals, totals)


# What goes in and what comes out


def test_an_odd_sequence_is_padded_and_a_prior_clipped():
    given = pair_input("ACGUN", np.array(np.eye(5)[::-1], dtype=np.float32))
    assert given.bases.tolist() == [0, 1, 2, 3, 4, 5]
    assert given.has_prior == 1.0
    high, low = np.log(0.999 / 0.001), np.log(0.001 / 0.999)
    expected = np.full((6, 6), low)
    expected[range(5), range(4, -1, -1)] = high
    np.testing.assert_allclose(given.prior, expected, rtol=1e-5)


def test_a_prior_of_another_shape_is_told():
    with pytest.raises(ValueError, match=r"prior of shape \(3, 3\), expected \(4, 4\)"):
        pair_input("ACGU", np.zeros((3, 3), dtype=np.float32))


@pytest.mark.parametrize("length", [1, 5, 17, 40])
def test_probabilities_are_those_of_the_definition(length):
    logits = np.random.default_rng(length).normal(scale=3.0, size=(length, length)).astype(np.float32)
    logits = logits + logits.T
    found = pair_probs(sequence(length), logits)
    np.testing.assert_allclose(found, by_loops(sequence(length), logits), atol=1e-6)
    assert found.dtype == np.float32


# Engines


@pytest.mark.parametrize("length", [1, 2, 5, 31, 64, 76, 151, 300])
@pytest.mark.parametrize("given", [True, False])
def test_both_engines_give_the_same_numbers(pair_model, length, given):
    text, probs = sequence(length), prior(length) if given else None
    found = OnnxPairEngine(pair_model).predict_pairs(text, probs)
    expected = TorchPairEngine(pair_model).predict_pairs(text, probs)
    assert abs(found - expected).max() < 1e-4
    assert found.shape == (length, length)
    np.testing.assert_allclose(found, found.T, atol=1e-7)
    assert found.sum(axis=1).max() <= 1 + 1e-5
    assert length < 30 or found.max() > 2 * found[found > 0].mean()


@pytest.mark.parametrize("length", [16, 31, 64, 151])
def test_both_engines_read_a_pretrained_encoder(pretrained_pair_model, pair_model, length):
    text, probs = sequence(length), prior(length)
    found = OnnxPairEngine(pretrained_pair_model).predict_pairs(text, probs)
    expected = TorchPairEngine(pretrained_pair_model).predict_pairs(text, probs)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert abs(found - OnnxPairEngine(pair_model).predict_pairs(text, probs)).max() > 0.01


def test_a_prior_matters(pair_model):
    engine = OnnxPairEngine(pair_model)
    text = sequence(60)
    assert abs(engine.predict_pairs(text, prior(60)) - engine.predict_pairs(text)).max() > 0.01


def test_an_answer_does_not_depend_on_what_was_asked_before(pair_model):
    engine = OnnxPairEngine(pair_model)
    first = engine.predict_pairs(sequence(80), prior(80))
    engine.predict_pairs(sequence(301, seed=1))
    np.testing.assert_array_equal(engine.predict_pairs(sequence(80), prior(80)), first)


# Loading


def test_the_kind_decides_what_is_loaded(pair_model, nano_model):
    assert isinstance(load_folding(pair_model), OnnxPairEngine)
    assert isinstance(load_folding(pair_model, backend="torch"), TorchPairEngine)
    assert not isinstance(load_folding(nano_model), PairEngine)
    assert load_folding(pair_model).max_length == PAIR_WINDOW < describe(pair_model).max_length


def test_each_loader_wants_its_kind(pair_model, nano_model):
    with pytest.raises(ModelError, match=r"a pair network, which has no hidden states; it works in `mprna f"):
        load(pair_model)
    with pytest.raises(ModelError, match="not a pair network"):
        load_pair_engine(nano_model)


def test_an_unknown_kind_is_told(pair_model, tmp_path):
    config = json.loads((pair_model / "config.json").read_text()) | {"kind": "crystal_ball"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="kind 'crystal_ball'; this mprna knows mprna, pair_network"):
        kind_of(tmp_path)


# Export


def test_the_graph_holds_no_weights_and_any_even_length(pair_model):
    graph = onnx.load(pair_model / "model.onnx", load_external_data=False).graph
    inside = [t for t in graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL]
    tables = [np.squeeze(onnx.numpy_helper.to_array(t)) for t in inside if np.prod(t.dims) > 24]
    assert all(np.array_equal(table, np.eye(len(table))) for table in tables)
    assert len(tables) <= 1  # of the sum that is written as a convolution
    shapes = {i.name: [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim] for i in graph.input}
    assert list(shapes) == ["bases", "prior", "has_prior"]
    assert "num_cells" in shapes["bases"][1]
    verify(pair_model)


@pytest.mark.parametrize("fixture", ["pair_model", "pretrained_pair_model"])
def test_exporting_or_importing_again_gives_the_same_bytes(fixture, request, tmp_path):
    source = request.getfixturevalue(fixture)
    export_model(source, tmp_path / "exported")
    import_model(source, tmp_path / "imported")
    for target in ("exported", "imported"):
        for name in ("config.json", "model.safetensors", "model.onnx", "manifest.json"):
            assert (tmp_path / target / name).read_bytes() == (source / name).read_bytes(), name


def test_there_is_no_transformers_model_of_it(pair_model, tmp_path):
    with pytest.raises(ModelError, match="a model of kind 'pair_network'"):
        export_transformers(pair_model, tmp_path / "hf")


def test_a_checkpoint_without_a_graph_runs_on_torch(pair_model, tmp_path):
    checkpoint = shutil.copytree(pair_model, tmp_path / "checkpoint")
    for name in ("model.onnx", "manifest.json"):
        (checkpoint / name).unlink()
    assert isinstance(load_pair_engine(checkpoint), TorchPairEngine)
