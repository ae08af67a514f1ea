"""Every tutorial runs from its first cell to its last on what is in this repository, and leaves nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import jupytext
import pytest
import yaml

ROOT = Path(__file__).parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.py"))
TRAINING = {"finetune", "pretrain"}


def pages_of(nav):
    """File names of a navigation, in its order."""
    for entry in nav:
        for target in entry.values():
            yield from pages_of(target) if isinstance(target, list) else [target]


@pytest.mark.parametrize(
    "tutorial",
    [
        pytest.param(path, id=path.stem, marks=pytest.mark.torch if path.stem in TRAINING else ())
        for path in TUTORIALS
    ],
)
@pytest.mark.timeout(900)
def test_tutorial_runs(tutorial: Path, tmp_path: Path) -> None:
    environment = os.environ | {
        "PYTHONPATH": str(ROOT / "src"),
        "TMPDIR": str(tmp_path),
        "OMP_NUM_THREADS": "1",
        "MPRNA_OFFLINE": "1",
        "IPYTHONDIR": str(tmp_path),
    }
    before = set(tutorial.parent.iterdir())
    subprocess.run(
        [sys.executable, "-W", "error", tutorial.name],
        **{"cwd": tutorial.parent, "env": environment, "check": True, "stdout": subprocess.DEVNULL},
    )
    assert set(tutorial.parent.iterdir()) == before


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial_is_a_notebook_that_begins_with_a_title(tutorial: Path) -> None:
    notebook = jupytext.read(tutorial)
    first, *cells = notebook.cells
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    assert f"docs/tutorials/{tutorial.name}" in first.source + cells[0].source
    assert sum(cell.cell_type == "code" for cell in cells) >= 3
    assert cells[-1].cell_type == "markdown"  # where to go from here


def test_every_tutorial_is_in_the_navigation() -> None:
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    listed = {page for page in pages_of(nav) if page.startswith("tutorials/")}
    assert listed == {f"tutorials/{path.name}" for path in TUTORIALS}
