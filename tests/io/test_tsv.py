"""TSV: exact text, foreign columns, and lines that do not fit."""

import io

import pytest

from mprna.errors import FormatError
from mprna.io.records import Record
from mprna.io.tsv import COLUMNS, read_tsv, write_tsv


def read(text):
    return list(read_tsv(io.BytesIO(text.encode())))


def text_of(records):
    stream = io.StringIO()
    write_tsv(records, stream)
    return stream.getvalue()


def test_text_is_one_line_per_record():
    record = Record(
        name="a",
        sequence="GAAAC",
        dot_bracket="(...)",
        energy=-1.2,
        confidence=0.5,
        expected_f1=6 / 7,
        engine="vienna",
        template="x",
    )
    failed = Record(name="b", description="c\td\ne", sequence="", error="empty sequence")
    assert text_of([record, failed]) == (
        "name\tdescription\tsequence\tdot_bracket\tenergy\tconfidence\texpected_f1\tengine\ttemplate\terror\n"
        "a\t\tGAAAC\t(...)\t-1.20\t0.5000\t0.8571\tvienna\tx\t\n"
        "b\tc d e\t\t\t\t\t\t\t\tempty sequence\n"
    )


def test_without_records_the_column_names_remain():
    assert text_of([]) == "\t".join(COLUMNS) + "\n"
    assert read(text_of([])) == []


def test_foreign_columns_in_any_order():
    assert read("gene\tsequence\tname\nx\tAC GU\ta\n\ny\tGG\t\n") == [
        Record(name="a", sequence="ACGU"),
        Record(name="sequence_2", sequence="GG"),
    ]


@pytest.mark.parametrize("cell", ["", "NA", " NA ", "N/A", "null", "None", "nan", "NaN"])
def test_a_number_that_others_do_not_know_is_unknown(cell):
    assert read(f"sequence\tenergy\tname\nACGU\t{cell}\ta\n") == [Record(name="a", sequence="ACGU")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\tletters\na\tACGU\n", "1: no column 'sequence' among 'name, letters'"),
        (">a\nACGU\n", "1: no column 'sequence' among '>a'"),
        ("name\tsequence\na\tACGU\nb\n", "3: 1 cells, the first line has 2"),
        ("name\tsequence\na\tACGU\tx\n", "2: 3 cells, the first line has 2"),
        ("sequence\tenergy\nACGU\tlow\n", "2: 'energy' is 'low', expected a number"),
        ("sequence\tdot_bracket\nACGU\t(...\n", "2: '(' at position 1 is never closed"),
        ("sequence\tdot_bracket\nACGU\t...\n", "2: structure of 3 symbols for a sequence of 4 nt"),
    ],
)
def test_damage_is_told_with_its_line(text, message):
    with pytest.raises(FormatError) as error:
        read(text)
    assert str(error.value) == f"<stream>:{message}"


def test_a_column_that_comes_twice_is_told():
    with pytest.raises(FormatError, match="<stream>:1: more than one column 'sequence'"):
        read("sequence\tnote\tnote\tsequence\nACGU\tx\ty\tGG\n")
    for column, cell in (("seq", "ACGU"), ("id", "a"), ("label", "...."), ("constraint", "....")):
        with pytest.raises(FormatError, match=f"<stream>:1: more than one column '{column}'"):
            read(f"{column}\tsequence\t{column}\n{cell}\tACGU\t{cell}\n")
    (record,) = read("sequence\tnote\tnote\nACGU\tx\ty\n")
    assert record.sequence == "ACGU"


def test_quotes_as_of_r_do_not_matter():
    (record,) = read('"name"\t"sequence"\n"a"\t"GAAAC"\n')
    assert (record.name, record.sequence) == ("a", "GAAAC")
    (record,) = read('name\tsequence\n"a"\tGAAAC\n')
    assert record.name == '"a"'


def test_blanks_around_column_names_do_not_matter():
    (record,) = read(" name\tsequence \na\tACGU\n")
    assert (record.name, record.sequence) == ("a", "ACGU")


def test_common_names_of_other_tools_are_read():
    assert read("id\tseq\tstructure\na\tGAAAC\t(...)\nb\t\t\n") == [
        Record(name="a", sequence="GAAAC", dot_bracket="(...)"),
        Record(name="b", sequence=""),
    ]


def test_an_empty_cell_of_ours_leaves_the_value_of_another_column():
    text = "name\tsequence\tseq\tdot_bracket\tstructure\nx\t\tGAAAC\t\t(...)\n"
    assert read(text) == [Record(name="x", sequence="GAAAC", dot_bracket="(...)")]
