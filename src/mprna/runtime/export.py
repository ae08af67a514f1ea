"""Checkpoints in and out: a directory for ONNX Runtime, and Hugging Face directories.

The weights are stored once, in float16: `model.onnx` holds the graph only, and its initializers are ONNX
external data that point into `model.safetensors`. Each is cast to float32 where the session loads it,
exactly as the torch engine does, so both engines compute with the same numbers.
"""

from __future__ import annotations

import json
import logging
import shutil
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any, NamedTuple

import onnx
import torch
from onnx import ModelProto, NodeProto, TensorProto, helper
from torch import Tensor, nn
from torch.export import Dim

from mprna.errors import ModelError
from mprna.files import read_json, replacing
from mprna.leftovers import remove_abandoned, writer
from mprna.model.checkpoint import (
    FORMAT,
    TIED_WEIGHT,
    check_apart,
    load_checkpoint,
    save_checkpoint,
)
from mprna.model.degradation import DegradationEnsemble
from mprna.model.degradation_checkpoint import load_degradation, save_degradation
from mprna.model.hf import export_hf, import_hf
from mprna.model.layout import (
    CARD_FILE,
    CONFIG_FILE,
    DEGRADATION_KIND,
    ENCODER_KIND,
    GRAPH_FILE,
    PAIR_KIND,
    TASK_KIND,
    WEIGHTS_FILE,
)
from mprna.model.network import MprnaModel, NetworkOutput
from mprna.model.pair_checkpoint import load_pair_network, save_pair_network
from mprna.model.pair_network import CELL, PairNetwork
from mprna.model.task_checkpoint import load_task_model, save_task_model
from mprna.runtime.store import files_of, kind_of, verify, write_manifest
from mprna.runtime.task import read_task

OPSET = 20
"""The first with an exact GELU of its own."""

