"""BPSEQ files: exact text, other programs' headers, and damaged tables."""

import io

import pytest

from mprna.errors import FormatError
from mprna.io.bpseq import read_bpseq, write_bpseq
from mprna.io.records import Record

SHORT = Record(name="a", description="b", sequence="GAAAC", dot_bracket="(...)", energy=-1.2)
ROWS = "1 G 5\n2 A 0\n3 A 0\n4 A 0\n5 C 1\n"
TEXT = "# a b\n# energy: -1.20\n" + ROWS


def read(text):
    return list(read_bpseq(io.BytesIO(text.encode())))


def text_of(records):
    stream = io.StringIO()
    write_bpseq(records, stream)
    return stream.getvalue()


def test_text_is_bpseq():
    assert text_of([SHORT]) == TEXT
    assert read(TEXT) == [SHORT]


@pytest.mark.parametrize(
    ("head", "header"),
    [
        ("", "sequence_1"),
        (
            "Filename: d.5.b.E.coli.bpseq\nOrganism: Escherichia coli\nAccession Number: V00336\n",
            "d.5.b.E.coli.bpseq",
        ),
        ("#Name: bpRNA_CRW_1\n#Length: 5\n", "bpRNA_CRW_1"),
        ("# File PDB_00904.bpseq\n# RNA SSTRAND database\n", "PDB_00904.bpseq"),
        ("# File of mine\n", "File of mine"),
        ("# energy: 3\n", "energy: 3"),
    ],
)
def test_headers_of_other_programs(head, header):
    (record,) = read(head + ROWS)
    assert (record.header, record.sequence, record.dot_bracket) == (header, "GAAAC", "(...)")
    assert record.energy is None


def test_position_1_or_a_header_starts_a_structure():
    assert [record.name for record in read(ROWS + ROWS + TEXT + ROWS)] == [
        "sequence_1",
        "sequence_2",
        "a",
        "sequence_4",
    ]


def test_pseudoknots_survive():
    record = Record(name="a", sequence="GGAAACCAACC", dot_bracket="([...)]....")
    assert read(text_of([record])) == [record]


def test_failed_records_become_comments():
    failed = Record(name="x", sequence="MKV", error="no nucleotides")
    text = text_of([SHORT, failed, SHORT])
    assert text == TEXT + "# error: no nucleotides (x)\n" + TEXT
    assert read(text) == [SHORT, SHORT]


def test_a_record_without_structure_is_refused():
    with pytest.raises(FormatError, match=r"^record 'a' has no structure, which CT and BPSEQ need$"):
        text_of([Record(name="a", sequence="ACGU")])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (("3 A 0\n", ""), "5: position '4', expected 3"),
        (("3 A 0", "3 A"), "5: 2 columns, a BPSEQ row has 3"),
        (("3 A 0", "ACGU"), "5: 1 columns, a BPSEQ row has 3"),
        (("3 A 0", "3 A -1"), "5: expected a nucleotide and a partner's position, found 'A' and '-1'"),
        (("5 C 1\n", ""), "6: position 1 has partner 5, which does not point back"),
        (("1 G 5", "1 G 4"), "7: position 1 has partner 4, which does not point back"),
    ],
)
def test_damage_is_told_with_its_line(damage, message):
    assert damage[0] in TEXT
    with pytest.raises(FormatError) as error:
        read(TEXT.replace(*damage))
    assert str(error.value) == f"<stream>:{message}"
