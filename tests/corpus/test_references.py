from __future__ import annotations

from pathlib import Path

import pytest

from mprna.corpus.references import References
from mprna.errors import CorpusError


def test_files_are_named_by_their_use(tmp_path: Path) -> None:
    for name in ("test.jsonl", "valid.jsonl.gz", "notes.txt", "species.tsv"):
        (tmp_path / name).touch()
    table = tmp_path / "species.tsv"
    references = References(exclude=(tmp_path / "*.jsonl*",), species_table=table)
    assert references.files() == {
        "exclude test.jsonl": tmp_path / "test.jsonl",
        "exclude valid.jsonl.gz": tmp_path / "valid.jsonl.gz",
        "species table species.tsv": table,
    }
    assert References().files() == {}


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"test\.fa: no such file"):
        References(exclude=(tmp_path / "test.fa",)).files()
