"""What is built holds all of the package and nothing else; `make package` also installs and uses it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
CHECK = ROOT / "packaging" / "check_wheel.py"


def test_sdist_and_wheel_hold_every_file(load, tmp_path):
    check = load(CHECK)
    check.check_contents(*check.build(tmp_path, "--no-isolation"))


@pytest.mark.slow
@pytest.mark.network
def test_the_built_wheel_works_in_a_clean_environment():
    subprocess.run([sys.executable, CHECK, "--extras", "draw,parquet"], check=True, timeout=280)


def test_the_lowest_versions_are_those_of_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *extras["draw"], *extras["parquet"]]
    bounds = dict(re.fullmatch(r"([\w-]+)>=([\d.]+).*", line).groups() for line in requirements)
    text = (ROOT / "packaging" / "lowest.txt").read_text()
    pins = dict(re.findall(r"^([\w-]+)==(.+)$", text, re.MULTILINE))
    assert set(pins) == set(bounds)
    assert [name for name in pins if Version(pins[name]) != Version(bounds[name])] == []
