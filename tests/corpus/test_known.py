"""Known structures become a corpus that the training loop reads; what cannot be used is counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mprna.corpus.known import build_known, canonical_structure
from mprna.corpus.scaffold import hold_scaffold
from mprna.corpus.shards import read_shard
from mprna.corpus.verify import verify_corpus
from mprna.errors import CorpusError, FormatError
from mprna.rna.canonical import check_structure
from mprna.rna.structure import pairs_from_dot_bracket

EXAMPLES = Path(__file__).parents[2] / "examples/rnas.dbn"


def write_rows(path: Path, *rows: dict[str, object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_examples_become_a_corpus_that_verifies(tmp_path: Path) -> None:
    manifest = build_known([EXAMPLES], tmp_path / "known", min_length=30, max_length=350)
    assert verify_corpus(tmp_path / "known") == manifest
    (file,) = manifest.files
    table = read_shard(tmp_path / "known" / file.name).to_pylist()
    assert len(table) == manifest.rows == manifest.annotated
    for row in table:
        assert 30 <= len(row["sequence"]) <= 350
        check_structure(row["sequence"], row["structure"])
        assert row["confidence"] == bytes([255]) * len(row["sequence"])
    assert any("[" in row["structure"] for row in table), "pseudoknots stay"
    assert manifest.drops["short_record"].pieces > 0
    assert manifest.drops["long_record"].pieces > 0
    assert sum(source.nt for source in manifest.sources) == manifest.nt + manifest.drops.nt


def test_names_of_published_files_are_read_and_every_drop_has_its_reason(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "known.jsonl",
        {"seq": "GGGGAAAACCCC", "label": "((((....))))"},
        {"id": "same", "sequence": "ggggaaaacccc", "structure": "((((....))))"},
        {"sequence": "GGGGAAAACCCCA"},
        {"sequence": "GGGG-AAACCCC", "structure": "((((....))))"},
        {"sequence": "GGAAACC", "structure": "((...))"},
        {"sequence": "A" * 30, "structure": "." * 30},
    )
    manifest = build_known([path], tmp_path / "out", min_length=10, max_length=20)
    assert manifest.rows == 1
    assert {reason: tally.pieces for reason, tally in manifest.drops.items()} == {
        "duplicate": 1, "no_structure": 1, "illegal_symbol": 1, "short_record": 1, "long_record": 1,
    }  # fmt: skip


def test_a_folder_stands_for_its_files_of_structures(tmp_path: Path) -> None:
    folder = tmp_path / "rnas"
    folder.mkdir()
    (folder / "a.dbn").write_text(">a\nGGGGAAAACCCC\n((((....))))\n")
    write_rows(folder / "b.jsonl", {"sequence": "GGGGAAAAACCCC", "structure": "((((.....))))"})
    (folder / "README.md").write_text("Two RNAs.\n")
    manifest = build_known([folder], tmp_path / "out", min_length=10, max_length=20)
    assert [source.name for source in manifest.sources] == ["a.dbn", "b.jsonl"]
    assert manifest.rows == 2


def test_what_a_killed_process_left_is_no_corpus(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "known.jsonl", {"sequence": "GGGGAAAACCCC", "structure": "((((....))))"})
    (tmp_path / "out" / ".build").mkdir(parents=True)
    (tmp_path / "out" / "slices.parquet").touch()
    assert build_known([path], tmp_path / "out", min_length=10, max_length=20).rows == 1
    (tmp_path / "out" / "manifest.json").unlink()
    with pytest.raises(CorpusError, match="is not empty"):
        build_known([path], tmp_path / "out", min_length=10, max_length=20)


def test_two_processes_do_not_write_one_corpus(tmp_path: Path) -> None:
    with (
        hold_scaffold(tmp_path / "out", shared=False),
        pytest.raises(CorpusError, match="another build is at work"),
    ):
        build_known([EXAMPLES], tmp_path / "out")


def test_pairs_that_no_decoder_prints_are_left_out_and_pseudoknots_stay() -> None:
    assert canonical_structure("GGAACC", "((..))") == "(....)"
    knotted = "GGGAACCCAACCCAAGGG"
    assert len(pairs_from_dot_bracket(canonical_structure(knotted, "(((..[[[..)))..]]]"))) == 6


def test_a_corpus_is_not_overwritten_and_never_empty(tmp_path: Path) -> None:
    build_known([EXAMPLES], tmp_path / "known")
    (tmp_path / "known" / ".build").mkdir()  # as if killed before its last step
    with pytest.raises(CorpusError, match="choose another folder"):
        build_known([EXAMPLES], tmp_path / "known")
    assert not (tmp_path / "known" / ".build").exists()
    with pytest.raises(CorpusError, match="no record with a known structure"):
        build_known([EXAMPLES], tmp_path / "other", min_length=5_000)


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "slices.parquet").write_text("precious")
    with pytest.raises(CorpusError, match="is not empty and holds no corpus: choose another folder"):
        build_known([EXAMPLES], tmp_path)
    assert (tmp_path / "slices.parquet").read_text() == "precious"


def test_a_structure_that_does_not_fit_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "bad.jsonl", {"seq": "GGGG", "label": "((."})
    with pytest.raises(FormatError, match=r"bad\.jsonl:1: "):
        build_known([path], tmp_path / "out")
