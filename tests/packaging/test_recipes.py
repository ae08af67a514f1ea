"""Recipes of other ecosystems parse and agree with pyproject.toml; their commands run and keep their word."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from string import Template

import pytest
import yaml
from jinja2 import Environment

import mprna

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HAIRPIN = ">hairpin\nGGGGAAAACCCC\n((((....))))\n"


@pytest.fixture
def shell(tmp_path):
    """bash in an empty folder with `mprna` on the path."""
    program = tmp_path / "bin" / "mprna"
    program.parent.mkdir()
    call = "from mprna.cli.main import main; raise SystemExit(main())"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{call}" "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src"), "PREFIX": str(tmp_path)}

    def run(script):
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            **{"cwd": tmp_path, "env": environment, "check": True, "capture_output": True, "text": True},
        ).stdout

    return run


@pytest.mark.parametrize("path", sorted(PACKAGING.rglob("*.y*ml")), ids=lambda path: path.name)
def test_every_yaml_file_is_read(path):
    assert isinstance(yaml.safe_load(without_jinja(path)), dict)


def without_jinja(path):
    functions = {"PYTHON": "python", "pin_subpackage": lambda name, max_pin: name}
    return Environment().from_string(path.read_text()).render(functions)


@pytest.mark.parametrize(
    "path",
    [
        "bioconda/meta.yaml",
        "galaxy/mprna_fold.xml",
        "nf-core/mprna/fold/environment.yml",
        "nf-core/mprna/fold/main.nf",
        "snakemake/fold/environment.yaml",
    ],
)
def test_every_recipe_is_of_this_version(path):
    versions = re.findall(r"\b\d+\.\d+\.\d+\b(?=[\s\"<+-])", (PACKAGING / path).read_text())
    assert set(versions) == {mprna.__version__}


# Bioconda


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load(without_jinja(PACKAGING / "bioconda" / "meta.yaml"))


def test_bioconda_requires_what_pyproject_requires(conda):
    run = {tuple(line.lower().split()) for line in conda["requirements"]["run"]}
    declared = {re.fullmatch(r"([\w-]+)(>=[\d.]+)", line).groups() for line in PROJECT["dependencies"]}
    lower = {(name.lower(), bound) for name, bound in declared}
    assert run == lower | {("python", PROJECT["requires-python"])}
    host = [line.split()[0] for line in conda["requirements"]["host"]]
    assert host == ["python", "pip", "hatchling"]


def test_bioconda_says_what_pyproject_says(conda):
    assert PROJECT["description"].lower() == f"mp-rna: {conda['about']['summary'].lower()}"
    assert conda["about"]["license"] == PROJECT["license"]
    assert conda["build"]["entry_points"] == [f"mprna = {PROJECT['scripts']['mprna']}"]


def test_commands_of_bioconda_run(conda, shell, tmp_path):
    manual = tmp_path / "share" / "man" / "man1" / "mprna.1"
    manual.parent.mkdir(parents=True)
    shutil.copy(PACKAGING / "man" / "mprna.1", manual)
    for command in conda["test"]["commands"]:
        shell(command)


# nf-core


def nextflow_script(name):
    """The text of `script:` or `stub:` as Nextflow would write it into .command.sh."""
    text = (PACKAGING / "nf-core" / "mprna" / "fold" / "main.nf").read_text()
    script = re.search(rf'^    {name}:.*?"""\n(.*?)"""', text, re.DOTALL | re.MULTILINE)[1]
    values = {
        **{"args": "--engine vienna", "prefix": "hairpin", "suffix": "dbn", "sequences": "hairpin.fa"},
        **{"task.cpus": "2", "task.process": "MPRNA_FOLD"},
    }
    script = re.sub(r"(?<!\\)\$(?:\{([\w.]+)\}|([\w.]*\w))", lambda m: values[m[1] or m[2]], script)
    lines = script.replace("\\$", "$").replace("\\\\", "\\").splitlines()
    return "\n".join(line.removeprefix("    ") for line in lines)


def test_the_script_of_the_nf_core_module_runs(shell, tmp_path):
    (tmp_path / "hairpin.fa").write_text(">hairpin\nGGGGAAAACCCC\n")
    shell(nextflow_script("script"))
    assert (tmp_path / "hairpin.dbn").read_text() == HAIRPIN
    assert yaml.safe_load((tmp_path / "versions.yml").read_text()) == {
        "MPRNA_FOLD": {"mprna": mprna.__version__}
    }


def test_the_stub_of_the_nf_core_module_runs(shell, tmp_path):
    shell(nextflow_script("stub"))
    assert (tmp_path / "hairpin.dbn").read_bytes() == b""
    assert (tmp_path / "versions.yml").is_file()


def test_the_nf_test_expects_what_mprna_prints():
    text = (PACKAGING / "nf-core" / "mprna" / "fold" / "tests" / "main.nf.test").read_text()
    expected = re.search(r"readLines\(\) ==\s+\[ (.*) \]", text)[1]
    assert [part.strip().strip("'") for part in expected.split(",")] == HAIRPIN.splitlines()


# Snakemake


def test_the_snakemake_wrapper_runs(shell, tmp_path):
    """With the placeholders filled in as snakemake fills them; `snakemake` itself ran it once, see README."""
    folder = PACKAGING / "snakemake" / "fold"
    shutil.copy(folder / "test" / "hairpin.fa", tmp_path)
    command = re.search(r'^shell\("(.*)"\)$', (folder / "wrapper.py").read_text(), re.MULTILINE)[1]
    values = {"{snakemake.threads}": "2", "{snakemake.output[0]}": "hairpin.dbn", "{log}": "2> hairpin.log"}
    values |= {"{snakemake.input}": "hairpin.fa", "{extra}": "--engine vienna --quiet"}
    for placeholder, value in values.items():
        assert placeholder in command
        command = command.replace(placeholder, value)
    assert "{" not in command
    shell(command)
    assert (tmp_path / "hairpin.dbn").read_text() == HAIRPIN


# Galaxy


@pytest.fixture(scope="module")
def galaxy():
    return ET.parse(PACKAGING / "galaxy" / "mprna_fold.xml").getroot()


def test_the_formats_of_galaxy_are_formats(galaxy):
    from mprna.io.formats import FORMATS

    offered = [option.get("value") for option in galaxy.iterfind("inputs/param[@name='format']/option")] or [
        option.get("value") for option in galaxy.iterfind("inputs/param[@argument='--format']/option")
    ]
    assert offered
    assert [name for name in offered if FORMATS[name].write is None] == []


def parameters(galaxy, test):
    """Values of the tool's parameters in one of its tests, defaults included."""
    values = {}
    for param in galaxy.iterfind("inputs/param"):
        name = param.get("name") or param.get("argument").lstrip("-")
        chosen = param.find("option[@selected='true']")
        values[name] = param.get("value") if chosen is None else chosen.get("value")
        if param.get("type") == "boolean":
            values[name] = param.get("falsevalue")
    for param in test.iterfind("param"):
        name, value = param.get("name"), param.get("value")
        boolean = galaxy.find(f"inputs/param[@argument='--{name}'][@type='boolean']")
        values[name] = boolean.get("truevalue") if boolean is not None and value == "true" else value
    return values


def test_the_tests_of_the_galaxy_tool_pass(galaxy, shell, tmp_path):
    command = galaxy.findtext("command").strip().replace("\\$", "$$")
    data = PACKAGING / "galaxy" / "test-data"
    for test in galaxy.iterfind("tests/test"):
        values = parameters(galaxy, test) | {"structures": "structures"}
        values["sequences"] = str(data / values["sequences"])
        shell(Template(command).substitute(values).replace("\n", " "))
        result = (tmp_path / "structures").read_text()
        output = test.find("output")
        if output.get("file"):
            assert result == (data / output.get("file")).read_text()
        else:
            assert output.find("assert_contents/has_text").get("text") in result
            assert len(result.splitlines()) == int(output.find("assert_contents/has_n_lines").get("n"))
