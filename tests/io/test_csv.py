"""CSV as spreadsheets write it, and tables that only look like it."""

import gzip
import io

import pytest

from mprna.errors import FormatError, MprnaWarning
from mprna.io.formats import read_records
from mprna.io.records import Record


def read(data, format_name=None):
    return list(read_records(io.BytesIO(data), format_name=format_name))


@pytest.mark.parametrize(
    "head",
    [
        b"name,sequence,structure,note",
        b'"name","sequence","structure","note"',
        b"name, sequence,structure,note",
    ],
)
def test_comma_separated_values_are_read(tmp_path, head):
    text = head + b'\r\na,ACGU,,"b, ""c""\nd"\r\n\r\n,GAAAC,(...),\r\n'
    expected = [
        Record(name="a", sequence="ACGU"),
        Record(name="sequence_2", sequence="GAAAC", dot_bracket="(...)"),
    ]
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + text))
    assert read(text) == list(read_records(tmp_path / "t.csv.gz")) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"name;sequence\na;ACGU\n", "1: separated by semicolons; save with commas or tabs"),
        (b'"name";"sequence"\n"a";"ACGU"\n', "1: separated by semicolons; save with commas or tabs"),
        (b"name,sequence\na,ACGU,1\n", "2: 3 cells, the first line has 2"),
        (b'name,sequence\na,"ACGU\n', "2: unexpected end of data"),
        (b"sequence,sequence\nACGU,ACGU\n", "1: more than one column 'sequence'"),
    ],
)
def test_faults_of_comma_separated_values_have_a_line(text, message):
    with pytest.raises(FormatError) as error:
        read(text)
    assert str(error.value) == f"<stream>:{message}"


@pytest.mark.parametrize("text", [b"Name,Sequence\na,ACGU\n", b"ID\tSEQUENCE\na\tACGU\n"])
def test_names_of_columns_may_have_capitals(text):
    assert read(text) == [Record(name="a", sequence="ACGU")]


@pytest.mark.parametrize("name", ["reactivity", "shape"])
def test_what_looks_like_reactivities_and_is_not_read_is_told(tmp_path, name):
    path = tmp_path / "a.csv"
    path.write_text(f"sequence,{name}\nACGU,1 2 3 4\nACGU,1 2 3 4\n")
    message = f"{path}: '{name}' is not read; to guide the fold it must be named 'reactivities'"
    with pytest.warns(MprnaWarning) as warned:
        assert [record.reactivities for record in read_records(path)] == [None, None]
    assert [str(warning.message) for warning in warned] == [message]


def test_semicolons_in_a_tsv_file_are_told():
    with pytest.raises(FormatError, match=r"^<stream>:1: separated by semicolons; save with commas or tabs"):
        read(b"name;sequence\na;ACGU\n", "tsv")
