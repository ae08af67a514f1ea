"""Write what is read off the parser itself: docs/cli.md, the man page and the shells' completions.

docs/cli.md has not the text of --help, whose layout differs between Python versions.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import shtab
from argparse_manpage.manpage import Manpage

from mprna.cli.main import build_parser

PAGE = Path(__file__).with_name("cli.md")
PACKAGING = Path(__file__).parents[1] / "packaging"
MANUAL = PACKAGING / "man" / "mprna.1"
COMPLETIONS = {
    "bash": PACKAGING / "completions" / "mprna",
    "zsh": PACKAGING / "completions" / "_mprna",
    "fish": PACKAGING / "completions" / "mprna.fish",
}
PATHS = {"INPUT", "TARGET", "FILE", "FILE.svg", "SVG"}
DIRECTORIES = {"DIR", "RUN", "DIR[=WEIGHT]", "MIRROR"}

HEAD = """\
# The command line

<!-- Made by `make docs` from the program itself: do not edit. -->

Results go to standard output (or `-o`), progress and messages to standard error. Exit status: 0 all went
well, 1 the input or a record of it is at fault or results cannot be written (a full disk, a folder without
permission), 2 the call is at fault, 130 Ctrl-C, 141 a closed pipe, 143 SIGTERM where it stopped a training, a
build, `mprna models` or worker processes.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_section(parser) for parser in leaves(build_parser()))])


def leaves(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser and all parsers below it, in the order of --help."""
    yield parser
    for action in parser._actions:  # argparse has no public way to look inside
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from leaves(child)


def manual() -> str:
    """The man page, in troff."""
    with mock.patch.dict(os.environ, COLUMNS="70", SOURCE_DATE_EPOCH="0"):  # not those of whoever builds it
        manpage = Manpage(build_parser())
        manpage.description, manpage.manual, manpage.date = "MP-RNA's command line", "User Commands", ""
        return re.sub(r"^\.(?=\w+ or \.)", r"\\&.", str(manpage), flags=re.MULTILINE)  # ".svg" is no macro


def completion(shell: str) -> str:
    """What a shell reads to complete commands, options, choices and file names."""
    parser = build_parser()
    for leaf in leaves(parser):
        for action in leaf._actions:
            _say_what_completes(action)
    return shtab.complete(parser, shell).rstrip() + "\n"


def _say_what_completes(action: argparse.Action) -> None:
    metavars = {action.metavar} if isinstance(action.metavar, str) else set(action.metavar or ())
    if metavars & DIRECTORIES:
        action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    elif metavars & PATHS:
        action.complete = shtab.FILE  # type: ignore[attr-defined]


def _section(parser: argparse.ArgumentParser) -> str:
    lines = [f"## {parser.prog}", "", _sentence(parser), ""]
    if parser.epilog:
        lines += ["```sh", *_examples(parser.epilog), "```", ""]
    rows = [row for action in parser._actions for row in _rows(action, parser.prog)]
    if rows:
        lines += ["| | |", "|---|---|", *(f"| {names} | {meaning} |" for names, meaning in rows), ""]
    return "\n".join(lines)


def _sentence(parser: argparse.ArgumentParser) -> str:
    """The description; of "`mprna corpus`: build and verify" what follows the colon."""
    text = " ".join((parser.description or "").split())
    text = text.split(": ", 1)[1] if text.startswith("`") else text
    return text[:1].upper() + text[1:]


def _examples(epilog: str) -> list[str]:
    """Lines of an epilog `example: COMMAND`, or `examples:` and a command in each further line."""
    lines = (re.sub(r"^examples?:", "", line.strip()).strip() for line in epilog.splitlines())
    return [line for line in lines if line]


def _rows(action: argparse.Action, prog: str) -> Iterator[tuple[str, str]]:
    if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
        return
    if isinstance(action, argparse._SubParsersAction):
        for choice in action._choices_actions:
            yield f"[`{choice.dest}`](#{_anchor(f'{prog} {choice.dest}')})", _expanded(choice, prog)
        return
    yield ", ".join(_names(action)), _expanded(action, prog)


def _names(action: argparse.Action) -> Iterator[str]:
    value = _value(action)
    for flag in action.option_strings:
        yield f"`{flag} {value}`" if value else f"`{flag}`"
    if not action.option_strings:
        yield f"`{value}`"


def _value(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    value = action.metavar or _choices(action) or action.dest.upper()
    if isinstance(value, tuple):
        return " ".join(value)
    return {"?": f"[{value}]", "*": f"[{value} ...]", "+": f"{value} ..."}.get(str(action.nargs), str(value))


def _choices(action: argparse.Action) -> str:
    return "" if action.choices is None else "{" + ",".join(map(str, action.choices)) + "}"


def _expanded(action: argparse.Action, prog: str) -> str:
    text = (action.help or "") % (vars(action) | {"prog": prog})
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")


if __name__ == "__main__":
    PAGE.write_text(page())
    MANUAL.write_text(manual())
    for shell, path in COMPLETIONS.items():
        path.write_text(completion(shell))
