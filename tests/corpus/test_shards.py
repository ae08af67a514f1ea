"""Shards: a round trip, the columns of the contract, old versions, and what is no shard."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mprna.corpus.shards import Slice, column_bytes, read_shard, slice_schema, write_shard
from mprna.corpus.verify import verify_corpus
from mprna.digest import file_sha256
from mprna.errors import CorpusError, MissingExtraError
from mprna.rna.sparse_pairs import pack_pairs

BARE = Slice(id="t1", source="a.fa", species="", start=0, sequence="ACGUN")
LABELLED = Slice(
    id="t2",
    source="b.fa",
    species="Zea_mays",
    start=1024,
    sequence="GGGAAACCC",
    structure="(((...)))",
    mfe=-1.5,
    ensemble_energy=-1.75,
    fidelity=0.5,
    confidence=bytes(range(9)),
    mfe_prob=0.5,
    mean_pair_prob=0.75,
    agreement=1.0,
    expected_f1=0.625,
    low_complexity=False,
    pair_probs=pack_pairs(np.eye(9, dtype=np.float32)[::-1]),
)


def test_shard_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    write_shard([BARE, LABELLED], path)
    table = read_shard(path)
    assert [Slice(**row) for row in table.to_pylist()] == [BARE, LABELLED]
    assert table.schema.metadata == {b"mprna.schema": b"slices", b"mprna.version": b"3"}


def test_columns_are_those_of_the_contract() -> None:
    expected = {
        "id": "string",
        "source": "string",
        "species": "string",
        "start": "int32",
        "sequence": "string",
        "structure": "string",
        "mfe": "float",
        "ensemble_energy": "float",
        "fidelity": "float",
        "confidence": "binary",
        "mfe_prob": "float",
        "mean_pair_prob": "float",
        "agreement": "float",
        "expected_f1": "float",
        "low_complexity": "bool",
        "pair_probs": "binary",
    }
    assert {field.name: str(field.type) for field in slice_schema()} == expected


def test_bytes_of_a_column_without_python_strings() -> None:
    texts = ["ACGU", None, "", "GG", None, "U"]
    whole = pa.table({"text": pa.array(texts), "bytes": pa.array([t and t.encode() for t in texts])})
    nothing = pa.table({"text": pa.array([None, None], pa.string())})
    several = pa.concat_tables([whole.select(["text"]), whole.select(["text"]).slice(1, 3), nothing])
    for table, name in ((whole, "text"), (whole, "bytes"), (whole.slice(2, 2), "text"), (several, "text")):
        data, lengths = column_bytes(table, name)
        rows = [row or "" for row in table[name].to_pylist()]
        plain = [row.decode() if isinstance(row, bytes) else row for row in rows]
        assert data.tobytes().decode() == "".join(plain)
        assert lengths.tolist() == [len(row) for row in plain]
    data, lengths = column_bytes(whole.slice(0, 0), "text")
    assert (data.size, lengths.size) == (0, 0)


def test_duckdb_opens_it(tmp_path: Path) -> None:
    write_shard([BARE, LABELLED], tmp_path / "x.parquet")
    query = f"SELECT * FROM read_parquet('{tmp_path}/*.parquet') ORDER BY id"
    relation = duckdb.sql(query)
    rows = [Slice(**dict(zip(relation.columns, row, strict=True))) for row in relation.fetchall()]
    assert rows == [BARE, LABELLED]


def test_equal_slices_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("x", "y"):
        write_shard(iter([BARE, LABELLED]), tmp_path / name)
    assert file_sha256(tmp_path / "x") == file_sha256(tmp_path / "y")


def test_empty_shard(tmp_path: Path) -> None:
    write_shard([], tmp_path / "x.parquet")
    assert read_shard(tmp_path / "x.parquet").num_rows == 0


def test_plain_parquet_readers_open_it(tmp_path: Path) -> None:
    write_shard([BARE, LABELLED], tmp_path / "x.parquet")
    assert pq.read_metadata(tmp_path / "x.parquet").row_group(0).column(4).compression == "ZSTD"
    assert pq.read_table(tmp_path / "x.parquet", columns=["mfe"]).to_pydict() == {"mfe": [None, -1.5]}


def test_files_that_are_no_shards(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with pytest.raises(CorpusError, match="missing shard"):
        read_shard(path)
    write_shard([LABELLED] * 50, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match=r"x\.parquet: damaged shard"):
        read_shard(path)
    stranger = pa.table({"id": ["t1"]})
    pq.write_table(stranger, path)
    with pytest.raises(CorpusError, match="not a shard of schema"):
        read_shard(path)
    pq.write_table(stranger.replace_schema_metadata(slice_schema().metadata), path)
    with pytest.raises(CorpusError, match="its columns are not"):
        read_shard(path)
    later = slice_schema().with_metadata({"mprna.schema": "slices", "mprna.version": "4"})
    pq.write_table(later.empty_table(), path)
    with pytest.raises(CorpusError, match="'slices' version 1 or 2 or 3"):
        read_shard(path)


def test_corpus_of_version_1_is_read_for_ever() -> None:
    """Built by the version before, with four of six slices annotated."""
    archive = Path(__file__).parents[1] / "archive" / "slices-v1"
    manifest = verify_corpus(archive)
    assert (manifest.rows, manifest.annotated, manifest.low_fidelity) == (6, 4, 0)
    table = read_shard(archive / manifest.files[0].name)
    assert table.schema.equals(slice_schema(), check_metadata=True)
    slices = [Slice(**row) for row in table.to_pylist()]
    assert sum(piece.structure is not None for piece in slices) == 4
    assert {(piece.mfe_prob, piece.expected_f1, piece.low_complexity) for piece in slices} == {(None,) * 3}
    assert table["agreement"].null_count == 6


def test_missing_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[parquet\]'"):
        write_shard([BARE], tmp_path / "x.parquet")
