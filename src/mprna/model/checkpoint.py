"""A model on disk: `config.json`, `model.safetensors` and the tokenizer's files, in one directory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from mprna.errors import ModelError, a_few
from mprna.files import current_umask, read_json, replacing, write_json
from mprna.model.config import ModelConfig
from mprna.model.layout import CONFIG_FILE, ENCODER_KIND, WEIGHTS_FILE
from mprna.model.network import MprnaModel
from mprna.tokenizer import Tokenizer

FORMAT = {"format": "mprna-model", "version": 1}

TIED_WEIGHT = "lm_head.decoder.weight"
"""Shared with the embedding, so stored once, under the embedding's name."""

Module = TypeVar("Module", bound=nn.Module)


def save_checkpoint(model: MprnaModel, directory: Path, *, dtype: torch.dtype = torch.float32) -> None:
    """Write a model directory; float16 halves it and is what ships.

    Every file replaces its predecessor in one step, and `config.json`, which makes the directory a
    model, comes last.
    """
    write_checkpoint(model.config, model.state_dict(), directory, dtype=dtype)


def write_checkpoint(
    config: ModelConfig,
    state_dict: Mapping[str, Tensor],
    directory: Path,
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """`save_checkpoint`, of a model whose weights were collected from several processes."""
    directory.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor for name, tensor in state_dict.items() if name != TIED_WEIGHT}
    write_weights(weights, directory / WEIGHTS_FILE, dtype=dtype)
    Tokenizer().save(directory)
    write_json(FORMAT | {"model": config.to_dict()}, directory / CONFIG_FILE)


def load_checkpoint(directory: Path) -> MprnaModel:
    """The model of a directory, in float32, ready for inference. Global random state is left alone.

    Raises:
        ModelError: missing, damaged or mismatching files.
    """
    config = read_config(directory)
    with torch.random.fork_rng(devices=[]):
        model = MprnaModel(config)
    weights = read_weights(directory / WEIGHTS_FILE, model, skip=(TIED_WEIGHT,))
    model.load_state_dict(weights | {TIED_WEIGHT: weights["encoder.embedding.weight"]})
    return model.eval()


def save_module(
    module: nn.Module,
    config: Mapping[str, Any],
    directory: Path,
    *,
    kind: str,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a model directory of any kind; `config.json`, which makes it one, comes last.

    Args:
        config: what `config.json` says beside format and kind; its `model` is for `load_module`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_weights(module.state_dict(), directory / WEIGHTS_FILE, dtype=dtype)
    write_json({**FORMAT, "kind": kind, **config}, directory / CONFIG_FILE)


def load_module(directory: Path, kind: str, make: Callable[[dict[str, Any]], Module]) -> Module:
    """The model of a directory, in float32, ready for inference. Global random state is left alone.

    Args:
        make: the untrained model from the `model` part of `config.json`.

    Raises:
        ModelError: missing, damaged or mismatching files, or a model of another kind.
    """
    config = read_model_dict(directory, kind=kind)
    with torch.random.fork_rng(devices=[]):
        module = make(config)
    module.load_state_dict(read_weights(directory / WEIGHTS_FILE, module))
    return module.eval()


def read_config(directory: Path) -> ModelConfig:
    """The architecture of a model directory.

    Raises:
        ModelError: no `config.json`, a damaged one, or one that another program wrote.
    """
    return ModelConfig.from_dict(read_model_dict(directory, kind=ENCODER_KIND))


def read_model_dict(directory: Path, *, kind: str) -> dict[str, Any]:
    """The `model` part of `config.json`.

    Raises:
        ModelError: as `read_config`, or a model of another kind.
    """
    path = directory / CONFIG_FILE
    config = read_json(path)
    if config.get("format") != FORMAT["format"]:
        raise ModelError(f"{path}: not an MP-RNA model; Hugging Face files come in by `mprna models import`")
    if config.get("version") != FORMAT["version"]:
        raise ModelError(
            f"{path}: version {config.get('version')}, but this mprna reads {FORMAT['version']}; upgrade it"
        )
    if config.get("kind", ENCODER_KIND) != kind:
        raise ModelError(f"{path}: a model of kind {config.get('kind', ENCODER_KIND)!r}; expected {kind!r}")
    model = config.get("model")
    if not isinstance(model, dict):
        raise ModelError(f"{path}: no description of a model")
    return model


def check_apart(source_dir: Path, target_dir: Path) -> None:
    """Make sure that a model is not written over the one that it is made from.

    Raises:
        ModelError: both are the same directory.
    """
    if source_dir.resolve() == target_dir.resolve():
        raise ModelError(f"{target_dir}: choose another directory than the model's own")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file, in float32.

    Raises:
        ModelError: no such file, or a damaged one.
    """
    try:
        return {name: tensor.float() for name, tensor in load_file(path).items()}
    except FileNotFoundError:
        raise ModelError(f"{path}: no such file") from None
    except SafetensorError as error:
        raise ModelError(f"{path}: damaged weights ({error})") from None


def write_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """Write a safetensors file, whole or not at all; errors are those of `save_tensors`."""
    with replacing(path) as partial, _written_as(path):
        save_file(tensors, partial, metadata={"format": "pt"})
        partial.chmod(0o666 & ~current_umask())


def save_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """safetensors' `save_file`.

    Raises:
        ModelError: the disk is full, or there is no such folder.
    """
    with _written_as(path):
        save_file(tensors, path)
        path.chmod(0o666 & ~current_umask())  # safetensors lets nobody else read


@contextmanager
def _written_as(path: Path) -> Iterator[None]:
    try:
        yield
    except SafetensorError as error:
        reason = str(error).rpartition("I/O error: ")[2]
        raise ModelError(f"{path}: cannot write: {reason}") from error


def read_weights(path: Path, model: nn.Module, *, skip: Collection[str] = ()) -> dict[str, Tensor]:
    """The tensors of a safetensors file, in float32, after making sure that they are those of a model.

    Args:
        skip: names of the model that the file does not have.

    Raises:
        ModelError: no such file, a damaged one, or other names or shapes.
    """
    tensors = read_tensors(path)
    expected = {name: tensor.shape for name, tensor in model.state_dict().items() if name not in skip}
    found = {name: tensor.shape for name, tensor in tensors.items()}
    if unfit := sorted(name for name in found | expected if found.get(name) != expected.get(name)):
        raise ModelError(f"{path}: tensor names or shapes do not fit config.json ({a_few(unfit)})")
    return tensors


def write_weights(
    state_dict: Mapping[str, Tensor], path: Path, *, dtype: torch.dtype = torch.float32
) -> None:
    """The inverse of `read_weights`.

    Raises:
        ModelError: weights that this type cannot hold.
    """
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in state_dict.items()}
    if broken := [name for name, tensor in tensors.items() if not tensor.isfinite().all()]:
        raise ModelError(f"{path}: {broken[0]} has numbers that are not finite in {dtype}")
    write_tensors(tensors, path)
