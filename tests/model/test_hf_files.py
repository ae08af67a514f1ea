"""One state dict in every file format of Hugging Face, and damaged ones."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mprna.errors import ModelError
from mprna.model.hf_files import read_hf_tensors

TENSORS = {"a": torch.arange(4.0), "b": torch.ones(2, 3).half(), "c": torch.zeros(1).bfloat16()}

Save = Callable[[dict[str, Tensor], Path], None]
FORMATS = pytest.mark.parametrize(
    ("name", "save"),
    [("model.safetensors", save_file), ("pytorch_model.bin", torch.save)],
    ids=["safetensors", "bin"],
)


def write_index(directory: Path, name: str, shard_of: object) -> None:
    (directory / f"{name}.index.json").write_text(json.dumps({"metadata": {}, "weight_map": shard_of}))


@FORMATS
def test_one_file(tmp_path: Path, name: str, save: Save) -> None:
    save(TENSORS, tmp_path / name)
    tensors = read_hf_tensors(tmp_path)
    assert {key: tensor.dtype for key, tensor in tensors.items()} == dict.fromkeys("abc", torch.float32)
    assert all(torch.equal(tensors[key], TENSORS[key].float()) for key in "abc")


@FORMATS
def test_shards(tmp_path: Path, name: str, save: Save) -> None:
    shard_of = {"a": "one", "b": "two", "c": "one"}
    for shard in ("one", "two"):
        save({key: TENSORS[key] for key in "abc" if shard_of[key] == shard}, tmp_path / shard)
    write_index(tmp_path, name, shard_of)
    tensors = read_hf_tensors(tmp_path)
    assert all(torch.equal(tensors[key], TENSORS[key].float()) for key in "abc")

    write_index(tmp_path, name, shard_of | {"d": "two"})
    with pytest.raises(ModelError, match="shards lack d"):
        read_hf_tensors(tmp_path)

    (tmp_path / "two").unlink()
    with pytest.raises(ModelError, match="two: no such file"):
        read_hf_tensors(tmp_path)


def test_safetensors_come_first(tmp_path: Path) -> None:
    save_file({"a": torch.ones(1)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.zeros(1)}, tmp_path / "pytorch_model.bin")
    assert read_hf_tensors(tmp_path)["a"] == 1


@pytest.mark.parametrize("shard_of", [None, [], {"a": 1}, {"a": "../elsewhere"}, {"a": "/etc/passwd"}])
def test_foreign_index(tmp_path: Path, shard_of: object) -> None:
    write_index(tmp_path, "model.safetensors", shard_of)
    with pytest.raises(ModelError, match="expected a weight_map"):
        read_hf_tensors(tmp_path)


def test_no_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no weights; expected model\.safetensors or pytorch_model\.bin"):
        read_hf_tensors(tmp_path)


@pytest.mark.parametrize("content", [b"", b"(", b"garbage" * 20, b"PK\x03\x04" + b"x" * 50])
@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_damaged(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: damaged weights"):
        read_hf_tensors(tmp_path)


@pytest.mark.parametrize("as_zip", [True, False])
def test_a_pickle_with_any_damage_is_read_or_refused(tmp_path: Path, as_zip: bool) -> None:
    path = tmp_path / "pytorch_model.bin"
    torch.save({"a": torch.ones(30)}, path, _use_new_zipfile_serialization=as_zip)
    whole, rng, refusals = path.read_bytes(), np.random.default_rng(0), []
    for _ in range(200):
        damaged = bytearray(whole[: rng.integers(len(whole))] if rng.random() < 0.5 else whole)
        for place in rng.integers(len(whole), size=3):
            damaged[place : place + 1] = rng.bytes(1)
        path.write_bytes(damaged)
        try:
            assert all(tensor.dtype == torch.float32 for tensor in read_hf_tensors(tmp_path).values())
        except ModelError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert all("pytorch_model.bin: " in refusal for refusal in refusals)


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("exploded",)


def test_code_in_a_pickle_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"a": Bomb()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="damaged weights"):
        read_hf_tensors(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Bomb(), protocol=2))
    with pytest.raises(ModelError, match="damaged weights"):
        read_hf_tensors(tmp_path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("content", [[torch.ones(1)], {"state_dict": {"a": torch.ones(1)}}, {"epoch": 3}])
def test_no_state_dict(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "pytorch_model.bin")
    with pytest.raises(ModelError, match="expected a dictionary of tensors"):
        read_hf_tensors(tmp_path)
