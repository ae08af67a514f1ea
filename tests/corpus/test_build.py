"""The whole build: what it keeps, that it is deterministic, and that nothing can be lost on the way."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import shutil
import signal
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from backports import zstd

import mprna.corpus.build as build_module
from mprna.corpus.build import Progress, build_corpus
from mprna.corpus.dedup import content_digest, sample_keys
from mprna.corpus.fidelity import Folded, fold_main
from mprna.corpus.references import References
from mprna.corpus.shard_build import ShardTask
from mprna.corpus.verify import verify_corpus
from mprna.errors import CorpusError, FormatError, UsageError
from mprna.folding.vienna import EnergyModel

from .conftest import OPTIONS, Killed, all_rows, build, contents


def test_every_nucleotide_is_kept_once_or_counted(
    transcripts_dir: Path, tmp_path: Path, records: list[tuple[str, str]]
) -> None:
    manifest = build(transcripts_dir, tmp_path / "out")
    assert verify_corpus(tmp_path / "out") == manifest
    rows = all_rows(tmp_path / "out", manifest)
    assert len({row["sequence"] for row in rows}) == len(rows) == manifest.rows
    assert sum(len(sequence) for _, sequence in records) == manifest.nt + manifest.drops.nt
    assert set(manifest.drops) == {
        "ambiguous",
        "duplicate",
        "empty_record",
        "illegal_symbol",
        "short_record",
        "short_tail",
    }
    assert len(manifest.files) == 8
    assert 0.3 < manifest.annotated / manifest.rows < 0.7


def test_manifest_says_how_it_was_made(transcripts_dir: Path, tmp_path: Path) -> None:
    build(transcripts_dir, tmp_path / "out")
    document = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert document["schema"] == {"name": "slices", "version": 3}
    assert document["options"]["seed"] == 3
    assert document["options"]["energy_model"]["parameters"] == "turner2004"
    assert set(document["versions"]) == {"schema", "ViennaRNA", "pyarrow"}
    assert [source["name"] for source in document["sources"]] == ["a.fa", "b.fasta.gz", "c.fna"]
    assert str(tmp_path) not in json.dumps(document)


def test_same_bytes_for_any_number_of_jobs(transcripts_dir: Path, tmp_path: Path) -> None:
    build(transcripts_dir, tmp_path / "one")
    build_corpus([transcripts_dir], tmp_path / "three", OPTIONS, jobs=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_sample_is_the_smallest_keys_of_the_distinct_slices(transcripts_dir: Path, tmp_path: Path) -> None:
    everything = build(transcripts_dir, tmp_path / "all", annotate_share=0.0)
    sample = build(transcripts_dir, tmp_path / "sample", annotate_share=0.0, max_slices=20)
    keys = {
        sample_keys(content_digest(str(row["sequence"])), seed=3)[0]: row["sequence"]
        for row in all_rows(tmp_path / "all", everything)
    }
    expected = {keys[key] for key in sorted(keys)[:20]}
    assert {row["sequence"] for row in all_rows(tmp_path / "sample", sample)} == expected
    assert verify_corpus(tmp_path / "sample").rows == 20
    other = build(transcripts_dir, tmp_path / "other", annotate_share=0.0, max_slices=20, seed=4)
    assert {row["sequence"] for row in all_rows(tmp_path / "other", other)} != expected


def test_sample_does_not_depend_on_the_order_of_records(
    transcripts_dir: Path, tmp_path: Path, records: list[tuple[str, str]]
) -> None:
    manifest = build(transcripts_dir, tmp_path / "out", max_slices=20)
    shuffled = random.Random(1).sample(records, len(records))
    path = tmp_path / "shuffled.fa"
    path.write_text("".join(f">{header}\n{sequence}\n" for header, sequence in shuffled))
    other = build(path, tmp_path / "other", max_slices=20)
    labels = [
        {row["sequence"]: row["structure"] for row in rows}
        for rows in (all_rows(tmp_path / "out", manifest), all_rows(tmp_path / "other", other))
    ]
    assert labels[0] == labels[1]


def test_held_out_species(transcripts_dir: Path, tmp_path: Path) -> None:
    train = build(transcripts_dir, tmp_path / "train", exclude_species=("Zea_mays",), annotate_share=0.0)
    test = build(transcripts_dir, tmp_path / "test", only_species=("Zea_mays",), annotate_share=0.0)
    assert {row["species"] for row in all_rows(tmp_path / "test", test)} == {"Zea_mays"}
    assert "Zea_mays" not in {row["species"] for row in all_rows(tmp_path / "train", train)}


def test_report_counts_shards(transcripts_dir: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    manifest = build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, report=seen.append)
    assert [progress.shards for progress in seen] == list(range(1, 9))
    assert seen[-1] == Progress(shards=8, num_shards=8, slices=manifest.rows, annotated=manifest.annotated)


def test_finished_build_is_left_alone(transcripts_dir: Path, tmp_path: Path) -> None:
    manifest = build(transcripts_dir, tmp_path / "out")
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    assert build(transcripts_dir, tmp_path / "out") == manifest
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()} == times
    with pytest.raises(CorpusError, match="holds a finished corpus of other options seed"):
        build(transcripts_dir, tmp_path / "out", seed=5)


def test_a_finished_build_that_lost_a_shard_is_told(transcripts_dir: Path, tmp_path: Path) -> None:
    file = build(transcripts_dir, tmp_path / "out").files[0]
    (tmp_path / "out" / file.name).unlink()
    with pytest.raises(CorpusError, match=r"missing; restore it, or remove .* and build it again"):
        build(transcripts_dir, tmp_path / "out")


def test_a_finished_build_with_a_damaged_shard_is_told(transcripts_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "out" / build(transcripts_dir, tmp_path / "out").files[0].name
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CorpusError, match=f"{path.name}: its SHA-256 is not that of the manifest"):
        build(transcripts_dir, tmp_path / "out")


def test_leftover_scaffold_of_a_finished_build_is_removed(transcripts_dir: Path, tmp_path: Path) -> None:
    build(transcripts_dir, tmp_path / "out")
    (tmp_path / "out" / ".build").mkdir()
    build(transcripts_dir, tmp_path / "out")
    assert not (tmp_path / "out" / ".build").exists()


def test_two_builds_in_one_folder(transcripts_dir: Path, tmp_path: Path) -> None:
    def build_again(progress: Progress) -> None:
        with pytest.raises(CorpusError, match="another build is at work"):
            build(transcripts_dir, tmp_path / "out")

    build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, report=build_again)


def test_folder_of_something_else_is_not_touched(transcripts_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is not empty and holds no corpus"):
        build(transcripts_dir, transcripts_dir)
    assert not (transcripts_dir / ".build").exists()


def test_nothing_remains(tmp_path: Path) -> None:
    for name, text, message in [
        ("empty.fa", "", "there were no records"),
        ("header.fa", ">only|Zea_mays|cds\n", "empty_record 1"),
        ("short.fa", ">t\nACGU\n", "short_record 1"),
    ]:
        (tmp_path / name).write_text(text)
        with pytest.raises(CorpusError, match=f"no slice remains of the input .*{message}"):
            build(tmp_path / name, tmp_path / f"out_{name}")


def test_nothing_remains_of_what_has_no_structure(transcripts_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no slice remains of the input .*no_structure"):
        build(transcripts_dir, tmp_path / "out", annotate_share=0.0, labelled_only=True)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_truncated_gzip(transcripts_dir: Path, tmp_path: Path) -> None:
    path = transcripts_dir / "b.fasta.gz"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FormatError, match=r"b\.fasta\.gz"):
        build(transcripts_dir, tmp_path / "out")


def test_output_that_cannot_be_a_folder(transcripts_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CorpusError, match="Not a directory"):
        build(transcripts_dir, tmp_path / "file" / "out")


def test_jobs_must_be_positive(transcripts_dir: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 jobs: expected at least 1"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, jobs=0)


def test_moved_corpus_is_still_whole(transcripts_dir: Path, tmp_path: Path) -> None:
    build(transcripts_dir, tmp_path / "out")
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    verify_corpus(tmp_path / "elsewhere")


HANGS, DIES = "AAA", "AC"


def hang_or_die(sequence: str, energy_model: EnergyModel, second_structure: str) -> Folded:
    """A fold that some sequences do not survive."""
    if sequence.endswith(HANGS):
        time.sleep(600)
    if sequence.endswith(DIES):
        os.kill(os.getpid(), signal.SIGSEGV)
    return fold_main(sequence, energy_model, second_structure)


def test_folds_that_hang_or_die_cost_their_labels_only(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = build(transcripts_dir, tmp_path / "undisturbed", slice_length=150)
    monkeypatch.setattr(build_module, "ShardTask", partial(ShardTask, fold=hang_or_die))
    options = replace(OPTIONS, slice_length=150, fold_timeout=2.0)
    manifests = [build_corpus([transcripts_dir], tmp_path / f"{jobs}", options, jobs=jobs) for jobs in (1, 2)]
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    before = {row["sequence"]: row for row in all_rows(tmp_path / "undisturbed", undisturbed)}
    lost = {HANGS: 0, DIES: 0}
    for row in all_rows(tmp_path / "1", manifests[0]):
        ends = [end for end in lost if row["sequence"].endswith(end)]
        if before[row["sequence"]]["structure"] is not None and ends:
            lost[ends[0]] += 1
            assert row["structure"] is None
        else:
            assert row == before[row["sequence"]]
    assert manifests[0].fold_failures == {"crash": lost[DIES], "timeout": lost[HANGS]}
    assert min(lost.values()) > 0
    assert verify_corpus(tmp_path / "1") == manifests[0]


def test_excluded_files_and_table_are_part_of_the_plan(transcripts_dir: Path, tmp_path: Path) -> None:
    test_set, table = tmp_path / "test.fa", tmp_path / "species.tsv"
    test_set.write_text((transcripts_dir / "a.fa").read_text())
    table.write_text("a0|Zea_mays|cds\tZea_mays\n")
    references = References(exclude=(test_set,), species_table=table)
    manifest = build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references)
    assert set(manifest.references) == {"exclude test.fa", "species table species.tsv"}
    assert manifest.drops["excluded_sequence"].pieces >= 25
    assert verify_corpus(tmp_path / "out") == manifest
    assert build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references) == manifest
    test_set.write_text(">x\nACGUACGUACGUACGU\n")
    with pytest.raises(CorpusError, match=r"of other references exclude test\.fa: give the same as before"):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, references=references)
    with pytest.raises(CorpusError, match="of other references exclude"):
        build(transcripts_dir, tmp_path / "out")
    (tmp_path / "out" / "excluded.tsv").write_text("")
    with pytest.raises(CorpusError, match=r"excluded\.tsv: its SHA-256 is not that"):
        verify_corpus(tmp_path / "out")


@pytest.mark.parametrize("damaged", ["scan.json", "buckets", "one bucket", "shards"])
def test_what_a_stopped_build_left_and_was_damaged_is_made_again(
    transcripts_dir: Path, tmp_path: Path, damaged: str
) -> None:
    """Buckets are not flushed to the disk, so that a power cut may lose them."""

    def stop(progress: Progress) -> None:
        raise Killed

    expected = build(transcripts_dir, tmp_path / "whole")
    with pytest.raises(Killed):
        build_corpus([transcripts_dir], tmp_path / "out", OPTIONS, report=stop)
    scaffold = tmp_path / "out" / ".build"
    if damaged == "buckets":
        shutil.rmtree(scaffold / "buckets")
    elif damaged == "one bucket":
        path = max((scaffold / "buckets").iterdir(), key=lambda path: path.stat().st_size)
        os.truncate(path, path.stat().st_size // 2)
    else:
        paths = [scaffold / damaged] if damaged == "scan.json" else list((scaffold / damaged).iterdir())
        for path in paths:
            path.write_text("{")
    for path in (tmp_path / "out").glob("*.parquet") if damaged != "shards" else ():
        path.unlink()
    assert build(transcripts_dir, tmp_path / "out") == expected
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_same_report_for_any_number_of_jobs(transcripts_dir: Path, tmp_path: Path) -> None:
    references = References(exclude=(transcripts_dir / "a.fa",))
    for jobs in (1, 2):
        build_corpus([transcripts_dir], tmp_path / str(jobs), OPTIONS, references=references, jobs=jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_is_built_continued_and_compared(
    transcripts_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (transcripts_dir / "b.fasta.gz").read_bytes()

    def stop(progress: Progress) -> None:
        raise Killed

    pipe(monkeypatch, content)
    with pytest.raises(Killed):
        build_corpus([Path("-")], tmp_path / "out", OPTIONS, report=stop)
    pipe(monkeypatch, content[:-1])
    with pytest.raises(CorpusError, match="unfinished corpus of other sources <stdin>"):
        build(Path("-"), tmp_path / "out")
    pipe(monkeypatch, content)
    manifest = build(Path("-"), tmp_path / "out")
    assert [(source.name, source.records) for source in manifest.sources] == [("<stdin>", 25)]
    assert not (tmp_path / "out" / ".build").exists()
    pipe(monkeypatch, content)
    assert build(Path("-"), tmp_path / "out") == manifest
    pipe(monkeypatch, b"")
    with pytest.raises(CorpusError, match="finished corpus of other sources <stdin>"):
        build(Path("-"), tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("empty.fa", b"", CorpusError, "there were no records"),
        ("header.fa", b">only\r\n", CorpusError, "empty_record 1"),
        ("digits.fa", b">t\n1234567890123456\n", CorpusError, "illegal_symbol 1"),
        ("protein.fa", b">t\nMKVLAAGHWEMKVLAAGHWE\n", CorpusError, "illegal_symbol 1"),
        ("binary.fa", b"\x00\x01\xff" * 99, FormatError, r"binary\.fa:1: binary"),
        ("text.fa", b"Lorem ipsum\n", FormatError, r"text\.fa:1: expected '>'"),
        ("reads.fq", b"@r\nACGU\n+\n", FormatError, r"reads\.fq"),
        ("cut.fa.gz", gzip.compress(b">t\n" + b"ACGU" * 999)[:-9], FormatError, r"cut\.fa\.gz"),
        ("text.fa.zst", b">t\nACGU\n", FormatError, r"text\.fa\.zst"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message) as caught:
        build(tmp_path / name, tmp_path / "out")
    assert "\n" not in str(caught.value)


def test_crlf_and_every_compression_give_the_same_slices(tmp_path: Path) -> None:
    text = b">t1|Zea_mays|cds\r\nACGUAGCUUGCAUUGGCCAA\r\nUCGGACGUAGCUUGCAUUGG\r\n"
    written = {
        "x.fa": text,
        "x.fa.gz": gzip.compress(text),
        "x.fa.xz": lzma.compress(text),
        "x.fa.bz2": bz2.compress(text),
        "x.fa.zst": zstd.compress(text),
    }
    for name, content in written.items():
        (tmp_path / name).write_bytes(content)
        manifest = build(tmp_path / name, tmp_path / f"out_{name}", annotate_share=0.0)
        rows = all_rows(tmp_path / f"out_{name}", manifest)
        assert [row["sequence"] for row in rows] == ["ACGUAGCUUGCAUUGGCCAAUCGGACGUAGCUUGCAUUGG"]
