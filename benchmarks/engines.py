"""Which runtime runs a model fastest on one CPU core: the choice behind `mprna.runtime.onnx`.

    python benchmarks/engines.py [--model NAME]

ONNX Runtime in float32 and with int8 weights, OpenVINO (where installed: pip install openvino), torch in
float32 and bfloat16: the same network on the same sequences, in turn. Beside the time: load time, and how far
base-pair probabilities are from those of torch in float32.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from mprna.runtime.engine import pair_band
from mprna.runtime.onnx import OnnxEngine
from mprna.runtime.store import find_model
from mprna.runtime.torch import TorchEngine
from mprna.runtime.windows import NetworkArrays
from mprna.tokenizer import Tokenizer

LENGTHS = (75, 130, 300, 600)
NUM_REPEATS = 7

Run = Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]
"""Token ids, (T,), to partner logits, (T, T)."""


def onnx_float32(directory: Path) -> Run:
    engine = OnnxEngine(directory)
    return lambda ids: engine._run(ids).partner_logits


def onnx_int8(directory: Path) -> Run:
    with tempfile.TemporaryDirectory() as folder:
        plain, quantized = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
        model = onnx.load(directory / "model.onnx")
        options = onnxruntime.SessionOptions()
        # Basic optimisation folds the float16 weights and their casts into float32 initializers.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(plain)
        onnx.save(model, Path(folder) / "inline.onnx")
        onnxruntime.InferenceSession(Path(folder) / "inline.onnx", options)
        quantize_dynamic(plain, quantized, weight_type=QuantType.QInt8)
        return session_of(quantized)


def session_of(path: Path) -> Run:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options)
    return lambda ids: session.run(["partner_logits"], {"input_ids": ids[None]})[0][0]


def openvino(directory: Path) -> Run:
    import openvino

    core = openvino.Core()
    model = core.read_model(directory / "model.onnx")
    compiled = core.compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    )
    index = list(NetworkArrays._fields).index("partner_logits")
    return lambda ids: compiled(ids[None])[index][0]


def torch_with(dtype: str) -> Callable[[Path], Run]:
    def load(directory: Path) -> Run:
        engine = TorchEngine(directory, dtype=dtype)
        return lambda ids: engine._run(ids).partner_logits

    return load


CONTENDERS: dict[str, Callable[[Path], Run]] = {
    "torch float32": torch_with("float32"),
    "torch bfloat16": torch_with("bfloat16"),
    "ONNX Runtime float32": onnx_float32,
    "ONNX Runtime int8 weights": onnx_int8,
    "OpenVINO float32": openvino,
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    directory = find_model(parser.parse_args().model)
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    inputs = [Tokenizer().encode("".join(rng.choice(list("ACGU"), length))) for length in LENGTHS]

    runs, load_times = {}, {}
    for name, load in CONTENDERS.items():
        if name.startswith("OpenVINO") and find_spec("openvino") is None:
            continue
        start = time.perf_counter()
        runs[name] = load(directory)
        load_times[name] = time.perf_counter() - start

    best = {name: [float("inf")] * len(inputs) for name in runs}
    for _ in range(NUM_REPEATS):
        for number, ids in enumerate(inputs):
            for name, run in runs.items():
                start = time.perf_counter()
                run(ids)
                best[name][number] = min(best[name][number], time.perf_counter() - start)

    reference = [probabilities(runs["torch float32"], ids) for ids in inputs]
    print(f"| runtime, one core | load, s | {' | '.join(f'{n} nt, ms' for n in LENGTHS)} | max difference |")
    print("|---" * (len(LENGTHS) + 3) + "|")
    for name, run in runs.items():
        cells = [f"{1000 * value:.1f}" for value in best[name]]
        error = max(
            np.abs(probabilities(run, ids) - r).max() for ids, r in zip(inputs, reference, strict=True)
        )
        print(f"| {name} | {load_times[name]:.2f} | {' | '.join(cells)} | {error:.1g} |")


def probabilities(run: Run, ids: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    return pair_band(run(ids)[1:-1, :-1])


if __name__ == "__main__":
    main()
