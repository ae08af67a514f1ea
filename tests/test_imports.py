"""Rooms look down only, every heavy dependency has one door, and importing is cheap.

The tables are the contract: a new room or dependency is a line here before it is an import there.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "mprna"

GROUND = {"agreement", "alphabet", "cores", "digest", "errors", "files", "leftovers", "ranges", "softmax"}
"""May be imported from everywhere."""
ROOMS = {
    "errors": set[str](),
    "agreement": {"softmax"},
    "cores": set[str](),
    "digest": set[str](),
    "softmax": set[str](),
    "files": {"errors", "leftovers"},
    "leftovers": set[str](),
    "alphabet": {"errors"},
    "ranges": {"errors"},
    "child": GROUND,
    "tokenizer": GROUND,
    "rna": GROUND,
    "io": GROUND | {"rna"},
    "folding": GROUND | {"rna"},
    "homology": GROUND | {"io", "rna"},
    "decoding": GROUND | {"rna"},
    "design": GROUND | {"folding", "rna"},
    "draw": GROUND | {"folding", "io.records", "rna"},
    "corpus": GROUND | {"child", "folding", "io", "rna", "tokenizer"},
    "model": GROUND | {"tokenizer"},
    "objectives": GROUND | {"model", "rna", "tokenizer"},
    "train": GROUND
    | {"objectives", "model", "corpus.manifest", "corpus.shards", "io.labelled", "rna", "tokenizer"},
    "runtime": GROUND | {"model.layout", "model.task_config", "rna", "tokenizer"},
    "predict": GROUND
    | {
        "child",
        "design",
        "runtime",
        "decoding",
        "folding",
        "homology",
        "io",
        "model.layout",
        "model.task_config",
        "rna",
        "tokenizer",
    },
    "bench": GROUND
    | {"predict", "design", "runtime", "decoding", "folding", "io", "rna"}
    | {"draw", "train", "model", "tokenizer"},
    "web": GROUND | {"child", "predict", "draw", "io", "rna.energy", "rna.variants", "runtime"},
    "cli": GROUND | {"bench", "predict", "train", "corpus", "draw", "io", "runtime", "web"},
    "__init__": GROUND | {"io.records", "predict", "runtime", "tokenizer"},
    "__main__": {"cli"},
}
ALSO = {  # single files that may do what their room may not
    "decoding/hybrid.py": {"folding"},
    "cli/corpus_calibrate.py": {"folding"},  # the energy model is an option
    "cli/corpus_options.py": {"folding"},
    "train/evaluation.py": {"decoding", "runtime.engine"},  # pair F1 of what `mprna fold` would say
    "runtime/torch.py": {"model"},
    "runtime/export.py": {"model"},
    "web/tasks.py": {"folding.confidence"},  # how probable each nucleotide's state is, to colour it
}
DOORS = {  # third-party module: where it may be imported
    "numpy": ("",),
    "xopen": ("io/",),
    "RNA": ("folding/vienna/library.py",),
    "onnxruntime": ("runtime/onnx.py",),
    "torch": (
        "model/",
        "objectives/",
        "train/",
        "runtime/torch.py",
        "runtime/export.py",
        "bench/models/",
    ),
    "safetensors": ("model/", "train/", "bench/models/transformers_tokens.py"),
    "onnx": ("runtime/export.py",),
    "datasketch": ("corpus/near_duplicates.py",),
    "pyarrow": ("corpus/shards.py", "io/table.py"),
    "Bio": ("homology/alignment.py",),
    "pysam": ("io/vcf.py",),
    "resvg_py": ("draw/",),
    "scipy": ("bench/",),
    "transformers": ("bench/models/",),
    "huggingface_hub": ("bench/download.py",),
    "ray": ("corpus/ray_executor.py",),
    "fastapi": ("web/",),
    "starlette": ("web/",),
    "pydantic": ("web/requests.py", "web/answers.py"),
    "uvicorn": ("web/server.py", "web/connections.py"),
    "prometheus_client": ("web/metrics.py",),
}
DISTRIBUTIONS = {
    "RNA": "viennarna",
    "Bio": "biopython",
    "resvg_py": "resvg-py",
    "prometheus_client": "prometheus-client",
    "huggingface_hub": "huggingface-hub",
}
FILES = sorted(PACKAGE.rglob("*.py"))


def place(file: Path) -> str:
    return file.relative_to(PACKAGE).as_posix()


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_modules(source: str) -> Iterator[str]:
    """Dotted names of all imports, also those inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def of_ours(source: str) -> set[str]:
    """What follows `mprna.` in the imports of a file."""
    names = (name.split(".") for name in imported_modules(source))
    return {".".join(parts[1:]) for parts in names if parts[0] == "mprna"}


def third_party(source: str) -> set[str]:
    tops = {name.split(".")[0] for name in imported_modules(source)}
    return tops - sys.stdlib_module_names - {"mprna", "_typeshed"}


