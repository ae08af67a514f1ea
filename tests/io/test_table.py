"""Parquet files as pyarrow sees them, foreign tables, and damage."""

import io
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mprna.errors import FormatError, MissingExtraError
from mprna.io.records import Record
from mprna.io.table import BATCH_ROWS, METADATA, read_parquet, write_parquet


def bytes_of(records):
    stream = io.BytesIO()
    write_parquet(records, stream)
    return stream.getvalue()


def parquet_of(**columns):
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return io.BytesIO(stream.getvalue())


def test_pyarrow_sees_named_columns_and_the_schema_version():
    record = Record(name="a", sequence="GAAAC", dot_bracket="(...)", energy=-1.2)
    table = pq.read_table(io.BytesIO(bytes_of([record])))
    assert table.column("dot_bracket").to_pylist() == ["(...)"]
    assert table.column("energy").to_pylist() == [-1.2]
    assert table.column("error").to_pylist() == [None]
    assert {key.decode(): value.decode() for key, value in table.schema.metadata.items()} == METADATA


def test_many_records_are_written_in_row_groups():
    names = [f"r{number}" for number in range(2 * BATCH_ROWS + 1)]
    data = bytes_of(Record(name=name, sequence="ACGU") for name in names)
    assert pq.ParquetFile(io.BytesIO(data)).num_row_groups == 3
    assert [record.name for record in read_parquet(io.BytesIO(data))] == names


def test_pair_probabilities_come_back():
    probs = np.zeros((5, 5), dtype=np.float32)
    probs[0, 4] = probs[4, 0] = 0.75
    data = bytes_of([Record(name="a", sequence="GAAAC", base_pair_probs=probs)])
    (record,) = read_parquet(io.BytesIO(data))
    np.testing.assert_array_equal(record.base_pair_probs, probs)


def test_without_records_there_is_a_table_of_no_rows():
    assert pq.read_table(io.BytesIO(bytes_of([]))).num_rows == 0


def test_foreign_tables_need_only_a_sequence():
    beyond_python = pa.array([2**62, 0], pa.timestamp("ns"))
    assert list(read_parquet(parquet_of(sequence=["AC GU", ""], label=[1, 2], date=beyond_python))) == [
        Record(name="sequence_1", sequence="ACGU"),
        Record(name="sequence_2", sequence=""),
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"name": ["a"]}, "1: no 'sequence' in this record"),
        ({"sequence": ["ACGU", None]}, "2: no 'sequence' in this record"),
        ({"sequence": [7]}, "1: 'sequence' is 7, expected text"),
        ({"sequence": ["A"], "dot_bracket": ["("]}, "1: '(' at position 1 is never closed"),
    ],
)
def test_rows_that_are_no_records_are_told(columns, message):
    with pytest.raises(FormatError) as error:
        list(read_parquet(parquet_of(**columns)))
    assert str(error.value) == f"<stream>:{message}"


def test_two_columns_of_one_name_are_refused():
    columns = [pa.array([value]) for value in ("ACGU", "a", "b")]
    table = pa.Table.from_arrays(columns, ["sequence", "name", "name"])
    stream = io.BytesIO()
    pq.write_table(table, stream)
    with pytest.raises(FormatError, match="two columns name"):
        list(read_parquet(io.BytesIO(stream.getvalue())))


def test_without_pyarrow_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    message = "reading and writing Parquet needs an optional dependency: pip install 'mprna[parquet]'"
    with pytest.raises(MissingExtraError) as error:
        bytes_of([])
    assert str(error.value) == message
    with pytest.raises(MissingExtraError) as error:
        list(read_parquet(io.BytesIO(b"PAR1")))
    assert str(error.value) == message


@pytest.mark.parametrize("probs", [7, [7], ["x"], [[0, 4]]])
def test_pair_probabilities_of_another_type_are_an_error(probs):
    with pytest.raises(FormatError, match="<stream>:1: 'base_pair_probs' is no list"):
        list(read_parquet(parquet_of(sequence=["GAAAC"], base_pair_probs=[probs])))
