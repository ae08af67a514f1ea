"""Build sdist and wheel, then install the wheel in a clean environment and use it there.

    packaging/check_wheel.py [--constraints FILE] [--extras draw,parquet]

`make package` and `make lowest` run it. The environment has a home, a cache and a working folder of its
own, so that nothing of this clone is seen but the wheel, the examples and, as a mirror, the weights. It
needs a package index, or PIP_FIND_LINKS.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "mprna"
SHARED = {
    "share/man/man1/mprna.1",
    "share/bash-completion/completions/mprna",
    "share/zsh/site-functions/_mprna",
    "share/fish/vendor_completions.d/mprna.fish",
}
MAX_MB = 100
"""What the Python Package Index takes, weights included."""
MAX_MB_WITHOUT_WEIGHTS = 3

LIGHT = """
mprna --version
mprna --cite
mprna --offline doctor
mprna fold rnas.fa -p --format jsonl -o rnas.jsonl
mprna fold --engine model rnas.fa
mprna fold --engine vienna rnas.fa
mprna embed rnas.fa -o vectors.npz
mprna degrade GGGGAAAACCCC GGGGUUUUCCCC --rank --figure tracks.svg
mprna design '((((....))))' --seed 1
mprna draw rnas.jsonl -o pictures/
mprna models list
mprna models show pair-fold
mprna models get mini --from "$WEIGHTS"
mprna fold --model mini GGGGAAAACCCC
mprna bench list rgb
"""
EXTRAS = {
    "draw": "head -n 1 rnas.jsonl | mprna draw -o trna.png",
    "parquet": "mprna fold rnas.fa -o rnas.parquet && mprna fold --engine vienna rnas.parquet",
    "train": """
mprna corpus build rnas.fa --out corpus --slice-length 128 --annotate 1.0
mprna pretrain --recipe smoke --corpus corpus --validation corpus --out run --threads 1
mprna models export run --out nano && mprna fold --model ./nano rnas.fa""",
    "dedup": "python -c 'import datasketch'",
    "cluster": "python -c 'import ray'",
    "bench": "mprna bench list --models",
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--constraints", type=Path, default=ROOT / "constraints.txt", metavar="FILE")
    parser.add_argument("--extras", default="", help="comma-separated: " + ", ".join(EXTRAS))
    args = parser.parse_args(argv)
    extras = [extra for extra in args.extras.split(",") if extra]
    with tempfile.TemporaryDirectory(prefix="mprna-wheel-") as folder:
        place = Path(folder)
        sdist, wheel = build(place / "dist")
        check_contents(sdist, wheel)
        install_and_use(wheel, place, args.constraints, extras)
    print("the wheel works")
    return 0


def build(target: Path, *options: str) -> tuple[Path, Path]:
    """The sdist, and the wheel that is made from it, as installers make it."""
    subprocess.run([sys.executable, "-m", "build", "--outdir", target, *options, ROOT], check=True)
    (sdist,), (wheel,) = target.glob("*.tar.gz"), target.glob("*.whl")
    return sdist, wheel


def check_contents(sdist: Path, wheel: Path) -> None:
    """Every file of the package is in both; nothing that is not; sizes."""
    expected = {f"mprna/{path.relative_to(PACKAGE).as_posix()}" for path in package_files()}
    assert {"mprna/py.typed", "mprna/citation.bib", "mprna/weights/pair-fold/model.onnx"} <= expected
    with zipfile.ZipFile(wheel) as archive:
        names = {re.sub(r"^mprna-[^/]+\.data/data/", "", name) for name in archive.namelist()}
        light = sum(i.compress_size for i in archive.infolist() if "/weights/" not in i.filename)
    found = {name for name in names if ".dist-info/" not in name}
    assert found == expected | SHARED, sorted(found ^ (expected | SHARED))
    with tarfile.open(sdist) as archive:
        held = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    assert {f"src/{name}" for name in expected} <= held
    assert {"LICENSE", "README.md", "pyproject.toml", "tests/test_docs.py"} <= held
    assert not {name for name in held if name.startswith((".git/", "build/", "dist/"))}
    assert light < MAX_MB_WITHOUT_WEIGHTS * 1e6, f"{light / 1e6:.1f} MB beside the weights"
    for file in (sdist, wheel):
        assert file.stat().st_size < MAX_MB * 1e6, f"{file.name}: {file.stat().st_size / 1e6:.1f} MB"
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    print(f"without weights: {light / 1e6:.1f} MB")


def package_files() -> Iterator[Path]:
    return (p for p in PACKAGE.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def install_and_use(wheel: Path, place: Path, constraints: Path, extras: Sequence[str]) -> None:
    """Into an environment that sees neither this clone nor the home of whoever runs it."""
    venv.create(place / "venv", with_pip=True)
    environment = clean_environment(place)
    what = f"{wheel}[{','.join(extras)}]" if extras else str(wheel)
    pip = [place / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "-c", constraints, what], env=environment, check=True)
    subprocess.run([*pip, "check"], env=environment, check=True)
    subprocess.run([*pip, "list"], env=environment, check=True)
    if not {"train", "bench"} & set(extras):
        light = "from importlib.util import find_spec as f; assert not f('torch')"
        subprocess.run([pip[0], "-c", light], env=environment, check=True)
    assert all((place / "venv" / path).is_file() for path in SHARED)
    shutil.copy(ROOT / "examples" / "rnas.fa", place / "work" / "rnas.fa")
    script = "\n".join([LIGHT, *(EXTRAS[extra] for extra in extras)])
    subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=place / "work",
        env=environment | {"PYTHONWARNINGS": "error"},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def clean_environment(place: Path) -> dict[str, str]:
    """Of the caller's environment only what reaches a package index."""
    for name in ("home", "work"):
        (place / name).mkdir()
    index = ("PIP_", "SSL_", "HTTP", "NO_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(index)}
    return kept | {
        "HOME": str(place / "home"),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{place / 'venv' / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "WEIGHTS": str(PACKAGE / "weights"),
    }


if __name__ == "__main__":
    raise SystemExit(main())
