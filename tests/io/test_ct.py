"""CT files: exact text, other programs' dialects, and damaged tables."""

import io

import pytest

from mprna.errors import FormatError
from mprna.io.ct import read_ct, write_ct
from mprna.io.records import Record

SHORT = Record(name="a", description="b", sequence="GAAAC", dot_bracket="(...)", energy=-1.2)
TEXT = "5 ENERGY = -1.20 a b\n1 G 0 2 5 1\n2 A 1 3 0 2\n3 A 2 4 0 3\n4 A 3 5 0 4\n5 C 4 0 1 5\n"


def read(text):
    return list(read_ct(io.BytesIO(text.encode())))


def text_of(records):
    stream = io.StringIO()
    write_ct(records, stream)
    return stream.getvalue()


def test_text_is_a_connectivity_table():
    assert text_of([SHORT]) == TEXT
    assert read(TEXT) == [SHORT]


@pytest.mark.parametrize(
    ("title", "header", "energy"),
    [
        ("    5  ENERGY = -1.2   a b", "a b", -1.2),
        ("5\tdG = -1.2\ta b", "a b", -1.2),
        ("5 dG=3 a", "a", 3.0),
        ("5 a b", "a b", None),
        ("5", "sequence_1", None),
        ("5 ENERGY = -1.2", "sequence_1", -1.2),
        ("5   dG = -1.2  [initially    -1.4]    a b", "a b", -1.2),
        ("5\tdG = -1.2 [Initially -1]\ta b", "a b", -1.2),
        ("5 dG = -1.2 [initially -1.4]", "sequence_1", -1.2),
        ("5 a dG = -1.2 [initially -1.4]", "a dG = -1.2 [initially -1.4]", None),
    ],
)
def test_titles_of_other_programs(title, header, energy):
    (record,) = read(title + TEXT[TEXT.index("\n") :])
    assert (record.header, record.energy) == (header, energy)


def test_comments_and_blank_lines_are_skipped():
    assert read("# File Name: a.ct\n\n" + TEXT + "\n# error: empty sequence (b)\n" + TEXT) == [SHORT, SHORT]


def test_pseudoknots_survive():
    record = Record(name="a", sequence="GGAAACCAACC", dot_bracket="([...)]....")
    assert read(text_of([record])) == [record]


def test_failed_records_become_comments():
    failed = Record(name="x", description="y", sequence="MKV", error="no nucleotides")
    assert text_of([failed, SHORT]) == "# error: no nucleotides (x y)\n" + TEXT


def test_a_record_without_structure_is_refused():
    with pytest.raises(FormatError) as error:
        text_of([Record(name="a", sequence="ACGU")])
    assert str(error.value) == "record 'a' has no structure, which CT and BPSEQ need"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (("5 ENERGY", "five ENERGY"), "1: expected a length and a name, found 'five ENERGY = -1.20 a b'"),
        (("3 A 2 4 0 3\n", ""), "4: position '4', expected 3"),
        (("3 A 2 4 0 3", "3 A 2"), "4: 3 columns, a CT row has 6"),
        (("3 A 2 4 0 3", "3 A 2 4"), "4: 4 columns, a CT row has 6"),
        (
            ("3 A 2 4 0 3", "3 AA 2 4 0 3"),
            "4: expected a nucleotide and a partner's position, found 'AA' and '0'",
        ),
        (
            ("3 A 2 4 0 3", "3 A 2 4 x 3"),
            "4: expected a nucleotide and a partner's position, found 'A' and 'x'",
        ),
        (("5 C 4 0 1 5\n", ""), "5: the file ends after 4 of 5 nucleotides of 'a'"),
        (("2 5 1\n", "2 4 1\n"), "6: position 1 has partner 4, which does not point back"),
        (("2 5 1\n", "2 9 1\n"), "6: position 1 has partner 9, which does not point back"),
        (("2 5 1\n", "2 1 1\n"), "6: position 1 has partner 1, which does not point back"),
    ],
)
def test_damage_is_told_with_its_line(damage, message):
    assert damage[0] in TEXT
    with pytest.raises(FormatError) as error:
        read(TEXT.replace(*damage))
    assert str(error.value) == f"<stream>:{message}"


@pytest.mark.parametrize("number", ["9" * 20, "9" * 5000, "\u0663"])
def test_a_number_that_is_none_is_an_error_with_its_line(number):
    with pytest.raises(FormatError, match="<stream>:3: expected a nucleotide and a partner"):
        read(f"5 a\n1 G 0 2 5 1\n2 A 1 3 {number} 2\n")
    with pytest.raises(FormatError, match="<stream>:1: expected a length and a name"):
        read(f"{number} a\n1 G 0 2 5 1\n")
    (record,) = read(f"1 ENERGY = {number} a\n1 G 0 2 0 1\n")
    assert record.energy is None


def test_more_crossings_than_brackets_are_an_error_with_their_line():
    rows = [f"{i + 1} A {i} {i + 2} {(i + 40) % 80 + 1} {i + 1}\n" for i in range(80)]
    with pytest.raises(FormatError, match="<stream>:81: 40 crossing layers"):
        read("80 a\n" + "".join(rows))


def test_a_fault_does_not_quote_a_long_cell():
    with pytest.raises(FormatError) as error:
        read(TEXT.replace(" 5 1\n", f" {'x' * 3000} 1\n"))
    assert str(error.value).endswith("found 'G' and 'xxxxxxxxxxxxxxxxxxxxx...'")
