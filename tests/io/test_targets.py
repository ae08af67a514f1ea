"""Target files: names are optional, faults have a line."""

from __future__ import annotations

import io

import pytest

from mprna.errors import FormatError
from mprna.io.targets import read_targets


def test_names_are_optional():
    text = b"# puzzles\n>a first\n((...))\r\n\n.(((...)))\n>\n[[...]]\n"
    assert list(read_targets(io.BytesIO(text))) == [("a", "((...))"), ("", ".(((...)))"), ("", "[[...]]")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b">a\n((...))\nGGAAACC=\n", ":3: expected a dot-bracket, found 'GGAAACC='"),
        (b"((..-))\n", ":1: expected a dot-bracket"),
        (b"", "no targets in this file"),
        (b">a\n", "no targets in this file"),
    ],
)
def test_faults_have_a_place(text, message):
    with pytest.raises(FormatError, match=message):
        list(read_targets(io.BytesIO(text)))
