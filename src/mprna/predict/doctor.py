"""What works in this installation."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import Final, Literal, NamedTuple

from mprna.cores import available_cores
from mprna.errors import ModelError, MprnaError
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import DEFAULT_MAX_LENGTHS, FoldOptions
from mprna.runtime.store import ModelInfo, list_models, verify

CORE: Final = ("numpy", "onnxruntime", "ViennaRNA", "xopen")
OPTIONAL: Final = {
    "torch": "train",
    "safetensors": "train",
    "onnx": "train",
    "onnxscript": "train",
    "tensorboard": "tensorboard",
    "pyarrow": "parquet",
    "ray": "cluster",
    "datasketch": "dedup",
    "huggingface-hub": "hub",
    "scipy": "bench",
    "transformers": "bench",
    "resvg-py": "draw",
    "biopython": "relatives",
    "pysam": "vcf",
    "fastapi": "web",
    "starlette": "web",
    "uvicorn": "web",
    "pydantic": "web",
    "prometheus-client": "web",
}
"""Distributions, and of the extras that bring them the smallest."""

HAIRPIN: Final = "GGGGAAAACCCC"


class Finding(NamedTuple):
    """One thing that was examined."""

    name: str
    state: Literal["fine", "absent", "broken"]
    detail: str


def examine() -> Iterator[Finding]:
    """Versions, then models, then one fold by each engine."""
    yield Finding("python", "fine", f"{platform.python_version()}, {platform.system()} {platform.machine()}")
    yield Finding("cores", "fine", str(available_cores()))
    yield from map(_core, CORE)
    yield from (_optional(name, extra) for name, extra in OPTIONAL.items())
    for info in list_models():
        yield _check_model(info)
    for engine in DEFAULT_MAX_LENGTHS:
        yield _check_fold(engine)


def _core(name: str) -> Finding:
    try:
        return Finding(name, "fine", version(name))
    except PackageNotFoundError:
        return Finding(name, "broken", f"missing: pip install {name}")


def _optional(name: str, extra: str) -> Finding:
    try:
        return Finding(name, "fine", version(name))
    except PackageNotFoundError:
        return Finding(name, "absent", f"optional: pip install 'mprna[{extra}]'")


def _check_model(info: ModelInfo) -> Finding:
    try:
        verify(info.directory)
    except ModelError as error:
        return Finding(f"model {info.name}", "broken", str(error))
    return Finding(f"model {info.name}", "fine", str(info.directory))


def _check_fold(engine: str) -> Finding:
    try:
        record = Folder(FoldOptions(engine=engine)).fold(Record(name="hairpin", sequence=HAIRPIN))
    except MprnaError as error:
        return Finding(f"engine {engine}", "broken", str(error))
    return Finding(f"engine {engine}", "fine", f"{HAIRPIN} {record.dot_bracket} ({record.energy:.2f})")
