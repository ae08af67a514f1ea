"""Documentation is checked like code: nothing missing, nothing stale, no dead link, every command runs.

`console` and `python` blocks run, on every page that has console blocks; commands in `sh` blocks need data or
time, and are parsed. Tutorials run in tests/test_tutorials.py, README's blocks once more as `make first-run`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from urllib.parse import urlsplit

import pytest

from .conftest import ROOT, module_of

FOLDERS = (".", "docs", "examples", "packaging")
PAGES = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.md"))
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.py"))
CONSOLE = [page for page in PAGES if "```console\n" in page.read_text()]
PYTHON = [page for page in CONSOLE if "```python\n" in page.read_text()]
NOT_IN_TREE = {"build", "dist", "__pycache__"}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Command line


def script(name: str) -> ModuleType:
    """A program of docs/ as a module."""
    return module_of(f"docs/{name}.py")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return script("generate_cli")


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


def test_tutorials_link_to_pages_that_exist() -> None:
    for tutorial in TUTORIALS:
        for link in re.findall(r"\]\(([^)\s]+)\)", tutorial.read_text()):
            assert (tutorial.parent / link).exists(), f"{tutorial.name}: {link}"


def test_links_of_tutorials_lead_to_pages_of_the_site() -> None:
    links = '<a href="../design.md#the-certificate">a</a> <a href="https://x.org/../y.md">b</a>'
    made = {
        name: script("tutorial_links").on_page_content(
            links, page=SimpleNamespace(file=SimpleNamespace(src_uri=name))
        )
        for name in ("tutorials/design.py", "design.md")
    }
    assert made["design.md"] == links
    assert made["tutorials/design.py"] == links.replace("design.md", "design.html")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_addresses_are_whole(page: Path) -> None:
    """Without asking the network: https, a host, nothing left over from editing."""
    for link in links(page):
        if link.startswith(("http:", "https:")):
            parts = urlsplit(link)
            assert parts.scheme == "https", link
            assert re.fullmatch(r"[\w-]+(\.[\w-]+)+", parts.netloc), link


def test_every_page_is_in_the_navigation_and_in_the_list() -> None:
    nav = (ROOT / "mkdocs.yml").read_text()
    index = (ROOT / "docs" / "README.md").read_text()
    names = [path.name for path in ROOT.glob("docs/*.md") if path.name != "README.md"]
    assert [name for name in names if f": {name}\n" not in nav] == []
    assert [name for name in names if f"]({name})" not in index] == []
    assert [path.name for path in TUTORIALS if f"](tutorials/{path.name})" not in index] == []


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


@pytest.mark.torch
def test_objectives_in_docs_are_the_objectives() -> None:
    from mprna.objectives.mixture import ObjectiveConfig

    page = (ROOT / "docs" / "model.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) \|$", page, re.MULTILINE))
    assert {name: float(weight) for name, weight in rows.items()} == ObjectiveConfig().weights
    rates = re.findall(r"^\| (.+) \| (\d+)% \|$", page, re.MULTILINE)
    config = ObjectiveConfig()
    expected = [config.mask_rate, config.mutation_rate, config.clean_share, config.joint_share]
    assert [int(rate) / 100 for _, rate in rates] == [*expected, config.structure_mask_rate]


def named_in(page: str) -> set[str]:
    """What stands in back quotes."""
    return set(re.findall(r"`([^`\n]+)`", (ROOT / "docs" / page).read_text()))


@pytest.mark.torch
def test_recipes_in_docs_are_the_recipes() -> None:
    from mprna.train.recipes import RECIPES

    page = (ROOT / "docs" / "model.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| `([\w-]+)` \| ([\d,]+) \| (\d+) \| ([\d,]+) \|", page, re.MULTILINE)
    configs = {name: recipe() for name, recipe in RECIPES.items()}
    assert rows == [
        (name, c.preset, f"{c.num_steps:,}", str(c.accumulate_batches), f"{c.batch_tokens:,}")
        for name, c in configs.items()
    ]


def test_decoders_models_tasks_and_metrics_are_documented() -> None:
    from mprna.bench.metrics import METRICS
    from mprna.bench.models.registry import MODELS
    from mprna.predict.options import DECODERS, DEFAULT_MAX_LENGTHS
    from mprna.runtime.store import list_models

    assert set(DECODERS) <= named_in("model.md")
    assert set(DEFAULT_MAX_LENGTHS) <= named_in("model.md")  # the engines
    assert set(MODELS) | set(METRICS) <= named_in("benchmark.md")
    packaged = {info.name for info in list_models() if info.directory.is_relative_to(ROOT)}
    assert packaged <= named_in("model.md")


def test_public_names_and_errors_are_in_the_reference() -> None:
    import mprna

    page = (ROOT / "docs" / "api.md").read_text()
    listed = {name.rpartition(".")[2] for name in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE)}
    assert set(mprna.__all__) - {"__version__"} <= listed
    for name in re.findall(r"^::: ([\w.]+)$", page, re.MULTILINE):
        if name == "mprna.errors":
            continue
        module, _, attribute = name.rpartition(".")
        assert getattr(import_module(module), attribute).__doc__, name


def test_accuracies_in_readme_are_those_of_the_experiments() -> None:
    """Values with an interval: the table of README repeats what two pages have with its command."""
    measured = "".join((ROOT / "docs" / name).read_text() for name in ("experiments.md", "benchmark.md"))
    readme = (ROOT / "README.md").read_text().replace("**", "")
    values = re.findall(r"\d+\.\d \(\d+\.\d-\d+\.\d\)", readme)
    assert values
    assert [value for value in values if value not in measured.replace("**", "")] == []


def test_every_script_says_what_it_makes() -> None:
    """Scripts of runs/ and benchmarks/, and docs/reproducing.md, name each other."""
    page = (ROOT / "docs" / "reproducing.md").read_text()
    scripts = {name_of(p) for folder in ("runs", "benchmarks") for p in (ROOT / folder).glob("*.*")}
    assert set(re.findall(r"\b(?:runs|benchmarks)/\w+\.(?:sh|py)", page)) == scripts


# What the pages tell people to type


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def commands_shown() -> Iterator[tuple[str, str]]:
    """Page and command, for every line that calls `mprna` in any block of any page, tutorial or epilog."""
    for page in [*PAGES, *TUTORIALS]:
        text = page.read_text().replace("\n# ", "\n") if page.suffix == ".py" else page.read_text()
        for language in ("sh", "console"):
            for block in re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
                for line in block.replace("\\\n", " ").splitlines():
                    for part in re.split(r"\||&&|;|\$\(", line.removeprefix("$ ").split("  #")[0]):
                        if re.match(r" *mprna ", part):
                            yield name_of(page), re.split(r" \d?>", part)[0].strip()


def test_every_command_shown_is_one_that_the_parser_takes(capsys: pytest.CaptureFixture[str]) -> None:
    from mprna.cli.main import build_parser

    shown = sorted(set(commands_shown()))
    assert len(shown) > 50
    wrong = []
    for page, command in shown:
        try:
            build_parser().parse_args(shlex.split(command)[1:])
        except SystemExit as end:
            if end.code:
                wrong.append((page, command, capsys.readouterr().err.splitlines()[-1]))
    assert wrong == []


def shell_session(block: str) -> Iterator[tuple[str, str]]:
    """Commands after `$ ` with the output that is shown below them."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def pattern_of(output: str) -> str:
    """`…` stands for whatever differs from run to run, within a line."""
    return re.escape(output).replace("…", ".*")


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


@pytest.mark.parametrize("page", CONSOLE, ids=name_of)
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
        assert not output or re.fullmatch(pattern_of(output), result.stdout), (command, result.stdout)


@pytest.mark.parametrize("page", PYTHON, ids=name_of)
def test_python_blocks_run(page: Path, workplace: dict[str, str], tmp_path: Path) -> None:
    code = "\n".join(blocks(page, "python"))
    subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, env=workplace, check=True, timeout=120
    )
