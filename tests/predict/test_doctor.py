"""What `mprna doctor` finds."""

from __future__ import annotations

import os
import re
import shutil
import tomllib
from itertools import islice
from pathlib import Path

from mprna.predict.doctor import CORE, OPTIONAL, examine
from mprna.runtime.store import FOLDING_MODEL


def findings() -> dict[str, tuple[str, str]]:
    return {finding.name: (finding.state, finding.detail) for finding in examine()}


def test_a_good_installation_is_fine(mprna_home):
    found = findings()
    assert {state for state, _ in found.values()} <= {"fine", "absent"}
    assert found["engine vienna"] == ("fine", "GGGGAAAACCCC ((((....)))) (-5.40)")
    assert found["model mini"] == ("fine", str(mprna_home / "models" / "mini"))


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {5}, raising=False)
    _, cores = islice(examine(), 2)
    assert cores == ("cores", "fine", "1")


def test_every_package_of_every_extra_is_looked_for():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    brought = {name: distributions(extras[name]) for name in extras if name not in ("test", "dev")}
    assert {name for name, extra in OPTIONAL.items() if name in brought[extra]} == set(OPTIONAL)
    assert set().union(*brought.values()) == set(OPTIONAL)
    assert distributions(project["dependencies"]) == set(CORE)


def distributions(requirements: list[str]) -> set[str]:
    """Their names, without extras of this project."""
    return {re.match(r"[\w-]+", text)[0] for text in requirements} - {"mprna"}


def test_a_damaged_model_is_broken_and_viennarna_is_not(nano_model, tmp_path, monkeypatch):
    monkeypatch.setenv("MPRNA_HOME", str(tmp_path))
    model_dir = shutil.copytree(nano_model, tmp_path / "models" / FOLDING_MODEL)
    (model_dir / "model.safetensors").write_bytes(b"")
    found = findings()
    broken = {name for name, (state, _) in found.items() if state == "broken"}
    assert broken == {f"model {FOLDING_MODEL}", "engine hybrid", "engine model"}
    assert "SHA-256 differs" in found[f"model {FOLDING_MODEL}"][1]
