"""Take README from its first line to its last, as somebody who has just cloned it; fail on any difference.

    packaging/first_run.py [--with-torch] [--with-tests]

The clone is a copy of what git tracks, in a temporary folder; the home is empty and there is no cache.
Commands that install may use the network, all others run without it where the system allows that
(`unshare --net`). Blocks are run in order: `sh` and `console` by bash, `python` by Python; where a console
block shows output, it must be that.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
INSTALLS = re.compile(r"^(pip install|make )")


class Step(NamedTuple):
    language: str
    """`sh` or `python`."""
    text: str
    expected: str
    """Standard output, or nothing where none is shown."""
    line: int
    """1-based line of README."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--with-torch", action="store_true", help="also the extra [train]: large")
    parser.add_argument("--with-tests", action="store_true", help="also `make test`: 15 minutes")
    args = parser.parse_args(argv)
    skipped = {"make test": args.with_tests, "pip install '.[train]'": args.with_torch}
    with tempfile.TemporaryDirectory(prefix="mprna-first-run-") as folder:
        place = Path(folder)
        environment = newcomer(place)
        clone(place / "mprna")
        for step in steps((place / "mprna" / "README.md").read_text()):
            if not skipped.get(step.text, True):
                print(f"README.md:{step.line}: left out: {step.text}")
                continue
            run(step, place / "mprna", environment)
    print("README holds")
    return 0


def steps(readme: str) -> Iterator[Step]:
    """What README tells people to type, line by line; a python block is one step."""
    for block in re.finditer(r"^```(sh|console|python)\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE):
        language, text = block.groups()
        first = readme.count("\n", 0, block.start(2)) + 1
        if language == "python":
            yield Step("python", text, "", first)
        elif language == "sh":
            yield from (
                Step("sh", line.split("  #")[0].strip(), "", first + i)
                for i, line in enumerate(text.splitlines())
                if line.strip()
            )
        else:
            yield from _session(text, first)


def _session(text: str, first: int) -> Iterator[Step]:
    for match in re.finditer(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
        yield Step("sh", match[1], match[2], first + text.count("\n", 0, match.start()))


def clone(target: Path) -> None:
    """What git tracks, as it stands in the working folder."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    target.mkdir()
    tar = ["tar", "--null", "--files-from=-", "-cf", "-"]
    packed = subprocess.run(tar, cwd=ROOT, input=names, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-xf", "-"], cwd=target, input=packed, check=True)


def newcomer(place: Path) -> dict[str, str]:
    """An environment with an empty home and a new virtual environment, in which `pip install` installs."""
    (place / "home").mkdir()
    subprocess.run([sys.executable, "-m", "venv", place / "own"], check=True)
    index = ("PIP_", "SSL_", "HTTP", "NO_PROXY")
    kept = {name: value for name, value in os.environ.items() if name.upper().startswith(index)}
    return kept | {
        "HOME": str(place / "home"),
        "PATH": f"{place / 'own' / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "PIP_NO_CACHE_DIR": "1",
        "LC_ALL": "C.UTF-8",
    }


def run(step: Step, folder: Path, environment: dict[str, str]) -> None:
    """One step; its time goes to standard output.

    Raises:
        SystemExit: another exit status than 0, or other output than README shows.
    """
    program = (
        ["python", "-W", "error", "-c"] if step.language == "python" else ["bash", "-o", "pipefail", "-c"]
    )
    network = [] if INSTALLS.match(step.text) else without_network()
    start = time.perf_counter()
    result = subprocess.run(
        [*network, *program, step.text], cwd=folder, env=environment, capture_output=True, text=True
    )
    name = step.text.splitlines()[0]
    print(f"README.md:{step.line}: {time.perf_counter() - start:.1f} s: {name}", flush=True)
    if result.returncode:
        raise SystemExit(
            f"README.md:{step.line}: exit status {result.returncode}\n{result.stdout}{result.stderr}"
        )
    if step.expected and result.stdout != step.expected:
        raise SystemExit(f"README.md:{step.line}: expected\n{step.expected}but got\n{result.stdout}")


def without_network() -> list[str]:
    """A prefix that takes the network away, where the system has it and allows it."""
    prefix = ["unshare", "--net", "--map-root-user"]
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return []
    return prefix if allowed else []


if __name__ == "__main__":
    raise SystemExit(main())
