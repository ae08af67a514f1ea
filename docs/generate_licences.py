"""Write docs/licences.md: what this package uses, and under which licence, as each distribution says itself.

Read off the metadata of what is installed, so it needs the environment of `make test`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = Path(__file__).with_name("licences.md")

FROM_THE_LICENCE_FILE: Final = {
    "viennarna": "its own: see above",
    "resvg-py": "MIT",
    "axe-playwright-python": "MIT; axe-core in it MPL-2.0",
}
"""Distributions whose metadata names no licence, by the file that comes with them."""

SPDX: Final = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2.0 License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
}

HEAD: Final = """\
# Licences

<!-- Made by `make docs` from the metadata of what is installed: do not edit. -->

`mprna` and the models in it are Apache-2.0. Installing it fetches other packages, which keep their own
licences; none of them is copied into ours but the two fonts in `mprna/draw/fonts` (Roboto, Apache-2.0).

**ViennaRNA** has a licence of its own: research, educational and commercial use is free, also modified,
as long as it is not redistributed for a fee and its authors get credit; who wants to include it in a
commercial product asks them first
([COPYING](https://github.com/ViennaRNA/ViennaRNA/blob/master/COPYING)). The `model` engine finds
structures without it, but the energies beside them are ViennaRNA's, so the package does not run without
it.

`mprna/folding/vienna/contrafold2.par` was made from the parameters of **CONTRAfold 2**
([Do, Woods and Batzoglou 2006](https://doi.org/10.1093/bioinformatics/btl246)), which is distributed under a
BSD licence, as the package `gpu-contrafold` says of its copy of the file, from which we have them.

The training data of each model are in its card (`mprna models show NAME`).
"""


def page() -> str:
    """The whole page."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = sorted(_closure(project["dependencies"]))
    lines = [HEAD, "## The light package", "", "With everything that it brings.", "", *_table(core)]
    for extra, requirements in project["optional-dependencies"].items():
        named = {canonicalize_name(Requirement(line).name) for line in requirements}
        lines += ["", f"## Extra `{extra}`", "", *_table(sorted(named - {"mprna"}))]
    return "\n".join(lines) + "\n"


def licence_of(name: str) -> str:
    """An SPDX expression where the distribution has one, otherwise what it says."""
    metadata = distribution(name).metadata
    lines = [line.split(" :: ") for line in metadata.get_all("Classifier") or []]
    classifiers = [line[-1] for line in lines if line[:2] == ["License", "OSI Approved"]]
    first_line = (metadata.get("License") or "").split("\n")[0].strip()
    said = [FROM_THE_LICENCE_FILE.get(name), metadata.get("License-Expression"), *classifiers, first_line]
    licence = next((text for text in said if text), None)
    if licence is None:
        raise SystemExit(
            f"{name} names no licence: read its licence file and add it to FROM_THE_LICENCE_FILE"
        )
    return SPDX.get(licence, licence)


def _table(names: list[str]) -> Iterator[str]:
    yield from ("| package | licence |", "|---|---|")
    for name in names:
        yield f"| {distribution(name).metadata['Name']} | {licence_of(name)} |"


def _closure(requirements: list[str]) -> set[str]:
    """Names of what is required, and what that requires."""
    found: set[str] = set()
    waiting = list(requirements)
    while waiting:
        requirement = Requirement(waiting.pop())
        name = canonicalize_name(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        waiting += distribution(name).requires or []
    return found


if __name__ == "__main__":
    PAGE.write_text(page())
