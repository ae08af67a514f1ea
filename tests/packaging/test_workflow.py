"""GitHub Actions runs what a developer runs, on every Python that pyproject.toml allows."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def jobs():
    return yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_test_job_is_ci_run_and_nothing_else(jobs):
    assert commands(jobs["test"]) == [".ci/run"]
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o111


def test_every_python_is_tested(jobs):
    lowest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    versions = jobs["test"]["strategy"]["matrix"]["python"]
    assert f">={versions[0]}" == lowest
    assert versions == [f"3.{11 + i}" for i in range(len(versions))]


def test_every_target_exists(jobs):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {line.split()[1] for line in commands(jobs["demo"])} <= targets
    assert commands(jobs["package"]) == ["make ${{ matrix.target }}"]
    assert set(jobs["package"]["strategy"]["matrix"]["target"]) <= targets
