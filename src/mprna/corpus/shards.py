"""Shards: Parquet files of slices, with a versioned schema.

The only file of this room that imports pyarrow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mprna.corpus.manifest import READABLE, READABLE_VERSIONS, SCHEMA_NAME, SCHEMA_VERSION, check_digest
from mprna.errors import CorpusError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One row of a shard. `(source, id, start)` says where it was cut; the labels may be missing.

    Args:
        id: the transcript's id.
        source: file that it came from, relative to the folder that all inputs share.
        species: as in the header; empty where unknown.
        start: 0-based position of the first nucleotide in its transcript.
        sequence: clean, `ACGUN`.
        structure: dot-bracket. This and all labels below are those of `annotate.Annotation`, or None where
            not annotated; of a known structure only `fidelity` (1) and `confidence` (255) are there too.
        low_complexity: whether its DUST score is above the limit of `complexity`; None where not computed.
    """

    id: str
    source: str
    species: str
    start: int
    sequence: str
    structure: str | None = None
    mfe: float | None = None
    ensemble_energy: float | None = None
    fidelity: float | None = None
    confidence: bytes | None = None
    mfe_prob: float | None = None
    mean_pair_prob: float | None = None
    agreement: float | None = None
    expected_f1: float | None = None
    low_complexity: bool | None = None
    pair_probs: bytes | None = None


def slice_schema() -> pa.Schema:
    """Arrow schema of a shard, with its name and version in the metadata."""
    return _schema_of(SCHEMA_VERSION)


def _schema_of(version: int) -> pa.Schema:
    pa = _pyarrow()
    required = [("id", pa.string()), ("source", pa.string()), ("species", pa.string())]
    required += [("start", pa.int32()), ("sequence", pa.string())]
    optional = [("structure", pa.string())]
    optional += [(name, pa.float32()) for name in ("mfe", "ensemble_energy", "fidelity")]
    optional += [("confidence", pa.binary())]
    if version >= 2:
        later = ("mfe_prob", "mean_pair_prob", "agreement", "expected_f1")
        optional += [(name, pa.float32()) for name in later]
        optional += [("low_complexity", pa.bool_())]
    if version >= 3:
        optional += [("pair_probs", pa.binary())]
    fields = [pa.field(name, kind, nullable=False) for name, kind in required]
    fields += [pa.field(name, kind) for name, kind in optional]
    metadata = {"mprna.schema": SCHEMA_NAME, "mprna.version": str(version)}
    return pa.schema(fields, metadata=metadata)


def write_shard(slices: Iterable[Slice], path: Path) -> None:
    """Write slices as one zstd Parquet file; equal slices give equal bytes."""
    pa = _pyarrow()
    import pyarrow.parquet as pq

    schema = slice_schema()
    rows = list(slices)
    columns = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema)
    pq.write_table(table, path, compression="zstd", use_dictionary=["source", "species"])


def read_shard(path: Path, sha256: str | None = None) -> pa.Table:
    """All rows of a shard.

    Args:
        sha256: what the manifest says; Parquet files have no checksums of their own.

    Raises:
        CorpusError: damaged, or no shard of this schema and a readable version.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq

    try:
        if sha256 is not None:
            check_digest(path, sha256)
        table = pq.read_table(path)
    except FileNotFoundError:
        raise CorpusError(
            f"{path}: missing shard; restore it, or remove the corpus and build it again"
        ) from None
    except (pa.ArrowException, OSError) as error:
        raise CorpusError(f"{path}: damaged shard ({error}); remove the corpus and build it again") from None
    metadata = (table.schema.metadata or {}).items()
    found = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in metadata}
    version = found.get("mprna.version", "")
    if found.get("mprna.schema") != SCHEMA_NAME or version not in map(str, READABLE_VERSIONS):
        raise CorpusError(f"{path}: not a shard of schema {SCHEMA_NAME!r} version {READABLE}")
    if not table.schema.equals(_schema_of(int(version)), check_metadata=False):
        raise CorpusError(f"{path}: its columns are not those of a shard of slices")
    return _as_latest(table)


def _as_latest(table: pa.Table) -> pa.Table:
    """The table with null columns for what its version does not have, and the latest schema."""
    pa = _pyarrow()
    schema = slice_schema()
    for column in schema:
        if column.name not in table.column_names:
            table = table.append_column(column, pa.nulls(table.num_rows, column.type))
    return table.replace_schema_metadata(schema.metadata)


def column_bytes(table: pa.Table, name: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """A column of text or bytes without a Python object per row.

    Returns:
        the bytes of all rows, one behind the other, and the length of each row (0 where null).
        *Shape:* (bytes,) and (rows,)
    """
    data, lengths = [np.zeros(0, np.uint8)], [np.zeros(0, np.int64)]
    for chunk in table[name].chunks:
        if not len(chunk):
            continue
        _validity, offset_buffer, data_buffer = chunk.buffers()
        offsets = np.frombuffer(offset_buffer, np.int32)[chunk.offset :][: len(chunk) + 1]
        lengths.append(np.diff(offsets).astype(np.int64))
        if data_buffer is not None:
            data.append(np.frombuffer(data_buffer, np.uint8)[offsets[0] : offsets[-1]])
    return np.concatenate(data), np.concatenate(lengths)


def pyarrow_version() -> str:
    """Version of the library that writes the bytes.

    Raises:
        MissingExtraError: it is not installed.
    """
    return str(_pyarrow().__version__)


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("a corpus of Parquet shards", "parquet") from None
    return pyarrow
