"""Clustal: rows of an alignment become records without gaps."""

from __future__ import annotations

import io

import pytest

from mprna.errors import FormatError
from mprna.io.formats import read_records
from mprna.io.records import Record

TWO_BLOCKS = """\
CLUSTAL O(1.2.4) multiple sequence alignment


first       GGGGAA 6
second      GG-G.A 4
            ** * *

first       AACCCC 12
second      AACC-- 8
            ****
"""


def read(text: str) -> list[Record]:
    return list(read_records(io.BytesIO(text.encode())))


@pytest.mark.parametrize("text", [TWO_BLOCKS, "\n" + TWO_BLOCKS, TWO_BLOCKS.replace("\n", "\r\n")])
def test_rows_are_joined_over_blocks_and_lose_their_gaps(text: str) -> None:
    assert read(text) == [
        Record(name="first", sequence="GGGGAAAACCCC"),
        Record(name="second", sequence="GGGAAACC"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("CLUSTAL W\n\na GGGG\nb GGG\n", "b: a row of 3 columns, expected 4"),
        ("CLUSTAL W\n\na GGGG AAAA x\n", r"<stream>:3: expected a name and a row"),
        ("CLUSTAL W\n\n", "no records"),
    ],
)
def test_faults_are_told(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read(text)


def test_the_first_line_must_say_what_it_is() -> None:
    with pytest.raises(FormatError, match="expected CLUSTAL, found 'GGGG'"):
        list(read_records(io.BytesIO(b"GGGG\n"), format_name="clustal"))
