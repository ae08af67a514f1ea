from __future__ import annotations

import errno
import gzip
import hashlib
import io
import os
import sys
from pathlib import Path

import pytest

from mprna.corpus.inputs import find_inputs, find_record_files, input_digests, read_input, store_stdin
from mprna.errors import CorpusError, FormatError, UsageError


def test_folder_stands_for_its_sequence_files(transcripts_dir: Path) -> None:
    inputs = find_inputs([transcripts_dir])
    assert list(inputs) == ["a.fa", "b.fasta.gz", "c.fna"]
    assert all(path.is_absolute() for path in inputs.values())


def test_order_of_arguments_does_not_matter(transcripts_dir: Path) -> None:
    files = [transcripts_dir / "c.fna", transcripts_dir / "a.fa"]
    assert list(find_inputs(files)) == list(find_inputs(files[::-1])) == ["a.fa", "c.fna"]


def test_names_are_relative_to_the_shared_folder(tmp_path: Path) -> None:
    for species in ("ath", "zma"):
        (tmp_path / species).mkdir()
        (tmp_path / species / "x.fa").touch()
    assert list(find_inputs([tmp_path / "zma", tmp_path / "ath" / "x.fa"])) == ["ath/x.fa", "zma/x.fa"]


def test_link_keeps_its_own_name(tmp_path: Path, transcripts_dir: Path) -> None:
    (tmp_path / "FCHS.fa").symlink_to(transcripts_dir / "a.fa")
    assert list(find_inputs([tmp_path / "FCHS.fa"])) == ["FCHS.fa"]


def test_what_cannot_be_an_input(tmp_path: Path, transcripts_dir: Path) -> None:
    with pytest.raises(UsageError, match="no input"):
        find_inputs([])
    with pytest.raises(UsageError, match="a file is given twice"):
        find_inputs([transcripts_dir, transcripts_dir / "a.fa"])
    (transcripts_dir / "link.fa").symlink_to("a.fa")
    with pytest.raises(UsageError, match="a file is given twice"):
        find_inputs([transcripts_dir])
    (tmp_path / "tab\t.fa").touch()
    with pytest.raises(UsageError, match=r"'tab\\t\.fa': names of inputs must be printable"):
        find_inputs([tmp_path / "tab\t.fa"])
    with pytest.raises(CorpusError, match=r"missing\.fa: no such file"):
        find_inputs([tmp_path / "missing.fa"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="no file of sequences"):
        find_inputs([tmp_path / "empty"])


def test_file_that_vanishes_is_named(transcripts_dir: Path) -> None:
    inputs = find_inputs([transcripts_dir])
    (transcripts_dir / "a.fa").unlink()
    with pytest.raises(FormatError, match=r"a\.fa: No such file"):
        input_digests(inputs)


def test_fastq_is_told_by_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "reads.fq"
    path.write_text("@r1 first\nACGU\n+\nIIII\n")
    assert [(record.name, record.sequence) for record in read_input(path)] == [("r1", "ACGU")]


def test_fastq_without_a_suffix_is_told_by_its_first_letter(tmp_path: Path) -> None:
    (tmp_path / "reads").write_text("\ufeff@caf\xe9\nACGU\n+\nIIII\n")
    assert [record.name for record in read_input(tmp_path / "reads")] == ["caf\xe9"]


def test_pattern_stands_for_the_files_that_match(transcripts_dir: Path) -> None:
    (transcripts_dir / "deep").mkdir()
    (transcripts_dir / "deep" / "d.fa").touch()
    assert list(find_inputs([transcripts_dir / "*.f*a"])) == ["a.fa", "c.fna"]
    assert list(find_inputs([transcripts_dir / "**/*.fa"])) == ["a.fa", "deep/d.fa"]
    with pytest.raises(CorpusError, match=r"\*\.fq: no file matches"):
        find_inputs([transcripts_dir / "*.fq"])


def test_file_with_the_name_of_a_pattern_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "a[1].fa").touch()
    assert list(find_inputs([tmp_path / "a[1].fa"])) == ["a[1].fa"]


def test_standard_input_stands_beside_files(transcripts_dir: Path, tmp_path: Path) -> None:
    spool = tmp_path / "stdin"
    assert find_inputs([Path("-")], spool=spool) == {"<stdin>": spool}
    assert next(iter(find_inputs([transcripts_dir, Path("-")], spool=spool))) == "<stdin>"
    with pytest.raises(UsageError, match="standard input is given twice"):
        find_inputs([Path("-"), Path("-")], spool=spool)
    with pytest.raises(CorpusError, match="no such file"):
        find_inputs([Path("-")])


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


def test_standard_input_is_stored_as_it_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = tmp_path / "stdin"
    for text in (b"@r1\nACGU\n+\nIIII\n", b">r1\r\nAC\r\nGU\r\n"):
        for content in (text, gzip.compress(text)):
            pipe(monkeypatch, content)
            assert store_stdin(spool) == hashlib.sha256(content).hexdigest()
            assert [(record.name, record.sequence) for record in read_input(spool)] == [("r1", "ACGU")]
            pipe(monkeypatch, content)
            assert store_stdin(None) == hashlib.sha256(content).hexdigest()


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(FormatError, match="standard input is closed"):
        store_stdin(tmp_path / "stdin")


def test_folder_of_records_has_every_format(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.fa", "c.ct", "notes.md"):
        (tmp_path / name).touch()
    assert list(find_record_files([tmp_path])) == ["a.jsonl.gz", "b.fa", "c.ct"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"no file of sequences or structures \(.*\*\.ct, .*in this folder"):
        find_record_files([tmp_path / "empty"])


def test_standard_input_that_cannot_be_read_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Broken())))
    with pytest.raises(FormatError, match="<stdin>: Input/output error"):
        store_stdin(tmp_path / "stdin")
