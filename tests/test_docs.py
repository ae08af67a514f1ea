"""Documentation is checked like code: nothing missing, nothing stale, no dead link, every command runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])
RUN = [ROOT / "README.md", ROOT / "docs" / "quickstart.md", ROOT / "docs" / "folding.md"]
NOT_IN_TREE = {"build", "dist", "__pycache__"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Command line


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/generate_cli.py as a module."""
    spec = spec_from_file_location("generate_cli", ROOT / "docs" / "generate_cli.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_command_line_page_is_not_stale(generator: ModuleType) -> None:
    assert generator.PAGE.read_text() == generator.page(), "run `make docs`"


def test_every_command_and_option_is_on_the_page(generator: ModuleType) -> None:
    """Read off the text of --help, independently of how the page was made."""
    page = generator.PAGE.read_text()
    for parser in generator.leaves(generator.build_parser()):
        section = page.split(f"\n## {parser.prog}\n")[1].split("\n## ")[0]
        options = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", parser.format_usage())) - {"-h"}
        assert {option for option in options if f"`{option}" not in section} == set(), parser.prog


def test_every_command_has_an_example(generator: ModuleType) -> None:
    parsers = [p for p in generator.leaves(generator.build_parser()) if p._subparsers is None]
    assert [parser.prog for parser in parsers if "mprna" not in (parser.epilog or "")] == []


# Links


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)
    yield from re.findall(r'src="([^"]+)"', text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_relative_links_resolve(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http://", "https://")):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


# The file tree of README


def drawn_tree(readme: str) -> dict[str, str]:
    """Path to phrase; folders end in `/`, two spaces a level."""
    block = readme.split("## Where things are")[1].split("```")[1]
    phrases: dict[str, str] = {}
    folders: list[str] = []
    for line in block.splitlines()[1:]:
        indent, name, phrase = re.fullmatch(r"( *)(\S+) *(.*)", line).groups()  # type: ignore[union-attr]
        folders[len(indent) // 2 :] = [name]
        phrases["".join(folders)] = phrase
    return phrases


def test_tree_in_readme_is_the_tree() -> None:
    drawn = set(drawn_tree((ROOT / "README.md").read_text()))
    top = {p.name + "/" * p.is_dir() for p in ROOT.iterdir() if p.name[0] != "."} - {
        f"{n}/" for n in NOT_IN_TREE
    }
    package = {name_of(p) for p in (ROOT / "src" / "mprna").rglob("*.py") if p.name != "__init__.py"}
    assert {path for path in drawn if not (ROOT / path).exists()} == set()
    assert {path for path in top | package if path not in drawn} == set()


def test_every_file_in_the_tree_has_a_phrase() -> None:
    drawn = drawn_tree((ROOT / "README.md").read_text())
    assert [path for path, phrase in drawn.items() if not phrase] == []


# What the pages say about formats and the model


def test_formats_in_docs_are_the_formats() -> None:
    from mprna.io.formats import FORMATS

    page = (ROOT / "docs" / "formats.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (yes|no) \| (yes|no) \| `?([.\w ]*?)`? *\|$", page, re.MULTILINE)
    said = {"yes": True, "no": False}
    assert [
        (name, said[read], said[write], tuple(suffixes.split())) for name, read, write, suffixes in rows
    ] == [
        (format.name, format.read is not None, format.write is not None, format.suffixes)
        for format in FORMATS.values()
    ]


def test_presets_in_docs_are_the_presets() -> None:
    from mprna.model.config import published_num_parameters
    from mprna.model.presets import PRESETS

    page = (ROOT / "docs" / "model.md").read_text()
    rows = re.findall(
        r"^\| `([\w-]+)` \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| ([\d,]+) \|", page, re.MULTILINE
    )
    assert [(name, *map(int, numbers), total) for name, *numbers, total in rows] == [
        (
            name,
            *(config.num_layers, config.hidden_width, config.num_heads, config.feed_forward_width),
            f"{published_num_parameters(config):,}",
        )
        for name, config in PRESETS.items()
    ]


def test_objectives_in_docs_are_the_objectives() -> None:
    from mprna.objectives.mixture import ObjectiveConfig

    page = (ROOT / "docs" / "model.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) \|$", page, re.MULTILINE))
    assert {name: float(weight) for name, weight in rows.items()} == ObjectiveConfig().weights
    rates = re.findall(r"^\| (.+) \| (\d+)% \|$", page, re.MULTILINE)
    config = ObjectiveConfig()
    expected = [config.mask_rate, config.mutation_rate, config.clean_share, config.joint_share]
    assert [int(rate) / 100 for _, rate in rates] == [*expected, config.structure_mask_rate]


# What the pages tell people to type


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def shell_session(block: str) -> Iterator[tuple[str, str]]:
    """Commands after `$ ` with the output that is shown below them."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


@pytest.fixture
def workplace(tmp_path: Path) -> dict[str, str]:
    """An environment with `mprna` on the path, in a folder with the examples."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    program = tmp_path / "bin" / "mprna"
    program.parent.mkdir()
    call = "from mprna.cli.main import main; raise SystemExit(main())"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "{call}" "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT / "src")}


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_console_blocks_run(page: Path, workplace: dict[str, str], tmp_path: Path) -> None:
    """Exit status 0, and the shown output where output is shown."""
    sessions = [entry for block in blocks(page, "console") for entry in shell_session(block)]
    assert sessions
    for command, output in sessions:
        result = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            **{"cwd": tmp_path, "env": workplace, "capture_output": True, "text": True, "timeout": 120},
        )
        assert result.returncode == 0, (command, result.stderr)
        assert not output or result.stdout == output, command


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_python_blocks_run(page: Path, workplace: dict[str, str], tmp_path: Path) -> None:
    code = "\n".join(blocks(page, "python"))
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, env=workplace, check=True, timeout=120
    )
