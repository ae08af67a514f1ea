"""docs/licences.md names every dependency with what its own metadata say."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator(load):
    """docs/generate_licences.py."""
    return load(ROOT / "docs" / "generate_licences.py")


@pytest.mark.torch
def test_the_page_is_not_stale(generator):
    assert generator.PAGE.read_text() == generator.page(), "run `make docs`"


def test_every_declared_dependency_has_a_row(generator):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    declared = {re.match(r"[\w-]+", line)[0].lower() for group in groups for line in group} - {"mprna"}
    rows = re.findall(r"^\| ([\w.-]+) \| (.+) \|$", generator.PAGE.read_text(), re.MULTILINE)
    assert declared - {name.lower().replace("_", "-") for name, _ in rows} == set()


@pytest.mark.parametrize(
    ("name", "licence"),
    [("dnaio", "MIT"), ("pyarrow", "Apache-2.0"), ("duckdb", "MIT"), ("shtab", "MPL-2.0")],
)
def test_licences_are_read_from_each_kind_of_metadata(generator, name, licence):
    assert generator.licence_of(name) == licence


def test_a_package_without_a_licence_stops_the_build(generator, monkeypatch):
    monkeypatch.delitem(generator.FROM_THE_LICENCE_FILE, "viennarna")
    with pytest.raises(SystemExit, match="viennarna names no licence"):
        generator.licence_of("viennarna")
