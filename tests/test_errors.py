"""The exception tree is the one drawn in errors.py, and every message is one line."""

from __future__ import annotations

import inspect
import pickle
import re

import pytest

from mprna import errors
from mprna.errors import DataError, FormatError, MissingExtraError, MprnaError, MprnaWarning, UsageError


def test_drawn_tree_is_the_tree() -> None:
    """Class names with their depth, in the drawing and in the code, are the same."""
    drawing = [
        (len(match[1]) // 4, match[2])
        for match in re.finditer(r"^ {4}([│├└─ ]*)(\w+(?:Error))\b", errors.__doc__ or "", re.MULTILINE)
    ]
    classes = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, MprnaError)]
    depth = {c.__name__: c.__mro__.index(MprnaError) for c in classes}
    assert len(drawing) == len(classes)
    assert dict((name, level) for level, name in drawing) == depth


@pytest.mark.parametrize(
    ("path", "line", "text"),
    [
        (None, None, "no header"),
        ("a.fa", None, "a.fa: no header"),
        ("a.fa", 3, "a.fa:3: no header"),
        ("<stdin>", 1, "<stdin>:1: no header"),
    ],
)
def test_format_error_names_the_place(path: str | None, line: int | None, text: str) -> None:
    error = FormatError("no header", path=path, line=line)
    assert str(error) == text
    assert (error.path, error.line) == (path, line)


def test_missing_extra_says_what_to_install() -> None:
    error = MissingExtraError("Parquet", "parquet")
    assert str(error) == "Parquet needs an optional dependency: pip install 'mprna[parquet]'"


def test_exit_codes() -> None:
    assert DataError("x").exit_code == 1
    assert FormatError("x").exit_code == 1
    assert UsageError("x").exit_code == 2
    assert MissingExtraError("x", "y").exit_code == 2


def test_a_warning_is_no_error() -> None:
    assert issubclass(MprnaWarning, UserWarning)
    assert not issubclass(MprnaWarning, MprnaError)


@pytest.mark.parametrize(
    "error", [MissingExtraError("PNG output", "draw"), FormatError("no", path="a", line=3)]
)
def test_processes_can_send_errors_to_each_other(error: MprnaError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
