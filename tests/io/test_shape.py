"""RNAfold's .shape files, and reactivities in records."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest

from mprna.errors import FormatError, MprnaWarning, UsageError
from mprna.io.formats import FORMATS, read_records
from mprna.io.records import Record
from mprna.io.shape import read_shape, with_reactivities
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions

NAN = float("nan")


def read(text: str, sequence: str = "ACGT"):
    return read_shape(io.BytesIO(text.encode()), sequence).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 0.5\n2 1\n3 0\n4 2e-1\n", [0.5, 1.0, 0.0, 0.2]),
        ("# SHAPE\r\n1\tA\t0.5\r\n\r\n3\tg\t1.5\r\n", [0.5, NAN, 1.5, NAN]),
        ("1 -999\n2 NA\n3\n4 U 0.1\n", [NAN, NAN, NAN, 0.1]),
        ("", [NAN] * 4),
    ],
)
def test_columns(text, expected):
    np.testing.assert_array_equal(read(text), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 A\nx 2\n", ":2: expected a position, a letter or none, and a reactivity; found 'x 2'"),
        ("1 A 0.1 0.2\n", ":1: expected a position"),
        ("1 inf\n", ":1: expected a position"),
        ("5 0.1\n", ":1: position 5 of a sequence of 4 nt"),
        ("0 0.1\n", ":1: position 0 of a sequence of 4 nt; positions count from 1"),
        ("1 A 0.1\n1 0.1\n", ":2: position 1 once more"),
        ("1 A 0.1\n2 G 0.1\n", ":2: G at position 2, where the sequence has C"),
    ],
)
def test_bad_files(text, message):
    with pytest.raises(FormatError, match=message):
        read(text)


def test_a_directory_holds_a_file_per_record(tmp_path):
    (tmp_path / "a.shape").write_text("1 0.5\n")
    records = [Record(name=name, sequence="AC") for name in ("a", "b", "../a")]
    with pytest.warns(MprnaWarning, match=r"records without reactivities: 2; the first: b"):
        first, *others = with_reactivities(records, tmp_path)
    np.testing.assert_array_equal(first.reactivities, [0.5, NAN])
    assert [record.reactivities for record in others] == [None, None]


def test_a_file_of_a_directory_may_be_compressed(tmp_path):
    (tmp_path / "a.shape.gz").write_bytes(gzip.compress(b"1 0.5\n"))
    (record,) = with_reactivities([Record(name="a", sequence="A")], tmp_path)
    assert record.reactivities.tolist() == [0.5]


@pytest.mark.parametrize("text", ["", "# nothing\n", "1 -999\n2 NA\n"])
def test_a_file_without_a_reactivity_is_told(tmp_path, text):
    (tmp_path / "a.shape").write_text(text)
    with pytest.warns(MprnaWarning, match=r"a\.shape: no reactivity of 0 or more"):
        list(with_reactivities([Record(name="a", sequence="AC")], tmp_path / "a.shape"))


def test_a_directory_without_reactivities_is_an_error(tmp_path):
    (tmp_path / "a.txt").write_text("1 0.5\n")
    with pytest.raises(FormatError, match=r"no file NAME\.shape or NAME\.map in this directory"):
        list(with_reactivities([Record(name="a", sequence="AC")], tmp_path))


@pytest.mark.parametrize("text", ["1 x\n", "9 0.5\n", "1 C 0.5\n"])
def test_a_bad_file_of_many_is_the_fault_of_its_record(tmp_path, text):
    (tmp_path / "a.shape").write_text(text)
    (tmp_path / "b.shape").write_text("1 0.5\n")
    records = [Record(name=name, sequence="GGAAACCA") for name in "ab"]
    bad, good = with_reactivities(records, tmp_path)
    assert f"{tmp_path / 'a.shape'}:1: " in bad.fault
    assert (bad.reactivities, good.fault) == (None, None)
    rows = list(fold_records([bad, good], FoldOptions(engine="vienna")))
    assert [row.error for row in rows] == [bad.fault, None]
    with pytest.raises(FormatError, match=r"a\.shape:1"):
        list(with_reactivities(records[:1], tmp_path / "a.shape"))


def test_map_files_have_the_value_before_the_letter(tmp_path):
    (tmp_path / "a.map").write_text("1\t0.5\t0.1\tG\n2\t-999\t0\tG\n3\t1.5\t0.2\tA\n")
    (record,) = with_reactivities([Record(name="a", sequence="GGA")], tmp_path)
    assert np.array_equal(record.reactivities, [0.5, np.nan, 1.5], equal_nan=True)
    with pytest.raises(FormatError, match="A at position 3, where the sequence has C"):
        read_shape(tmp_path / "a.map", "GGC")


def test_commas_may_separate_columns(tmp_path):
    (tmp_path / "a.shape").write_text("1,G,0.5\n2,0.7\n")
    assert read_shape(tmp_path / "a.shape", "GG").tolist() == [0.5, 0.7]


def test_a_file_of_no_record_is_told(tmp_path):
    for name in ("a", "misspelt"):
        (tmp_path / f"{name}.shape").write_text("1 0.5\n")
    with pytest.warns(MprnaWarning, match=r"reactivities of no record: 1; the first: misspelt\.shape"):
        list(with_reactivities([Record(name="a", sequence="ACGU")], tmp_path))


def test_one_file_is_of_one_record(tmp_path):
    path = tmp_path / "rna.shape"
    path.write_text("1 0.5\n")
    (record,) = with_reactivities([Record(name="any", sequence="A")], path)
    assert record.reactivities.tolist() == [0.5]
    with pytest.raises(UsageError, match="one file for several records; give a directory"):
        next(with_reactivities([record, record], path))
    with pytest.raises(FormatError, match="No such file"):
        list(with_reactivities([record], tmp_path / "none"))


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_records_keep_them(name):
    stream = io.BytesIO() if FORMATS[name].binary else io.StringIO()
    values = np.array([0.1, NAN, 1 / 3])
    record = Record(name="a", sequence="ACG", constraint=".x.", reactivities=values)
    FORMATS[name].write([record, Record(name="b", sequence="A")], stream)
    data = stream.getvalue()
    data = data if isinstance(data, bytes) else data.encode()
    found, other = read_records(io.BytesIO(data), format_name=name)
    assert found.constraint == ".x."
    np.testing.assert_array_equal(found.reactivities, values)
    assert (other.constraint, other.reactivities) == (None, None)


def test_a_table_has_them_as_text():
    table = b"name\tsequence\tconstraint\treactivities\na\tACG\t.x.\t0.5, NA 1\nb\tA\t\t\n"
    first, second = read_records(io.BytesIO(table))
    assert first.constraint == ".x."
    np.testing.assert_array_equal(first.reactivities, [0.5, NAN, 1.0])
    assert (second.constraint, second.reactivities) == (None, None)


@pytest.mark.parametrize("values", ["5", '["x"]', '{"a": 1}'])
def test_other_values_are_no_reactivities(values):
    line = b'{"sequence": "A", "reactivities": %s}\n' % values.encode()
    with pytest.raises(FormatError, match=":1: 'reactivities' are no list of numbers"):
        list(read_records(io.BytesIO(line)))
