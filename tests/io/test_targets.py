"""Target files: names are optional, faults have a line, and sequences may stand above their structures."""

from __future__ import annotations

import io

import pytest

from mprna.errors import FormatError
from mprna.io.formats import FORMATS
from mprna.io.records import Record
from mprna.io.targets import read_targets

RNAFOLD = b""">a first
GGGGAAAACCCC
((((....)))) ( -5.40)
>b
AAAAAA
...... (  0.00)
"""
WITH_PAIR_PROBS = b""">a
GGGGAAAACCCC
((((....)))) ( -5.40)
(((,....}))) [ -5.50]
((((....)))) { -5.40 d=0.40}
 frequency of mfe structure in ensemble 0.85; ensemble diversity 0.71
"""


def targets(text: bytes) -> list[tuple[str, str]]:
    return list(read_targets(io.BytesIO(text)))


def test_names_are_optional():
    text = b"# puzzles\n>a first\n((...))\r\n\n.(((...)))\n>\n[[...]]\n"
    assert targets(text) == [("a", "((...))"), ("", ".(((...)))"), ("", "[[...]]")]


@pytest.mark.parametrize("text", [b">a\n>b\n(...)\n>c\n", b">a\nGAAAC\n>b\nGAAAC\n(...)\n>c\nGAAAC\n"])
def test_what_has_no_structure_keeps_its_place(text):
    assert targets(text) == [("a", ""), ("b", "(...)"), ("c", "")]


def test_what_rnafold_writes():
    folded = [("a", "((((....))))"), ("b", "......")]
    assert targets(RNAFOLD) == folded
    assert targets(WITH_PAIR_PROBS) == folded[:1]
    without_sequences = [line for line in RNAFOLD.splitlines() if not line.isalpha()]
    assert targets(b"\n".join(without_sequences)) == folded
    nameless = [line for line in RNAFOLD.splitlines() if not line.startswith(b">")]
    assert [target for _, target in targets(b"\n".join(nameless))] == [target for _, target in folded]


@pytest.mark.parametrize("name", ["vienna", "dbn", "ct", "bpseq", "jsonl", "tsv", "parquet"])
def test_every_format_with_structures(name, tmp_path):
    path = tmp_path / f"structures.{name}"
    record = Record(name="a", sequence="GGGGAAAACCCC", dot_bracket="((((....))))", energy=-5.4)
    with path.open("wb") as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8", write_through=True)
        FORMATS[name].write([record], stream if FORMATS[name].binary else text)
        text.detach()
    assert list(read_targets(path)) == targets(path.read_bytes()) == [("a", "((((....))))")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b">a\n((...))\nGGAAACC=\n", ":3: expected a dot-bracket, found 'GGAAACC='"),
        (b">a\n((...))\n>b\nGGAAACC\n((...))\n", ":4: expected a dot-bracket, found 'GGAAACC'"),
        (b"((...)) -5.40\n", r":1: expected a dot-bracket, found '\(\(...\)\) -5.40'"),
        (b"((..-))\n", ":1: expected a dot-bracket"),
        (b"", "no targets in this file"),
        (b"# nothing\n", "no targets in this file"),
        (b">a\nGGAAACC\n", "no structures in this file"),
        (b">a\nGGAAACC\n((...)\n", ":3: structure of 6 symbols for a sequence of 7 nt"),
        (b"%\n", ":1: unknown format"),
    ],
)
def test_faults_have_a_place(text, message):
    with pytest.raises(FormatError, match=message):
        targets(text)


@pytest.mark.parametrize("odd", ["\v", "\f", "\x1c", "\x85", "\u2028"])
def test_only_line_ends_end_a_line_of_the_head(odd):
    text = f">a{odd}GAAAC\n(...)\n"
    assert targets(text.encode()) == [("a", "(...)")]
