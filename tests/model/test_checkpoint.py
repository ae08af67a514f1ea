"""What is written is read again, and nothing else is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mprna.errors import ModelError
from mprna.model.checkpoint import (
    TIED_WEIGHT,
    load_checkpoint,
    read_config,
    save_checkpoint,
    save_tensors,
)
from mprna.model.network import MprnaModel

Batch = tuple[Tensor, Tensor]


@pytest.fixture
def directory(model: MprnaModel, tmp_path: Path) -> Path:
    save_checkpoint(model, tmp_path / "deep" / "model")
    return tmp_path / "deep" / "model"


def test_float32_round_trip_is_exact(model: MprnaModel, directory: Path, batch: Batch) -> None:
    loaded = load_checkpoint(directory)
    assert loaded.config == model.config == read_config(directory)
    assert not loaded.training
    assert loaded.lm_head.decoder.weight is loaded.encoder.embedding.weight
    with torch.inference_mode():
        assert all(torch.equal(a, b) for a, b in zip(model(*batch), loaded(*batch), strict=True))


def test_a_folder_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none/x: cannot write: No such file or directory"):
        save_tensors({"a": torch.zeros(3)}, tmp_path / "none" / "x")


def test_float16_round_trip(model: MprnaModel, tmp_path: Path) -> None:
    save_checkpoint(model, tmp_path, dtype=torch.float16)
    assert all(tensor.dtype == torch.float16 for tensor in load_file(tmp_path / "model.safetensors").values())
    loaded = load_checkpoint(tmp_path).state_dict()
    for name, tensor in model.state_dict().items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], tensor.half().float())


def test_files(directory: Path) -> None:
    names = {"config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json"}
    assert {path.name for path in directory.iterdir()} == names
    assert TIED_WEIGHT not in load_file(directory / "model.safetensors")


def test_overwriting_leaves_a_loaded_model_alone(model: MprnaModel, directory: Path) -> None:
    loaded = load_checkpoint(directory)
    before = loaded.pair_head.query.weight.clone()
    with torch.no_grad():
        model.pair_head.query.weight.add_(1)
    save_checkpoint(model, directory)
    assert torch.equal(loaded.pair_head.query.weight, before)
    assert torch.equal(load_checkpoint(directory).pair_head.query.weight, before + 1)


def test_loading_draws_no_random_numbers(directory: Path) -> None:
    state = torch.get_rng_state()
    load_checkpoint(directory)
    assert torch.equal(torch.get_rng_state(), state)


def change_config(directory: Path, **changes: object) -> None:
    path = directory / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_missing_file(directory: Path, name: str) -> None:
    (directory / name).unlink()
    with pytest.raises(ModelError, match=f"{name}: no such file"):
        load_checkpoint(directory)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"null"])
def test_damaged_config(directory: Path, content: bytes) -> None:
    (directory / "config.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"config\.json: (not JSON|expected a JSON object)"):
        load_checkpoint(directory)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format": "other"}, "mprna models import"),
        ({"format": None}, "not an MP-RNA model"),
        ({"version": 2}, "version 2, but this mprna reads 1"),
        ({"version": None}, "version None"),
        ({"version": "1"}, "version 1"),
        ({"model": None}, "no description of a model"),
        ({"model": []}, "no description of a model"),
        ({"model": {"num_layers": 2}}, "does not describe"),
    ],
)
def test_foreign_config(directory: Path, changes: dict[str, object], complaint: str) -> None:
    change_config(directory, **changes)
    with pytest.raises(ModelError, match=complaint):
        load_checkpoint(directory)


@pytest.mark.parametrize("keep", [0, 5, 100, -1])
def test_truncated_weights(directory: Path, keep: int) -> None:
    path = directory / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ModelError, match="damaged weights"):
        load_checkpoint(directory)


def test_weights_of_another_size(directory: Path) -> None:
    model = json.loads((directory / "config.json").read_text())["model"]
    change_config(directory, model=model | {"num_layers": 3})
    with pytest.raises(ModelError, match="do not fit"):
        load_checkpoint(directory)


@pytest.mark.parametrize("fault", ["missing", "surplus", "shape"])
def test_weights_that_do_not_fit(directory: Path, fault: str) -> None:
    path = directory / "model.safetensors"
    tensors = load_file(path)
    if fault == "missing":
        del tensors["repair_head.dense.bias"]
    elif fault == "surplus":
        tensors["colour"] = torch.zeros(1)
    else:
        tensors["repair_head.dense.bias"] = torch.zeros(3)
    save_file(tensors, path)
    with pytest.raises(ModelError, match="do not fit"):
        load_checkpoint(directory)


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_weights_are_for_those_whom_the_umask_lets_read(
    model: MprnaModel, tmp_path: Path, umask: int
) -> None:
    before = os.umask(umask)
    try:
        save_checkpoint(model, tmp_path / "saved")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "saved").iterdir()}
    assert modes == {0o666 & ~umask}
