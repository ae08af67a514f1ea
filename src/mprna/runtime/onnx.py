"""The default engine: ONNX Runtime, no torch needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    RuntimeException,
)

from mprna.errors import ModelError, first_line
from mprna.model.layout import CONFIG_FILE, GRAPH_FILE
from mprna.rna.bases import base_ids
from mprna.runtime import windows
from mprna.runtime.degradation_engine import Degradation
from mprna.runtime.engine import BaseLogits, FloatArray, IntArray, Prediction
from mprna.runtime.masked import base_logits
from mprna.runtime.pair_engine import PAIR_WINDOW, pair_input, pair_probs
from mprna.runtime.store import ModelInfo, describe
from mprna.runtime.task import read_task, task_answer, task_input
from mprna.runtime.windows import NetworkArrays
from mprna.tokenizer import TokenIds

_FATAL_ONLY = 4  # errors are raised, and need no log beside
_NO_MEMORY: Final = re.compile(r"allocate memory|bad_alloc")
_LOAD_ERRORS = (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, RuntimeException)


class OnnxEngine:
    """Runs `model.onnx` of a model directory on the CPU.

    Args:
        num_threads: per sequence. With one thread an answer is the same on every machine with the same
            instruction set; with more it may differ in the last bits.

    Raises:
        ModelError: no `model.onnx`, or one that does not load.
    """

    def __init__(self, model_dir: Path, *, num_threads: int = 1) -> None:
        self.max_length: int = describe(model_dir).max_length
        self._session = _open_session(model_dir / GRAPH_FILE, num_threads, ["input_ids"])

    def predict(self, sequence: str) -> Prediction:
        return windows.predict(self._run, sequence, self.max_length)

    def _run(self, input_ids: TokenIds) -> NetworkArrays:
        outputs = _outputs(self._session, NetworkArrays._fields, {"input_ids": input_ids[None]})
        return NetworkArrays(*(output[0] for output in outputs))

    def base_logits(self, sequence: str, masked: IntArray) -> BaseLogits:
        return base_logits(self._run_bases, sequence, masked, self.max_length)

    def _run_bases(self, input_ids: TokenIds) -> tuple[FloatArray, FloatArray]:
        names = ("lm_logits", "repair_logits")
        lm, repair = _outputs(self._session, names, {"input_ids": input_ids[None]})
        return lm[0], repair[0]


class OnnxPairEngine:
    """Runs `model.onnx` of a pair network in one thread of the CPU; errors are those of `OnnxEngine`."""

    def __init__(self, model_dir: Path) -> None:
        self.max_length: int = min(describe(model_dir).max_length, PAIR_WINDOW)
        inputs = ["bases", "prior", "has_prior"]
        self._session = _open_session(model_dir / GRAPH_FILE, 1, inputs)

    def predict_pairs(self, sequence: str, prior: FloatArray | None = None) -> FloatArray:
        given = pair_input(sequence, prior)
        feed = {
            "bases": given.bases[None],
            "prior": given.prior[None],
            "has_prior": np.array([given.has_prior], dtype=np.float32),
        }
        (log_odds,) = _outputs(self._session, ("log_odds",), feed)
        return pair_probs(sequence, log_odds[0])


class OnnxDegradationEngine:
    """Runs `model.onnx` of a degradation model in one thread of the CPU; errors are those of `OnnxEngine`."""

    def __init__(self, model_dir: Path) -> None:
        info = describe(model_dir)
        self.max_length: int = info.max_length
        self.score_scale = _score_scale(info)
        self._session = _open_session(model_dir / GRAPH_FILE, 1, ["bases", "probs"])

    def predict_degradation(self, sequence: str, probs: FloatArray) -> Degradation:
        length = len(sequence)
        if probs.shape != (length, length):
            raise ValueError(f"pair probabilities of shape {probs.shape}, expected {(length, length)}")
        feed = {"bases": base_ids(sequence)[None], "probs": probs.astype(np.float32)[None]}
        mean, sd = _outputs(self._session, ("mean", "sd"), feed)
        return Degradation(mean[0], sd[0])


class OnnxTaskEngine:
    """Runs `model.onnx` of a fine-tuned model in one thread of the CPU; errors are those of `OnnxEngine`."""

    def __init__(self, model_dir: Path) -> None:
        self.task = read_task(model_dir)
        self.max_length: int = describe(model_dir).max_length
        self._session = _open_session(model_dir / GRAPH_FILE, 1, ["input_ids"])

    def predict(self, sequence: str) -> FloatArray:
        input_ids = task_input(sequence, self.max_length)
        (outputs,) = _outputs(self._session, ("outputs",), {"input_ids": input_ids[None]})
        return task_answer(outputs[0], self.task, len(input_ids))


def _score_scale(info: ModelInfo) -> float:
    scale = info.config.get("score_scale", 1.0)
    if not isinstance(scale, (int, float)) or not 0 < scale < np.inf:
        raise ModelError(
            f"{info.directory / CONFIG_FILE}: score_scale {scale!r:.40}; expected a positive number"
        )
    return float(scale)


def _open_session(path: Path, num_threads: int, inputs: Sequence[str]) -> onnxruntime.InferenceSession:
    if not path.is_file():
        raise ModelError(f"{path}: no such file; write it with `mprna models export`")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = str(path).encode(errors="backslashreplace").decode()
        raise ModelError(f"{shown}: ONNX Runtime reads no path that is not UTF-8; rename it") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL_ONLY
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except _LOAD_ERRORS as error:
        _raise_no_memory(error)
        raise ModelError(f"{path}: ONNX Runtime cannot load it ({first_line(error)})") from None
    found = [node.name for node in session.get_inputs()]
    if sorted(found) != sorted(inputs):
        raise ModelError(f"{path}: takes {', '.join(found)}; a model of the kind in config.json has {inputs}")
    return session


def _outputs(
    session: onnxruntime.InferenceSession, names: Sequence[str], feed: Mapping[str, Any]
) -> list[Any]:
    try:
        return list(session.run(names, feed))
    except (Fail, RuntimeException) as error:
        _raise_no_memory(error)
        raise


def _raise_no_memory(error: Exception) -> None:
    """Raise MemoryError where ONNX Runtime has none, for which it has no error of its own."""
    if _NO_MEMORY.search(str(error)):
        raise MemoryError(first_line(error)) from None
