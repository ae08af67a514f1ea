"""Lists of variants."""

from __future__ import annotations

import gzip

import pytest

from mprna.errors import FormatError
from mprna.io.variants import ListedVariant, read_variants


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A24G\nC30U\n", [("A24G", None), ("C30U", None)]),
        ("A24G", [("A24G", None)]),
        ("# comment\r\n\r\nvariant\r\nA24G\r\n", [("A24G", None)]),
        ("A24G\nvariant\n", [("A24G", None), ("variant", None)]),
        ("variant\nA24G\n", [("A24G", None)]),
        ("name\tvariant\nutr\tA24G+C30U\tnote\n", [("A24G+C30U", "utr")]),
        ("Name\tVariant\nutr\t A24G \n", [("A24G", "utr")]),
        ("utr\t\n", [("", "utr")]),
        ("what is this\n", [("what is this", None)]),
    ],
)
def test_lines(tmp_path, text, expected):
    path = tmp_path / "list.tsv"
    path.write_bytes(text.encode())
    assert read_variants(path) == [ListedVariant(*pair) for pair in expected]


def test_compressed(tmp_path):
    path = tmp_path / "list.tsv.gz"
    path.write_bytes(gzip.compress(b"A24G\n"))
    assert read_variants(path) == [ListedVariant("A24G")]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "name\tvariant\n"])
def test_an_empty_list_is_told(tmp_path, text):
    path = tmp_path / "list.tsv"
    path.write_text(text)
    with pytest.raises(FormatError, match=r"list\.tsv: no variants in this file"):
        read_variants(path)


def test_a_missing_list_is_told(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_variants(tmp_path / "missing")