_ONNX_TYPES = {"F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}


class _Span(NamedTuple):
    """Where a tensor's bytes lie in a safetensors file."""

    onnx_type: int
    offset: int
    length: int

    @classmethod
    def of_entry(cls, entry: dict[str, Any], start: int) -> _Span:
        """That of an entry of the header; the data begin at `start`."""
        first, last = entry["data_offsets"]
        return cls(_ONNX_TYPES[entry["dtype"]], start + first, last - first)


def export_model(source_dir: Path, target_dir: Path) -> None:
    """Write a model directory that both engines run: `config.json`, `model.safetensors` (float16),
    `model.onnx`, the tokenizer's files and `manifest.json`.

    Args:
        source_dir: a checkpoint, or the run directory of `mprna pretrain` or `mprna finetune`.

    Raises:
        ModelError: `source_dir` holds no readable checkpoint, files that differ from their manifest, or
            `target_dir` is that directory.
    """
    checkpoint_dir = _source(source_dir, target_dir)
    kind = kind_of(checkpoint_dir)
    if kind == PAIR_KIND:
        export_pair_network(load_pair_network(checkpoint_dir), target_dir)
    elif kind == DEGRADATION_KIND:
        export_degradation(load_degradation(checkpoint_dir), target_dir)
    elif kind == TASK_KIND:
        _export_task_model(checkpoint_dir, target_dir)
    else:
        _export_encoder(checkpoint_dir, target_dir)


def _export_encoder(checkpoint_dir: Path, target_dir: Path) -> None:
    model = load_checkpoint(checkpoint_dir)
    with _staged(target_dir) as staging:
        save_checkpoint(model, staging, dtype=torch.float16)
        _finish(_trace(load_checkpoint(staging)), staging)  # the rounded weights


def export_pair_network(network: PairNetwork, target_dir: Path) -> None:
    """Write a pair network as a model directory, as `export_model` does with a checkpoint."""
    with _staged(target_dir) as staging:
        save_pair_network(network, staging, dtype=torch.float16)
        _finish(_trace_pairs(load_pair_network(staging)), staging)


def export_degradation(ensemble: DegradationEnsemble, target_dir: Path) -> None:
    """Write a degradation ensemble as a model directory, as `export_model` does with a checkpoint."""
    with _staged(target_dir) as staging:
        save_degradation(ensemble, staging, dtype=torch.float16)
        _finish(_trace_degradation(load_degradation(staging)), staging)


def _export_task_model(checkpoint_dir: Path, target_dir: Path) -> None:
    read_task(checkpoint_dir)  # which refuses those that name pairs
    model = load_task_model(checkpoint_dir).merged()
    with _staged(target_dir) as staging:
        save_task_model(model, staging, dtype=torch.float16)
        if (checkpoint_dir / CARD_FILE).is_file():
            shutil.copy(checkpoint_dir / CARD_FILE, staging)
        _finish(_trace_task(load_task_model(staging)), staging)


def export_transformers(source_dir: Path, target_dir: Path) -> None:
    """Write what plain `transformers.AutoModelForMaskedLM` opens.

    Raises:
        ModelError: as `export_model`, or a model of another kind than a checkpoint.
    """
    checkpoint_dir = _source(source_dir, target_dir)
    if (kind := kind_of(checkpoint_dir)) != ENCODER_KIND:
        raise ModelError(
            f"{checkpoint_dir}: a model of kind {kind!r}; transformers opens pretrained ones only"
        )
    export_hf(checkpoint_dir, target_dir)


def import_model(source_dir: Path, target_dir: Path) -> None:
    """Install a Hugging Face directory (published MP-RNA or OmniGenome, any `EsmForMaskedLM` with our
    vocabulary), or a checkpoint of ours, as `target_dir`.

    Heads that the source lacks are initialised at random, with a `MprnaWarning`.

    Raises:
        ModelError: files that are missing or damaged, or of an architecture that is not ours.
    """
    if _is_ours(source_dir):
        export_model(source_dir, target_dir)
        return
    remove_abandoned(Path(gettempdir()))
    with TemporaryDirectory(prefix=".import.", suffix=writer()) as checkpoint_dir:
        import_hf(source_dir, Path(checkpoint_dir))
        export_model(Path(checkpoint_dir), target_dir)


def _source(directory: Path, target_dir: Path) -> Path:
    """The checkpoint to export, whole, and neither it nor its run being the target."""
    checkpoint_dir = _checkpoint_of(directory)
    for source_dir in (directory, checkpoint_dir):
        check_apart(source_dir, target_dir)
    verify(checkpoint_dir)
    return checkpoint_dir


@contextmanager
def _staged(target_dir: Path) -> Iterator[Path]:
    """A folder in the target, whose files become the model there when all are written, `config.json` last.

    So whatever stops the export, the target is no half model. Files of an earlier model that this one does
    not have, such as its card, are removed; others stay.
    """
    earlier = files_of(target_dir)
    target_dir.mkdir(parents=True, exist_ok=True)
    remove_abandoned(target_dir)
    with TemporaryDirectory(dir=target_dir, prefix=".export.", suffix=writer()) as folder:
        staging = Path(folder) / "model"
        yield staging
        names = {path.name for path in staging.iterdir()}
        for name in {CONFIG_FILE, *earlier} - (names - {CONFIG_FILE}):
            (target_dir / name).unlink(missing_ok=True)
        for name in sorted(names, key=CONFIG_FILE.__eq__):
            (staging / name).replace(target_dir / name)


def _checkpoint_of(directory: Path) -> Path:
    """The checkpoint itself, where `directory` is a training run."""
    return directory / "model" if (directory / "model" / CONFIG_FILE).is_file() else directory


def _is_ours(directory: Path) -> bool:
    try:
        config = read_json(_checkpoint_of(directory) / CONFIG_FILE)
    except ModelError:
        return False
    return config.get("format") == FORMAT["format"]


def _trace(model: MprnaModel) -> ModelProto:
    """One sequence of any length to the five outputs of the network."""
    example = torch.arange(64)[None] % 4 + 4
    return _to_onnx(model, (example,), {"input_ids": {1: "num_tokens"}}, NetworkOutput._fields)


def _trace_task(model: nn.Module) -> ModelProto:
    """One sequence of any length to what the head says of it."""
    example = torch.arange(64)[None] % 4 + 4
    return _to_onnx(model, (example,), {"input_ids": {1: "num_tokens"}}, ("outputs",))


def _trace_pairs(network: PairNetwork) -> ModelProto:
    """One sequence of any even length and its prior to the log-odds of every pair."""
    length = CELL * Dim("num_cells", min=2)
    example = (torch.arange(64)[None] % 4, torch.zeros(1, 64, 64), torch.ones(1))
    shapes = {"bases": {1: length}, "prior": {1: length, 2: length}, "has_prior": {}}
    network.in_batch = False
    return _to_onnx(network, example, shapes, ("log_odds",))


def _trace_degradation(ensemble: DegradationEnsemble) -> ModelProto:
    """One sequence of any length and its pair probabilities to means and standard deviations."""
    length = Dim("num_nucleotides", min=1)
    example = (torch.arange(64)[None] % 4, torch.zeros(1, 64, 64))
    return _to_onnx(
        ensemble, example, {"bases": {1: length}, "probs": {1: length, 2: length}}, ("mean", "sd")
    )


def _to_onnx(
    model: nn.Module, example: tuple[Tensor, ...], shapes: dict[str, Any], outputs: tuple[str, ...]
) -> ModelProto:
    """The graph of a model; `shapes` names its inputs and their dynamic axes."""
    with _quiet():
        program = torch.onnx.export(
            model,
            example,
            dynamo=True,
            optimize=False,  # would fold the weights into new constants; the session does that at load
            opset_version=OPSET,
            dynamic_shapes=shapes,
            input_names=list(shapes),
            output_names=list(outputs),
            verbose=False,
        )
    if program is None:
        raise RuntimeError("torch.onnx.export returned nothing")
    return program.model_proto


def _finish(graph: ModelProto, target_dir: Path) -> None:
    """Write the graph over the weights that are there, then the manifest."""
    # safetensors writes for its user only.
    shutil.copymode(target_dir / CONFIG_FILE, target_dir / WEIGHTS_FILE)
    _point_into_weights(graph, _spans(target_dir / WEIGHTS_FILE))
    _save(graph, target_dir / GRAPH_FILE)
    write_manifest(target_dir)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns about torchvision and about its own internals."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnx_ir", "onnxscript")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _spans(path: Path) -> dict[str, _Span]:
    """The byte span of every tensor; a safetensors file is a length, a JSON header, then the data."""
    with path.open("rb") as stream:
        (header_length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(header_length))
    start = 8 + header_length
    return {name: _Span.of_entry(entry, start) for name, entry in header.items() if name != "__metadata__"}


