"""The man page and the completions are those of the parser, and the completions complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator(load):
    """docs/generate_cli.py."""
    return load(ROOT / "docs" / "generate_cli.py")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_not_stale(generator, shell):
    assert generator.COMPLETIONS[shell].read_text() == generator.completion(shell), "run `make docs`"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse lays out usage by Python's version")
def test_the_man_page_is_not_stale(generator):
    assert generator.MANUAL.read_text() == generator.manual(), "run `make docs`"


def test_the_man_page_has_every_option(generator):
    page = generator.MANUAL.read_text().replace("\\-", "-")
    for parser in generator.leaves(generator.build_parser()):
        options = {flag for action in parser._actions for flag in action.option_strings} - {"-h", "--help"}
        assert {flag for flag in options if flag not in page} == set(), parser.prog


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["fo"], {"fold"}),
        (["fold", "--eng"], {"--engine"}),
        (["fold", "--engine", ""], {"hybrid", "model", "vienna"}),
        (["models", "g"], {"get"}),
        (["draw", "kno"], {"known.dbn"}),
    ],
)
def test_bash_completes(generator, tmp_path, words, expected):
    (tmp_path / "known.dbn").touch()
    script = (
        f'source "$0"; COMP_WORDS=(mprna "$@"); COMP_CWORD={len(words)}; COMP_TYPE=9; '
        f'_shtab_mprna; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    shown = subprocess.run(
        ["bash", "-c", script, generator.COMPLETIONS["bash"], *words],
        **{"cwd": tmp_path, "capture_output": True, "text": True, "check": True},
    )
    assert set(shown.stdout.split()) == expected
