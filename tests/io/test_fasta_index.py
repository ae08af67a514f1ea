"""An index is believed where htslib reads the right letters through it, whatever the files' times say."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pysam
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from mprna.errors import MprnaWarning
from mprna.io.fasta_index import index_fits
from mprna.io.vcf import IndexedFasta

FIRST = ">chr1 of nothing\nACGTACGTAC\nACGTACGTAC\nAC\n>chr2\nGGGGG\n"
LONGER_HEADER = FIRST.replace("of nothing", "of release 2")
READABLE = {
    "a longer header": LONGER_HEADER,
    "a letter more": FIRST.replace("GGGGG", "GGGGGG"),
    "a letter less": FIRST.replace("GGGGG", "GGGG"),
    "as many shorter lines": FIRST.replace("AC\nACGTACGTAC\n", "\nACACGTAC\nGTAC"),
    "another name": FIRST.replace("chr2", "chrY"),
    "a sequence more": FIRST + ">chr3\nAC\n",
    "a sequence less": FIRST[: FIRST.index(">chr2")],
    "another order": FIRST[FIRST.index(">chr2") :] + FIRST[: FIRST.index(">chr2")],
    "Windows' lines": FIRST.replace("\n", "\r\n"),
}
CHANGED = READABLE | {"nothing": "", "ragged lines": FIRST.replace("AC\nACGTA", "ACACGT\nA")}
names = st.text("abXY1._|-", min_size=1, max_size=5)
sequences = st.dictionaries(names, st.text("ACGTN", max_size=25), min_size=1, max_size=4)


def write(path: Path, text: str, *, seconds: int) -> None:
    """As if it had been changed so many seconds after the index was made."""
    path.write_bytes(text.encode())
    then = os.stat(f"{path}.fai").st_mtime_ns + seconds * 10**9
    os.utime(path, ns=(then, then))


def indexed(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    pysam.FastaFile(str(path)).close()
    return path


def quietly(path: Path) -> IndexedFasta:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return IndexedFasta(str(path))


@pytest.mark.parametrize("seconds", [-3600, 0, 3600])
@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_a_changed_file_is_indexed_again_and_its_old_index_stays(text, seconds, tmp_path, capfd):
    path = indexed(tmp_path / "genome.fa", FIRST)
    index = (tmp_path / "genome.fa.fai").read_bytes()
    write(path, text, seconds=seconds)
    with pytest.warns(MprnaWarning, match=r"genome\.fa has changed since it was indexed.*`samtools faidx"):
        fasta = IndexedFasta(str(path))
    for record in text.replace("\r", "").split(">")[1:]:
        header, *lines = record.split("\n")
        name, sequence = header.split()[0], "".join(lines)
        assert (fasta.length(name), fasta.fetch(name, 0, 99)) == (len(sequence), sequence)
    assert (tmp_path / "genome.fa.fai").read_bytes() == index
    assert sorted(os.listdir(tmp_path)) == ["genome.fa", "genome.fa.fai"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("text", CHANGED.values(), ids=CHANGED)
def test_an_index_of_another_file_does_not_fit(text, tmp_path):
    path = indexed(tmp_path / "genome.fa", FIRST)
    assert index_fits(str(path))
    write(path, text, seconds=0)
    assert not index_fits(str(path))


@pytest.mark.parametrize("text", [FIRST, FIRST.replace("ACGT", "TTTT")])
def test_a_younger_copy_with_the_same_layout_keeps_its_index(text, tmp_path):
    path = indexed(tmp_path / "genome.fa", FIRST)
    write(path, text, seconds=3600)
    assert quietly(path).fetch("chr2", 0, 9) == "GGGGG"


@given(sequences, st.integers(1, 10), st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_every_index_that_is_made_fits(tmp_path_factory, sequences, width, end, blank, cut):
    lines = []
    for name, sequence in sequences.items():
        lines += [f">{name} described", *(sequence[i : i + width] for i in range(0, len(sequence), width))]
        lines += [""] * blank
    text = end.join(lines) + end * (not cut)
    path = tmp_path_factory.mktemp("fasta") / "genome.fa"
    try:
        indexed(path, text)
    except OSError:  # htslib takes no file without letters, and no header without a line's end
        reject()
    assert index_fits(str(path))


def test_a_bgzipped_file_that_is_younger_than_its_index_is_indexed_again(tmp_path):
    plain, path = tmp_path / "plain.fa", tmp_path / "genome.fa.gz"
    plain.write_text(FIRST)
    pysam.tabix_compress(str(plain), str(path))
    assert quietly(path).fetch("chr2", 0, 9) == "GGGGG"
    assert quietly(path).fetch("chr2", 0, 9) == "GGGGG"  # through the index that was made
    plain.write_text(LONGER_HEADER)
    pysam.tabix_compress(str(plain), str(path), force=True)
    later = os.stat(f"{path}.fai").st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    with pytest.warns(MprnaWarning, match="has changed"):
        fasta = IndexedFasta(str(path))
    assert [fasta.fetch(name, 0, 99) for name in ("chr1", "chr2")] == ["ACGTACGTACACGTACGTACAC", "GGGGG"]


def test_a_folder_that_nobody_may_write_to(tmp_path, monkeypatch):
    (tmp_path / "genome.fa").write_text(FIRST)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert quietly(tmp_path / "genome.fa").fetch("chr2", 0, 9) == "GGGGG"
    assert os.listdir(tmp_path) == ["genome.fa"]


@pytest.mark.parametrize("index", ["", "chr1\n", "chr1\tx\t17\t10\t11\n", "chr1\t22\t10\t0\t0\n"])
def test_a_damaged_index_does_not_fit(index, tmp_path):
    path = indexed(tmp_path / "genome.fa", FIRST)
    (tmp_path / "genome.fa.fai").write_text(index)
    assert not index_fits(str(path))
