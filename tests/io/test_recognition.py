"""Which format the content of a file has, and what is said of formats that are not read."""

import io

import pytest

from mprna.errors import FormatError
from mprna.io.formats import read_records


def read(data, format_name=None):
    return list(read_records(io.BytesIO(data), format_name=format_name))


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01", b"<!DOCTYPE html>", b"\x89PNG\r\n", b"\xff\xfe>\0a\0"])
def test_an_unknown_format_is_told(data):
    with pytest.raises(
        FormatError, match=r"^<stream>:1: unknown format, starts with '.+'; expected fasta, .*parquet$"
    ):
        read(data)


def test_genbank_is_not_read_and_named():
    data = b"LOCUS       AB12 12 bp RNA linear\nORIGIN\n        1 ggggaaaacc cc\n//\n"
    with pytest.raises(FormatError, match=r"^<stream>:1: GenBank is not read; convert to FASTA first"):
        read(data)


@pytest.mark.parametrize("constraints", [False, True])
@pytest.mark.parametrize("line", ["WT GGGGAAAACCCC", "cat\tGGGGAAAACCCC", "mutant GGGG", "seq1 GG"])
def test_a_name_before_a_sequence_is_told(line, constraints):
    data = io.BytesIO(f"GGGGAAAACC CC\nGGGG AAAA\nGGG AAA UU\n{line}\n".encode())
    found = read_records(data, constraints=constraints)
    assert next(found).sequence == "GGGGAAAACCCC"
    with pytest.raises(FormatError) as error:
        list(found)
    message = f"two words in a line ({line!r}): write names as '>NAME'"
    assert str(error.value) == f"<stream>:4: {message}"


@pytest.mark.parametrize(
    ("text", "format_name", "names"),
    [
        ("GGGG\nCCCC\n", "plain", ["", ""]),
        ("ACG-U*\n", "plain", [""]),
        ("GGGGAAAACCCC\n((((....)))) ( -5.40)\n", "vienna", ["sequence_1"]),
        (">a\nGGGG\nAAAA\n>b\n", "fasta", ["a", "b"]),
        (">a\nGGGGAAAACCCC\n>b\nGGGGAAAACCCC\n............\nGGGGAAAACCCC\n", "fasta", ["a", "b"]),
        ("# File Name: a.ct\n2 a\n1 A 0 2 0 1\n2 C 1 0 0 2\n", "ct", ["a"]),
        ("Filename: a.bpseq\nOrganism: x\n1 A 0\n", "bpseq", ["a.bpseq"]),
        ("id\tsequence\na\tACGU\n", "tsv", ["a"]),
    ],
)
def test_what_others_write_is_recognised(text, format_name, names):
    found = read(text.encode())
    assert found == read(text.encode(), format_name)
    assert [record.name for record in found] == names


@pytest.mark.parametrize("odd", ["\v", "\f", "\x1c", "\x85", "\u2028"])
def test_only_line_ends_end_a_line_of_the_head(odd):
    text = f">a{odd}x\nGGGAAACCC\n(((...)))\n>b\nAC\n"
    assert read(text.encode()) == read(text.encode(), "dbn")
