from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from mprna.corpus.drops import Drops, Tally
from mprna.corpus.manifest import Manifest, ShardFile, Source, write_manifest
from mprna.corpus.shards import Slice, write_shard
from mprna.corpus.verify import verify_corpus
from mprna.digest import file_sha256
from mprna.errors import CorpusError

LABELLED = Slice(
    id="t",
    source="a.fa",
    species="",
    start=0,
    sequence="GGGAAACCC",
    structure="(((...)))",
    mfe=-1.5,
    ensemble_energy=-1.75,
    fidelity=0.5,
    confidence=bytes(9),
)


def write_corpus(directory: Path, *rows: Slice) -> None:
    """A corpus with a manifest that fits, whatever the rows are."""
    path = directory / "slices-00000-of-00001.parquet"
    write_shard(rows, path)
    nt = sum(len(row.sequence) for row in rows)
    annotated = sum(row.structure is not None for row in rows)
    sha256 = file_sha256(path)
    file = ShardFile(name=path.name, rows=len(rows), nt=nt, annotated=annotated, fold_failed=0, sha256=sha256)
    source = Source(name="a.fa", sha256="", records=1, nt=nt + 7)
    drops = Drops({"short_tail": Tally(1, 7)})
    write_manifest(
        Manifest(files=(file,), sources=(source,), drops=drops, options={}, versions={}), directory
    )


def edit_manifest(directory: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = directory / "manifest.json"
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def test_whole_corpus(tmp_path: Path) -> None:
    bare = Slice(id="t", source="a.fa", species="", start=9, sequence="ACGUN")
    write_corpus(tmp_path, LABELLED, bare)
    assert verify_corpus(tmp_path).rows == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sequence": "GGGAAACCT"}, "other letters than ACGUN"),
        ({"sequence": ""}, "its sequence is empty"),
        ({"structure": "(((...))"}, "differ in length"),
        ({"structure": "(((....))"}, r"."),
        ({"confidence": bytes(8)}, "differ in length"),
        ({"fidelity": 1.5}, r"fidelity 1\.5"),
        ({"fidelity": None}, "labels are there all or none"),
        ({"structure": None}, "labels are there all or none"),
        ({"expected_f1": -0.5}, r"expected_f1 -0\.5 is not from 0 to 1"),
        ({"structure": None, "fidelity": None, "confidence": None}, "mfe of no structure"),
        ({"pair_probs": b"1234"}, "multiple"),
        ({"pair_probs": bytes([3, 0, 9, 0, 255])}, "not in the sequence"),
        ({"pair_probs": bytes([3, 0, 3, 0, 255])}, "not in the sequence"),
    ],
)
def test_rows_that_break_the_schema(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    write_corpus(tmp_path, LABELLED, replace(LABELLED, **change))
    with pytest.raises(CorpusError, match=rf"slices-00000-of-00001\.parquet: row 2: .*{message}"):
        verify_corpus(tmp_path)


def test_missing_changed_and_strange_files(tmp_path: Path) -> None:
    write_corpus(tmp_path, LABELLED)
    path = tmp_path / "slices-00000-of-00001.parquet"
    whole = path.read_bytes()
    (tmp_path / "strange.parquet").touch()
    with pytest.raises(CorpusError, match=r"strange\.parquet: not in the manifest"):
        verify_corpus(tmp_path)
    (tmp_path / "strange.parquet").unlink()
    path.write_bytes(whole[:-1])
    with pytest.raises(CorpusError, match="its SHA-256 is not that of the manifest"):
        verify_corpus(tmp_path)
    path.unlink()
    with pytest.raises(CorpusError, match="missing; restore it"):
        verify_corpus(tmp_path)


@pytest.mark.parametrize("name", ["rows", "nt", "annotated"])
def test_counts_of_a_file(tmp_path: Path, name: str) -> None:
    write_corpus(tmp_path, LABELLED)

    def edit(document: dict[str, Any]) -> None:
        document["files"][0][name] += 1
        document["sources"][0]["nt"] += name == "nt"

    edit_manifest(tmp_path, edit)
    with pytest.raises(CorpusError, match="1 rows, 9 nt, 1 annotated; the manifest says"):
        verify_corpus(tmp_path)


def test_lost_nucleotides(tmp_path: Path) -> None:
    write_corpus(tmp_path, LABELLED)
    edit_manifest(tmp_path, lambda document: document["sources"][0].update(nt=17))
    with pytest.raises(CorpusError, match="17 nt were read, but 9 kept and 7 dropped"):
        verify_corpus(tmp_path)


def test_slice_has_the_columns_of_a_row() -> None:
    assert list(asdict(LABELLED)) == [
        *("id", "source", "species", "start", "sequence"),
        *("structure", "mfe", "ensemble_energy", "fidelity", "confidence"),
        *("mfe_prob", "mean_pair_prob", "agreement", "expected_f1", "low_complexity", "pair_probs"),
    ]
