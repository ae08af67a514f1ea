"""Transcripts of GTF and BED: exons, strands, positions, and broken lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FormatError
from mprna.io.transcripts import Transcript, read_transcripts

GTF = """\
#!genome-build x
chr1\thavana\tgene\t11\t40\t.\t-\t.\tgene_id "g";
chr1\thavana\texon\t31\t40\t.\t-\t.\tgene_id "g"; transcript_id "t1"; exon_number "1";
chr1\thavana\texon\t11\t20\t.\t-\t.\tgene_id "g"; transcript_id "t1"; exon_number "2";
chr2\thavana\texon\t1\t5\t.\t+\t.\ttranscript_id "t2"; gene_id "h";
"""
T1 = Transcript("t1", "chr1", "-", ((10, 20), (30, 40)))


def read(tmp_path, text):
    path = tmp_path / "genes"
    path.write_text(text)
    return read_transcripts(path)


def test_gtf(tmp_path):
    assert read(tmp_path, GTF) == [T1, Transcript("t2", "chr2", "+", ((0, 5),))]


def test_bed12_says_the_same(tmp_path):
    text = "track name=x\nchr1\t10\t40\tt1\t0\t-\t10\t40\t0\t2\t10,10,\t0,20,\n"
    assert read(tmp_path, text) == [T1]


def test_an_id_on_both_strands_is_two_transcripts(tmp_path):
    other = Transcript("t1", "chr1", "+", ((0, 5),))
    text = GTF + 'chr1\thavana\texon\t1\t5\t.\t+\t.\ttranscript_id "t1";\n'
    assert read(tmp_path, text) == [T1, Transcript("t2", "chr2", "+", ((0, 5),)), other]


@pytest.mark.parametrize("columns", ["20\t140\tNR_2\t0\t+\t20\t20\t0\t2\t40,30\t0,90", "20\t60\tNR_2\t0\t+"])
def test_lines_of_bed_are_transcripts_of_their_own_even_where_they_share_a_name(tmp_path, columns):
    first, second = read(tmp_path, f"chr1\t{columns}\nchr1\t{columns}\n")
    assert first == second
    assert first.name == "NR_2"


def test_short_bed_is_one_exon_on_the_plus_strand(tmp_path):
    found = read(tmp_path, "chr1\t10\t40\nchr1\t10\t40\tname\t0\t-\n")
    assert found == [
        Transcript("chr1:11-40", "chr1", "+", ((10, 40),)),
        Transcript("name", "chr1", "-", ((10, 40),)),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no exons in this file"),
        ("# only a comment\n", "no exons in this file"),
        ("chr1\tx\n", "genes:1: neither GTF nor BED"),
        ("chr1\t10\t40\tn\t0\t.\n", r"neither GTF nor BED \(strand '\.', expected \+ or -\)"),
        (GTF + 'chr1\thavana\texon\tx\t20\t.\t-\t.\ttranscript_id "t1";\n', "genes:6: neither GTF nor BED"),
        (GTF + 'chr1\thavana\texon\t1\t20\t.\t-\t.\tgene_id "g";\n', "genes:6: neither GTF nor BED"),
        ("chr1\tx\texon\t1\t20\t.\t-\t.\tID=e1;Parent=t1\n", r"neither GTF nor BED \(GFF3; make it GTF"),
        ("chr1\t40\t10\tn\n", "genes:1: exons of 'n' are empty or overlap"),
        ("chr1\t10\t25\tn\t0\t-\t10\t25\t0\t2\t10,10,\t0,5,\n", "exons of 'n' are empty or overlap"),
        ("chr1\t10\t40\tt1\t0\t-\t10\t40\t0\t2\t10,10,\t0,\n", "2 blocks with 2 sizes and 1 starts"),
        ("chr1\t10\t40\tt1\t0\t-\t10\t40\t0\t3\t10,10,\t0,20,\n", "3 blocks with 2 sizes and 2 starts"),
        ("chr1\t10\t40\tt\t0\t-\t10\t40\t0\t1\t10,\t0,\n", "blocks that do not reach from start to end"),
        ("chr1\t10\t40\tt\t0\t-\t10\t40\t0\t1\t20,\t10,\n", "blocks that do not reach"),
        ("chr1\tten\t40\n", "genes:1: .*'ten' is no position"),
        ("chr1\t-5\t40\n", "genes:1: .*'-5' is no position"),
        ('chr1\tx\texon\t0\t20\t.\t-\t.\ttranscript_id "t";\n', "genes:1: .*positions of GTF count from 1"),
    ],
)
def test_bad_files_are_told_with_their_line(tmp_path, text, reason):
    with pytest.raises(FormatError, match=reason):
        read(tmp_path, text)


@given(st.data())
def test_positions_are_those_of_the_spliced_sequence(data):
    """Against splicing a text whose letters are all different."""
    genome = "".join(chr(0x4E00 + i) for i in range(40))
    cuts = sorted(data.draw(st.sets(st.integers(0, 40), min_size=2, max_size=6)))
    exons = tuple(zip(cuts[::2], cuts[1::2], strict=False))
    strand = data.draw(st.sampled_from("+-"))
    spliced = "".join(genome[start:end] for start, end in exons)
    spliced = spliced if strand == "+" else spliced[::-1]
    transcript = Transcript("t", "c", strand, exons)
    assert transcript.length == len(spliced)
    for position, letter in enumerate(genome):
        expected = spliced.find(letter)
        assert transcript.position_of(position) == (None if expected < 0 else expected)
