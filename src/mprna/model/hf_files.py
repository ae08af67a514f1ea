"""Tensors of a Hugging Face model directory, whichever of its file formats it uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from mprna.errors import ModelError, first_line
from mprna.files import read_json
from mprna.model.checkpoint import read_tensors
from mprna.model.layout import WEIGHTS_FILE


def read_hf_tensors(directory: Path) -> dict[str, Tensor]:
    """All tensors by name, in float32, from one file or from shards with an index.

    Raises:
        ModelError: no weights, damaged ones, or a shard that is missing.
    """
    for name, read in READERS.items():
        if (directory / name).exists():
            return read(directory / name)
        index_path = directory / f"{name}.index.json"
        if index_path.exists():
            return _read_shards(index_path, read)
    raise ModelError(f"{directory}: no weights; expected {' or '.join(READERS)}")


def _read_shards(index_path: Path, read: Callable[[Path], dict[str, Tensor]]) -> dict[str, Tensor]:
    shard_of = read_json(index_path).get("weight_map")
    if not isinstance(shard_of, dict) or not all(_is_file_name(name) for name in shard_of.values()):
        raise ModelError(f"{index_path}: expected a weight_map from tensors to files beside it")
    tensors: dict[str, Tensor] = {}
    for name in sorted(set(shard_of.values())):
        tensors |= read(index_path.with_name(name))
    missing = sorted(set(shard_of) - set(tensors))
    if missing:
        raise ModelError(f"{index_path}: its shards lack {missing[0]}")
    return tensors


def _is_file_name(value: object) -> bool:
    return isinstance(value, str) and Path(value).name == value


def _read_pickle(path: Path) -> dict[str, Tensor]:
    """A `torch.save` file, read by PyTorch's restricted unpickler, which runs no code of the file."""
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file") from None
    except Exception as error:  # a damaged pickle may raise nearly anything
        raise ModelError(f"{path}: damaged weights ({first_line(error)})") from None
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise ModelError(f"{path}: expected a dictionary of tensors")
    return {name: tensor.float() for name, tensor in content.items()}


READERS: Final[dict[str, Callable[[Path], dict[str, Tensor]]]] = {
    WEIGHTS_FILE: read_tensors,
    "pytorch_model.bin": _read_pickle,
}
"""File name and reader, the preferred one first."""
