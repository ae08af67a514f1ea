"""Opening of sources; damage of all formats is in test_formats."""

import bz2
import gzip
import io
import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FormatError
from mprna.io.source import InputFile, numbered_lines, open_input


def lines_of(data):
    with open_input(io.BytesIO(data)) as file:
        return list(numbered_lines(file))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")))
def test_lines_are_those_of_universal_newlines(text):
    expected = io.StringIO(text, newline=None).read().split("\n")
    if expected[-1] == "":
        expected.pop()
    assert lines_of(text.encode()) == list(enumerate(expected, 1))


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_streams_are_decompressed_by_content(compress):
    assert lines_of(compress(b"a\nb")) == [(1, "a"), (2, "b")]


def test_several_gzip_members_are_one_file():
    assert lines_of(gzip.compress(b"a\n") + gzip.compress(b"b\n")) == [(1, "a"), (2, "b")]


def test_names_for_errors(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x")
    with open_input(path) as file:
        assert file.name == str(path)
    with path.open("rb") as stream, open_input(stream) as file:
        assert file.name == str(path)
    with open_input(io.BytesIO(b"x")) as file:
        assert file.name == "<stream>"


def test_an_open_file_is_passed_on_and_stays_open(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("x")
    with open_input(path) as file:
        assert isinstance(file, InputFile)
        with open_input(file) as again:
            assert again is file
        assert not file.stream.closed
    assert file.stream.closed


def test_a_line_with_nul_is_told_by_number():
    with pytest.raises(FormatError) as error:
        lines_of(b"a\nb\0\n")
    assert str(error.value) == "<stream>:2: binary or UTF-16 data, expected UTF-8 text"