def _point_into_weights(graph: ModelProto, spans: dict[str, _Span]) -> None:
    """Replace every initializer that is a weight by external data and a cast to float32."""
    casts: list[NodeProto] = []
    for tensor in graph.graph.initializer:
        stored_name = "encoder.embedding.weight" if tensor.name == TIED_WEIGHT else tensor.name
        if stored_name in spans:
            casts.append(_make_external(tensor, spans[stored_name]))
    nodes = [*casts, *graph.graph.node]
    del graph.graph.node[:]
    graph.graph.node.extend(nodes)
    weights = {tensor.name for tensor in graph.graph.initializer} | {node.output[0] for node in casts}
    shapes = [value for value in graph.graph.value_info if value.name not in weights]
    del graph.graph.value_info[:]  # the stored tensors have another type than it says
    graph.graph.value_info.extend(shapes)  # without them ONNX Runtime changes layout at every sum


def _make_external(tensor: TensorProto, span: _Span) -> NodeProto:
    name = tensor.name
    tensor.ClearField("raw_data")
    tensor.name = f"{name}.stored"
    tensor.data_type = span.onnx_type
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", WEIGHTS_FILE), ("offset", span.offset), ("length", span.length)):
        tensor.external_data.add(key=key, value=str(value))
    return helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT)


def _save(graph: ModelProto, path: Path) -> None:
    for node in graph.graph.node:  # source lines and paths of the machine that exported
        del node.metadata_props[:]
        node.ClearField("doc_string")
    del graph.metadata_props[:]
    with replacing(path) as partial:
        partial.write_bytes(graph.SerializeToString())
        onnx.checker.check_model(str(partial))
