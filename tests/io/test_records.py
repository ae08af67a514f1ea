"""Records, headers and the checks that readers share."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from mprna.errors import FormatError
from mprna.io.records import Record, check_dot_bracket, numbered, split_header


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a", ("a", "")),
        ("a b  c", ("a", "b  c")),
        ("  a\tb c ", ("a", "b c")),
        ("", ("sequence_3", "")),
        ("   ", ("sequence_3", "")),
    ],
)
def test_headers_are_split_at_white_space(header, expected):
    assert split_header(header, 3) == expected


def test_header_is_one_line():
    assert Record(name="a", sequence="").header == "a"
    assert Record(name="a", sequence="", description="b c").header == "a b c"
    assert Record(name="a", sequence="", description="b\r\nc\n>d").header == "a b c >d"
    assert Record(name="a", sequence="", error="bad\nline").error_comment == "# error: bad line"


def test_records_are_immutable_and_compare_without_arrays():
    first, second = (
        Record(name="a", sequence="AC", base_pair_probs=np.full((2, 2), value, dtype=np.float32))
        for value in (0.0, 1.0)
    )
    assert first == second
    with pytest.raises(FrozenInstanceError):
        first.name = "b"


@pytest.mark.parametrize(
    ("dot_bracket", "message"),
    [
        ("(...)", "x.dbn:7: structure of 5 symbols for a sequence of 6 nt"),
        ("(....(", "x.dbn:7: '(' at position 1 is never closed"),
    ],
)
def test_bad_structures_are_told_with_file_and_line(dot_bracket, message):
    with pytest.raises(FormatError) as error:
        check_dot_bracket(dot_bracket, "GAAAAC", path="x.dbn", line=7)
    assert str(error.value) == message


def test_the_nameless_are_numbered_by_their_place():
    records = [Record(name=name, sequence="A") for name in ("", "x", "")]
    assert [record.name for record in numbered(records)] == ["sequence_1", "x", "sequence_3"]
