"""Models in and out of Hugging Face: transformers' `EsmForMaskedLM` and upstream OmniGenome / MP-RNA."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from mprna.alphabet import VOCABULARY
from mprna.errors import ModelError, MprnaWarning, a_few
from mprna.files import read_json, write_json
from mprna.model.checkpoint import (
    TIED_WEIGHT,
    check_apart,
    load_checkpoint,
    read_tensors,
    save_checkpoint,
    write_tensors,
)
from mprna.model.config import ModelConfig
from mprna.model.hf_files import read_hf_tensors
from mprna.model.hf_layout import (
    EMBEDDING,
    UNUSED,
    config_from_hf,
    config_to_hf,
    key_table,
    modern_name,
    tensors_from_hf,
    tensors_to_hf,
    unused_tensors,
)
from mprna.model.layout import CONFIG_FILE, WEIGHTS_FILE
from mprna.model.network import MprnaModel
from mprna.tokenizer import Tokenizer

HEADS: Final = ("lm_head", "structure_head", "repair_head", "pair_head")

_SHARED: Final = ("encoder.", "lm_head.")
"""What `EsmForMaskedLM` has too; all else is exported to `HEADS_FILE`."""

HEADS_FILE: Final = "mprna_heads.safetensors"
"""Our heads that ESM has no room for, in an export, under our names; transformers leaves this file alone."""

UNTRAINED_SEED: Final = 0
"""Heads that a source lacks are initialised from this seed, so that an import is reproducible."""


def import_hf(source_dir: Path, target_dir: Path) -> None:
    """Write the model of a Hugging Face directory as a checkpoint of ours.

    Reads `model.safetensors` or `pytorch_model.bin`, sharded or not. Heads of which the source has nothing
    are freshly initialised, and a `MprnaWarning` names them.

    Raises:
        ModelError: files or tensors that are missing or damaged, or an architecture that is not ours.
    """
    check_apart(source_dir, target_dir)
    _check_vocabulary(source_dir / "vocab.txt")
    heads = _read_heads(source_dir)
    values = read_json(source_dir / CONFIG_FILE)
    tensors = read_hf_tensors(source_dir)
    try:
        config = config_from_hf(values, pair_width=_pair_width(heads))
        model, untrained = model_from_hf(tensors, config, heads=heads)
    except ModelError as error:
        raise ModelError(f"{source_dir}: {error}") from None
    if untrained:
        message = f"{source_dir} has no {', '.join(untrained)}: initialised at random, train before use"
        warnings.warn(MprnaWarning(message), stacklevel=2)
    save_checkpoint(model, target_dir)


def export_hf(model_dir: Path, target_dir: Path) -> None:
    """Write a checkpoint of ours so that `transformers.AutoModelForMaskedLM` and `AutoTokenizer` open it.

    No remote code is needed there. The heads that ESM does not have lie beside it in `HEADS_FILE`, from
    which `import_hf` takes them back.

    Raises:
        ModelError: `model_dir` holds no readable checkpoint, or `target_dir` is that directory.
    """
    check_apart(model_dir, target_dir)
    model = load_checkpoint(model_dir)
    ours = {name: tensor for name, tensor in model.state_dict().items() if name != TIED_WEIGHT}
    shared = {name: tensor for name, tensor in ours.items() if name.startswith(_SHARED)}
    heads = {name: tensor for name, tensor in ours.items() if name not in shared}
    target_dir.mkdir(parents=True, exist_ok=True)
    theirs = tensors_to_hf(shared, model.config) | unused_tensors(model.config)
    write_tensors(theirs, target_dir / WEIGHTS_FILE)
    write_tensors(heads, target_dir / HEADS_FILE)
    Tokenizer().save(target_dir)
    write_json(config_to_hf(model.config), target_dir / CONFIG_FILE)


def model_from_hf(
    tensors: dict[str, Tensor], config: ModelConfig, *, heads: dict[str, Tensor]
) -> tuple[MprnaModel, list[str]]:
    """A network with the weights of a Hugging Face state dict.

    Args:
        tensors: under their names, with any prefix of the encoder.
        heads: further tensors, under our names.

    Returns:
        the network, and the names of the heads that the source lacks.

    Raises:
        ModelError: tensors that do not fit `config`, or an encoder or head that is not whole.
    """
    tensors = {modern_name(name): tensor for name, tensor in tensors.items()}
    base = _encoder_prefix(tensors)
    _check_tied(tensors, base)
    _check_leftovers(tensors, config, base)
    _check_whole(tensors, config, base)
    model = _untrained_model(config)
    _check_heads(heads, model)
    untrained = _fill(model, tensors_from_hf(tensors, config, base) | heads)
    return model.eval(), untrained


def _untrained_model(config: ModelConfig) -> MprnaModel:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(UNTRAINED_SEED)
        return MprnaModel(config)


def _fill(model: MprnaModel, found: dict[str, Tensor]) -> list[str]:
    """Load the encoder, and each head that is there as a whole.

    Returns:
        the heads that are not.
    """
    state = model.state_dict()
    untrained = []
    for part in ("encoder", *HEADS):
        names = [name for name in state if name.startswith(f"{part}.") and name != TIED_WEIGHT]
        unfit = [name for name in names if name not in found or found[name].shape != state[name].shape]
        if not unfit:
            state.update((name, found[name]) for name in names)
        elif part == "encoder":
            raise ModelError(f"no tensor for {unfit[0]} of the shape that config.json asks for")
        else:
            untrained.append(part)
    state[TIED_WEIGHT] = state["encoder.embedding.weight"]
    model.load_state_dict(state)
    return untrained


def _check_whole(tensors: dict[str, Tensor], config: ModelConfig, base: str) -> None:
    """The structure head, whose names other architectures use for other things, may be there in part."""
    table = key_table(config.num_layers, base).items()
    for part in ("encoder.", "lm_head."):
        names = [name for ours, theirs in table if ours.startswith(part) for name in theirs]
        missing = [name for name in names if name not in tensors]
        if missing and (part == "encoder." or len(missing) < len(names)):
            raise ModelError(f"the weights lack {a_few(missing)}")


def _check_heads(heads: dict[str, Tensor], model: MprnaModel) -> None:
    present = {name.partition(".")[0] for name in heads}
    names = [name for name in model.state_dict() if name != TIED_WEIGHT and name.partition(".")[0] in present]
    if missing := [name for name in names if name not in heads]:
        raise ModelError(f"{HEADS_FILE} lacks {a_few(missing)}")


def _check_leftovers(tensors: dict[str, Tensor], config: ModelConfig, base: str) -> None:
    """A tensor of theirs inside the encoder that we have no place for changes what the network computes."""
    known = {name for theirs in key_table(config.num_layers, base).values() for name in theirs}
    inside = (f"{base}encoder.", f"{base}embeddings.")
    for name in tensors:
        if name.startswith(inside) and name not in known and not UNUSED.search(name):
            raise ModelError(f"{name} has no place in our encoder")


def _check_tied(tensors: dict[str, Tensor], base: str) -> None:
    embedding = tensors[base + EMBEDDING]
    if not torch.equal(tensors.get(TIED_WEIGHT, embedding), embedding):
        raise ModelError(f"{TIED_WEIGHT} differs from the embedding; our network ties the two")


def _encoder_prefix(tensors: dict[str, Tensor]) -> str:
    prefixes = [name.removesuffix(EMBEDDING) for name in tensors if name.endswith(EMBEDDING)]
    if len(prefixes) != 1:
        raise ModelError(f"{len(prefixes)} tensors *{EMBEDDING}, expected one; is this an ESM model?")
    return prefixes[0]


def _read_heads(source_dir: Path) -> dict[str, Tensor]:
    path = source_dir / HEADS_FILE
    return read_tensors(path) if path.exists() else {}


def _pair_width(heads: dict[str, Tensor]) -> int:
    query = heads.get("pair_head.query.weight")
    return ModelConfig.pair_width if query is None else len(query)


def _check_vocabulary(path: Path) -> None:
    if path.exists() and path.read_text("utf-8", "replace").split() != list(VOCABULARY):
        raise ModelError(f"{path}: not the published vocabulary of MP-RNA")
