"""Stockholm: alignments with a consensus become records with structures."""

from __future__ import annotations

import io

import pytest

from mprna.errors import FormatError
from mprna.io.formats import read_records
from mprna.io.records import Record

TWO_BLOCKS = """\
# STOCKHOLM 1.0
#=GF ID   hairpin
#=GF AC   RF99999
#=GF AU   Somebody

first/1-12          GGGGAA
#=GR first/1-12 SS  <<<<__
second/5-15         GG-G.A
#=GC SS_cons        <<<<__
#=GC RF             xxxxxx

first/1-12          AACCCC
second/5-15         AACCCC
#=GC SS_cons        __>>>>
//
"""


def read(text: str) -> list[Record]:
    return list(read_records(io.BytesIO(text.encode()), format_name="stockholm"))


def test_rows_lose_their_gaps_and_the_pairs_that_have_lost_a_nucleotide():
    first, second = read(TWO_BLOCKS)
    assert (first.name, first.description) == ("first/1-12", "hairpin RF99999")
    assert (first.sequence, first.dot_bracket) == ("GGGGAAAACCCC", "((((....))))")
    assert (second.sequence, second.dot_bracket) == ("GGGAAACCCC", "(((...).))")


@pytest.mark.parametrize("text", [TWO_BLOCKS, "\n" + TWO_BLOCKS, TWO_BLOCKS.replace("\n", "\r\n")])
def test_it_is_recognised_without_a_suffix(text):
    names = [record.name for record in read_records(io.BytesIO(text.encode()))]
    assert names == ["first/1-12", "second/5-15"]


def test_several_alignments_and_pseudoknots():
    knot = "# STOCKHOLM 1.0\nx  GGGAACCCAAGG.CCAAA\n#=GC SS_cons  <<<AA>>>,,::.aa---\n//\n"
    records = read(TWO_BLOCKS + knot)
    assert len(records) == 3
    assert records[2].sequence == "GGGAACCCAAGGCCAAA"
    assert records[2].dot_bracket == "(((AA)))....aa...".translate(str.maketrans("Aa", "[]"))


def test_without_a_consensus_there_are_sequences_alone():
    assert read("# STOCKHOLM 1.0\nx ACG-U\n//\n") == [Record(name="x", sequence="ACGU")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">x\nACGU\n", r"<stream>:1: expected # STOCKHOLM 1\.0, found '>x'"),
        ("# STOCKHOLM 1.0\nx ACGU\n", "<stream>:2: the file ends before the // of an alignment"),
        ("# STOCKHOLM 1.0\nx ACGU\ny ACG\n//\n", "<stream>:4: y: a row of 3 columns, expected 4"),
        ("# STOCKHOLM 1.0\nx ACGU\n#=GC SS_cons <<>\n//\n", "<stream>:4: SS_cons: "),
        ("# STOCKHOLM 1.0\nx AAA\n#=GC SS_cons ....\n//\n", "<stream>:4: x: a row of 3 columns, expected 4"),
        ("# STOCKHOLM 1.0\nACGU\n//\n", "<stream>:2: expected a name and a row, found 'ACGU'"),
    ],
)
def test_what_is_broken_is_told(text, message):
    with pytest.raises(FormatError, match=message):
        read(text)