def is_below(module: str, rooms: set[str]) -> bool:
    return any(module == room or module.startswith(room + ".") for room in rooms)


def layer_faults(file: Path, source: str) -> list[str]:
    allowed = ROOMS[room_of(file)] | ALSO.get(place(file), set()) | {room_of(file), "__version__"}
    return [f"{place(file)} imports {module}" for module in of_ours(source) if not is_below(module, allowed)]


def door_faults(file: Path, source: str) -> list[str]:
    return [
        f"{place(file)} imports {module}"
        for module in third_party(source)
        if not any(place(file).startswith(door) for door in DOORS.get(module, ()))
    ]


@pytest.mark.parametrize("file", FILES, ids=place)
def test_rooms_look_down_only(file: Path) -> None:
    assert layer_faults(file, file.read_text()) == []


@pytest.mark.parametrize("file", FILES, ids=place)
def test_heavy_dependencies_have_one_door(file: Path) -> None:
    assert door_faults(file, file.read_text()) == []


@pytest.mark.parametrize(
    ("name", "source", "faults"),
    [
        ("rna/structure.py", "from mprna.io.fasta import read_fasta", 1),
        ("rna/structure.py", "def f():\n    import mprna.tokenizer", 1),
        ("rna/structure.py", "from mprna import folding", 1),
        ("rna/structure.py", "from mprna.rna.scores import x\nfrom mprna.errors import y", 0),
        ("decoding/nested.py", "from mprna.folding.vienna import fold_mfe", 1),
        ("decoding/hybrid.py", "from mprna.folding.vienna import fold_mfe", 0),
        ("train/dataset.py", "from mprna.corpus.shards import read_shard", 0),
        ("train/dataset.py", "from mprna.corpus.build import build_corpus", 1),
    ],
)
def test_layer_check_sees_what_it_should(name: str, source: str, faults: int) -> None:
    assert len(layer_faults(PACKAGE / name, source)) == faults


@pytest.mark.parametrize(
    ("name", "source", "faults"),
    [
        ("predict/fold.py", "import numpy as np\nimport os.path", 0),
        ("predict/fold.py", "import RNA", 1),
        ("folding/vienna/library.py", "import RNA", 0),
        ("io/fasta.py", "def f():\n    from torch.nn import Linear", 1),
        ("model/encoder.py", "import pandas", 1),
    ],
)
def test_door_check_sees_what_it_should(name: str, source: str, faults: int) -> None:
    assert len(door_faults(PACKAGE / name, source)) == faults


def test_tables_name_what_exists() -> None:
    assert {room_of(file) for file in FILES} <= set(ROOMS)
    doors = [door for doors in DOORS.values() for door in doors]
    assert [name for name in [*ALSO, *doors] if not (PACKAGE / name).exists()] == []


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [project["dependencies"], *project["optional-dependencies"].values()]
    text = "\n".join(requirement.lower() for group in declared for requirement in group).splitlines()
    for module in DOORS:
        name = DISTRIBUTIONS.get(module, module.lower())
        assert any(line.startswith(name) for line in text), f"{module} is not in pyproject.toml"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )


HEAVY = sorted(set(DOORS) - {"numpy"} | {"transformers"})
PRINT_HEAVY = f"import sys; print(*sorted(set({HEAVY!r}) & set(sys.modules)), file=sys.stderr)"
HELP = """
from mprna.cli.main import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
TIMED = """
import time
start = time.process_time()
{code}
import sys
print(time.process_time() - start, file=sys.stderr)
"""


@pytest.mark.parametrize(
    "code",
    ["import mprna", HELP, "import mprna.model.layout"],
    ids=["import mprna", "mprna --help", "mprna.model.layout"],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    assert run_python(f"{code}\n{PRINT_HEAVY}").stderr.split() == []


@pytest.mark.parametrize(
    ("code", "seconds"), [("import mprna", 0.2), (HELP, 0.3)], ids=["import mprna", "mprna --help"]
)
def test_starts_at_once(code: str, seconds: float) -> None:
    """The shortest of five counts, since other work on the machine only adds."""
    times = [float(run_python(TIMED.format(code=code)).stderr) for _ in range(5)]
    assert min(times) < seconds


def test_importing_prints_nothing() -> None:
    """Every module that needs no extra can be imported, silently and in one process."""
    modules = [
        "mprna." + place(file).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for file in FILES
        if not third_party(file.read_text()) & {"torch", "safetensors", "onnx", "pyarrow", "resvg_py", "ray"}
        and not re.search(r"^from mprna\.model\b", file.read_text(), re.MULTILINE)
        and file.stem != "__main__"
        and room_of(file) not in {"model", "objectives", "train", "web", "__init__"}
    ]
    result = run_python("\n".join(f"import {module}" for module in modules))
    assert (result.stdout, result.stderr) == ("", "")
