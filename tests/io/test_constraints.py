"""Constraints beside sequences, and below them."""

from __future__ import annotations

import io

import pytest

from mprna.errors import FormatError, MprnaWarning, UsageError
from mprna.io.constraints import constrain_by_name, constrain_in_order, looks_like_one, read_constraints
from mprna.io.formats import read_records
from mprna.io.records import Record


def read(text: str):
    return read_constraints(io.BytesIO(text.encode()))


def records(*names: str) -> list[Record]:
    return [Record(name=name, sequence="ACGU") for name in names]


def test_by_name_and_in_order():
    assert read("# note\n>a first\n((..\n..))\n\n>b\r\n.x|. ( -1.20)\r\n") == (
        {"a": "((....))", "b": ".x|."},
        [],
    )
    assert read("....\n.x..\n") == ({}, ["....", ".x.."])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected constraints"),
        (".x..\n>a\n....\n", "expected constraints, either all of them below"),
        (">a\n>b\n....\n", "no constraint below '>a'"),
        (">a\n....\n>a\n....\n", ":3: a second constraint of 'a'"),
    ],
)
def test_bad_files(text, message):
    with pytest.raises(FormatError, match=message):
        read(text)


def test_names_find_their_records():
    found = constrain_by_name(records("a", "b", "c"), {"c": "...x", "a": "x..."})
    assert [record.constraint for record in found] == ["x...", None, "...x"]
    with pytest.warns(MprnaWarning, match="constraints of no record: 1; the first: z"):
        list(constrain_by_name(records("a"), {"z": "...."}))


def test_without_names_there_is_one_each():
    found = constrain_in_order(records("a", "b"), ["x...", "...x"])
    assert [record.constraint for record in found] == ["x...", "...x"]
    with pytest.raises(UsageError, match="more records than the 1 constraints without names"):
        list(constrain_in_order(records("a", "b"), ["...."]))
    with pytest.raises(UsageError, match="2 constraints without names for 1 records"):
        list(constrain_in_order(records("a"), ["....", "...."]))


def test_a_constraint_is_no_file_name():
    assert looks_like_one("((..x|<>))")
    assert not looks_like_one("constraints.txt")
    assert not looks_like_one("")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">a\nGGGG\nAAAACCCC\n((((....\n))))\n>b\nACGU\n", [("a", 12, "((((....))))"), ("b", 4, None)]),
        (">a\nACGU\n|.x<\n", [("a", 4, "|.x<")]),
        (">a\nACGU\nxxxx\n", [("a", 4, "xxxx")]),
        ("ACGU\n..|.\nGGGG\nACGU\n.x..\n", [("", 4, "..|."), ("", 4, None), ("", 4, ".x..")]),
        (">a\r\nGGGGAAAACCCC\r\n((((....)))) ( -5.40)\r\n", [("a", 12, "((((....))))")]),
        (">a\nACGU\n((..[x\n", [("a", 4, "((..[x")]),  # judged when it is folded
    ],
)
def test_lines_below_sequences(text, expected):
    found = read_records(io.BytesIO(text.encode()), constraints=True)
    got = [(record.name, len(record.sequence), record.constraint) for record in found]
    assert got == expected


def test_without_asking_nothing_is_a_constraint():
    (record,) = read_records(io.BytesIO(b">a\nGGGGAAAACCCC\n((((....))))\n"))
    assert (record.dot_bracket, record.constraint) == ("((((....))))", None)
