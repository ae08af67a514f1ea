"""The manifest: what is written is read back, and what is no manifest is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mprna.corpus.drops import Drops, Tally
from mprna.corpus.manifest import Manifest, ShardFile, Source, read_manifest, write_manifest
from mprna.errors import CorpusError

MANIFEST = Manifest(
    files=(
        ShardFile(name="x.parquet", rows=2, nt=14, annotated=1, fold_failed=0, sha256="ab"),
        ShardFile(
            name="y.parquet",
            rows=1,
            nt=9,
            annotated=0,
            fold_failed=1,
            sha256="cd",
            fold_failures={"crash": 1},
            low_fidelity=2,
        ),
    ),
    sources=(Source(name="a.fa", sha256="ef", records=3, nt=30),),
    drops=Drops({"short_tail": Tally(1, 7)}),
    options={"seed": 1},
    versions={"schema": "1"},
    references={"excluded": {"b.fa": "01"}},
    reports={"excluded.tsv": "23"},
)


def test_manifest_round_trip_and_totals(tmp_path: Path) -> None:
    write_manifest(MANIFEST, tmp_path)
    assert read_manifest(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]
    totals = json.loads((tmp_path / "manifest.json").read_text())["totals"]
    assert totals == {
        "rows": 3,
        "nt": 23,
        "annotated": 1,
        "fold_failed": 1,
        "fold_failures": {"crash": 1},
        "low_fidelity": 2,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[]", "not a manifest"),
        (
            '{"schema": {"name": "slices", "version": 99}}',
            "not a manifest of schema 'slices' version 1 or 2 or 3",
        ),
        ('{"schema": {"name": "slices", "version": 1}}', "damaged"),
    ],
)
def test_damaged_manifest(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(CorpusError, match=message):
        read_manifest(tmp_path)


def test_folder_without_manifest(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no manifest\.json"):
        read_manifest(tmp_path)
    with pytest.raises(CorpusError, match=r"no manifest\.json"):
        read_manifest(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("drops", []),
        ("options", "seed"),
        ("files", [MANIFEST.to_json()["files"][0] | {"rows": "2"}]),
        ("files", [MANIFEST.to_json()["files"][0] | {"rows": True}]),
        ("sources", [MANIFEST.to_json()["sources"][0] | {"name": 7}]),
        ("drops", {"short_tail": {"pieces": 1, "nt": None}}),
    ],
)
def test_values_of_another_type_are_damage(tmp_path: Path, part: str, value: object) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST.to_json() | {part: value}))
    with pytest.raises(CorpusError, match="damaged"):
        read_manifest(tmp_path)
