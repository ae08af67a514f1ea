"""Parquet: one row per record, with the names of `Record`'s fields as columns (see `rows`).

Files carry `mprna.schema` = `records` and `mprna.version` = `1` in their metadata.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import ModuleType
from typing import IO, Any, Final

from mprna.errors import FormatError, MissingExtraError
from mprna.io.records import Record
from mprna.io.rows import NAMES, record_from_row, row_of
from mprna.io.source import InputFile, Source, as_format_error, input_errors, open_input

METADATA: Final = {"mprna.schema": "records", "mprna.version": "1"}
BATCH_ROWS: Final = 1024


def read_parquet(source: Source) -> Iterator[Record]:
    """Records of a Parquet file; only the column `sequence` is required, unknown columns are ignored.

    Errors give the number of the row as line. What cannot seek, as a pipe, is read into memory first.

    Raises:
        FormatError: no Parquet file, or rows that are no records.
        MissingExtraError: pyarrow is not installed.
    """
    with open_input(source) as file:
        yield from _read(file)


def write_parquet(records: Iterable[Record], stream: IO[bytes]) -> None:
    """Write zstd-compressed row groups of `BATCH_ROWS` records.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa, _ = _pyarrow()
    _write_batches(map(_arrow_row, records), _schema(pa), stream)


def write_parquet_rows(
    rows: Iterable[dict[str, Any]], columns: Mapping[str, str], stream: IO[bytes], *, schema_name: str
) -> None:
    """Write rows that are no records.

    Args:
        columns: name and type of each: `str`, `int`, `float`, or the lists `strs` and `floats`.
        schema_name: `mprna.schema` of the file's metadata.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa, _ = _pyarrow()
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    types |= {"strs": pa.list_(types["str"]), "floats": pa.list_(types["float"])}
    metadata = METADATA | {"mprna.schema": schema_name}
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()], metadata=metadata)
    _write_batches(iter(rows), schema, stream)


def _write_batches(rows: Iterator[dict[str, Any]], schema: Any, stream: IO[bytes]) -> None:
    pa, pq = _pyarrow()
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        while batch := list(islice(rows, BATCH_ROWS)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def read_rows(file: InputFile, wanted: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """Values by column, row by row, of any Parquet file.

    Args:
        wanted: read only these columns, of those that are there; the others may hold anything.

    Raises:
        FormatError: no Parquet file, a damaged one, or two columns of one name.
        MissingExtraError: pyarrow is not installed.
    """
    pa, pq = _pyarrow()
    try:
        stream = file.stream if file.stream.seekable() else io.BytesIO(file.stream.read())
        table = pq.ParquetFile(stream, pre_buffer=False)  # no threads, which may outlive the interpreter
        names = table.schema_arrow.names
        columns = [name for name in names if not wanted or name in wanted]
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise FormatError(f"two columns {', '.join(twice)}", path=file.name)
        for batch in table.iter_batches(BATCH_ROWS, columns=columns, use_threads=False):
            yield from batch.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError, *input_errors()) as error:
        raise as_format_error(error, file.name) from error


def _read(file: InputFile) -> Iterator[Record]:
    for number, row in enumerate(read_rows(file, NAMES), 1):
        if isinstance(probs := row.get("base_pair_probs"), list):
            row["base_pair_probs"] = [tuple(p.values()) if isinstance(p, dict) else p for p in probs]
        yield record_from_row(row, number, path=file.name, line=number)


def _arrow_row(record: Record) -> dict[str, Any]:
    row = row_of(record)
    if row["base_pair_probs"] is not None:
        row["base_pair_probs"] = [
            {"i": i, "j": j, "probability": probability} for i, j, probability in row["base_pair_probs"]
        ]
    return row


def _schema(pa: ModuleType) -> Any:
    pair = pa.struct([("i", pa.int32()), ("j", pa.int32()), ("probability", pa.float32())])
    columns = [
        ("name", pa.string()),
        ("description", pa.string()),
        ("sequence", pa.string()),
        ("qualities", pa.string()),
        ("dot_bracket", pa.string()),
        ("energy", pa.float64()),
        ("confidence", pa.float64()),
        ("expected_f1", pa.float64()),
        ("base_pair_probs", pa.list_(pair)),
        ("constraint", pa.string()),
        ("reactivities", pa.list_(pa.float64())),
        ("engine", pa.string()),
        ("template", pa.string()),
        ("error", pa.string()),
    ]
    return pa.schema(columns, metadata=METADATA)


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading and writing Parquet", "parquet") from error
    return pyarrow, pyarrow.parquet
