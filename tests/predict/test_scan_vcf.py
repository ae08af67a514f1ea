"""VCF: the right letters of the right transcripts, both strands, every record kept, and a valid file."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import lzma
from pathlib import Path

import numpy as np
import pysam
import pytest

from mprna.alphabet import reverse_complement
from mprna.errors import FormatError, UsageError
from mprna.io.vcf import VcfFile, info_text
from mprna.predict.scan import ScanOptions, scan
from mprna.predict.scan_vcf import INFO_PARTS, Transcriptome, scan_vcf, write_vcf
from mprna.predict.variant_effect import NO_FAILURES

OPTIONS = ScanOptions(model=None, confidence=False)
GENOME = "".join(np.random.default_rng(3).choice(list("ACGT"), size=200))
BED = "chr1\t10\t120\tplus\t0\t+\t10\t120\t0\t2\t30,40,\t0,70,\nchr1\t20\t60\tminus\t0\t-\n"
HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr1,length=200>\n##contig=<ID=chrX>\n"
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
NEXT = dict(zip("ACGT", "CGTA", strict=True))


@pytest.fixture
def files(tmp_path):
    (tmp_path / "genome.fa").write_text(f">chr1 of nothing\n{GENOME[:100]}\n{GENOME[100:].lower()}\n")
    (tmp_path / "genes.bed").write_text(BED)
    return tmp_path


def vcf(directory, *lines: str) -> str:
    path = directory / "in.vcf"
    rows = [f"{line}\t.\t.\t.\n" for line in lines]
    path.write_text(HEADER + COLUMNS + "".join(rows))
    return str(path)


def substitution(position: int) -> str:
    """A line at a 1-based position."""
    letter = GENOME[position - 1]
    return f"chr1\t{position}\t.\t{letter}\t{NEXT[letter]}"


def scanned(directory, *lines: str, transcripts: bool = True, jobs: int = 1):
    genes = str(directory / "genes.bed") if transcripts else None
    with VcfFile(vcf(directory, *lines)) as file:
        found = scan_vcf(file, Transcriptome(str(directory / "genome.fa"), genes), OPTIONS, jobs=jobs)
        return [effects for _, effects in found]


@pytest.mark.parametrize("allele", [".", "<NON_REF>", "<*>"])
def test_a_site_without_another_allele_is_no_failure(files, allele):
    (effects,) = scanned(files, f"chr1\t31\t.\t{GENOME[30]}\t{allele}")
    assert [effect.error for effect in effects] == ["no alternative allele"]
    assert effects[0].error in NO_FAILURES


@pytest.mark.parametrize("allele", ["GATC", "<DEL>", "*"])
@pytest.mark.parametrize("position", [31, 70])
def test_other_kinds_of_alleles_are_no_failure(files, allele, position):
    (effects,) = scanned(files, f"chr1\t{position}\t.\t{GENOME[position - 1]}\t{allele}")
    assert [effect.error for effect in effects] == [
        "no substitution; insertions and deletions are not supported"
    ]
    assert effects[0].error in NO_FAILURES


def test_u_is_t_in_the_vcf_and_in_the_reference(files):
    dna = scanned(files, substitution(31), transcripts=False)
    genome = (files / "genome.fa").read_text()
    (files / "genome.fa").write_text(genome.replace("T", "U").replace("t", "u"))
    line = substitution(31)
    for written in (line, line.replace("T", "U")):
        ((effect,),) = scanned(files, written, transcripts=False)
        assert dataclasses.replace(effect, given=dna[0][0].given) == dna[0][0]


def test_both_strands_are_the_rna_that_python_would_splice(files):
    (effects,) = scanned(files, substitution(31))
    plus = GENOME[10:40] + GENOME[80:120]
    minus = reverse_complement(GENOME[20:60])
    assert [effect.name for effect in effects] == ["plus", "minus"]
    for effect, rna, position in zip(effects, (plus, minus), (21, 30), strict=True):
        assert effect.position == position
        assert effect.ref == rna[position - 1].replace("T", "U")
        (expected,) = scan(rna, [effect.variant], OPTIONS)
        assert effect == dataclasses.replace(expected, name=effect.name, given=effect.given)
    assert effects[0].given == f"chr1:31:{GENOME[30]}>{NEXT[GENOME[30]]}"


def test_ends_of_exons(files):
    """Of `plus`: the first and last nucleotide, both sides of the intron, and just outside."""
    lines = [substitution(k) for k in (10, 11, 40, 81, 120, 121)]
    found = [
        [(e.name, e.position) for e in effects if e.name == "plus"] for effects in scanned(files, *lines)
    ]
    assert found == [[], [("plus", 1)], [("plus", 30)], [("plus", 31)], [("plus", 70)], []]


def test_without_transcripts_every_sequence_is_an_rna(files):
    ((effect,),) = scanned(files, substitution(200), transcripts=False)
    assert (effect.name, effect.position, effect.error) == ("chr1", 200, None)


def test_several_letters_at_once(files):
    ref = GENOME[84:88]
    alt = NEXT[ref[0]] + ref[1] + NEXT[ref[2]] + ref[3]
    ((effect,),) = scanned(files, f"chr1\t85\t.\t{ref}\t{alt}")
    assert effect.variant.count("+") == 1
    assert [effect.position, len(effect.ref)] == [35, 2]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"chr1\t31\t.\t{NEXT[GENOME[30]]}\t{GENOME[30]}", "where the reference has"),
        (f"chr1\t31\t.\t{GENOME[30]}\t{GENOME[30]}AA", "insertions and deletions are not supported"),
        (f"chr1\t31\t.\t{GENOME[30:33]}\t{GENOME[30]}", "insertions and deletions are not supported"),
        (f"chr1\t31\t.\t{GENOME[30]}\t<DEL>", "no substitution"),
        (f"chr1\t31\t.\t{GENOME[30]}\t*", "no substitution"),
        (f"chr1\t31\t.\t{GENOME[30]}\tN", "N is no nucleotide"),
        ("chrX\t31\t.\tA\tC", "chrX is no sequence of the reference"),
        ("chr1\t201\t.\tA\tC", "where the reference has nothing"),
        ("chr1\t0\t.\tN\tC", "where the reference has nothing"),  # a telomere
        (f"chr1\t70\t.\t{GENOME[69]}\t{NEXT[GENOME[69]]}", "in no exon of a transcript"),
        (f"chr1\t120\t.\t{GENOME[119:121]}\t{''.join(NEXT[c] for c in GENOME[119:121])}", "partly outside"),
    ],
)
def test_what_cannot_be_judged_is_kept_with_its_reason(files, line, reason):
    (effects,) = scanned(files, line)
    assert len(effects) == 1
    assert reason in effects[0].error
    assert effects[0].given.startswith(line.split("\t")[0])


def test_records_stay_in_order_whatever_the_jobs(files):
    lines = [substitution(k) for k in (100, 12, 70, 35, 12)]
    assert scanned(files, *lines, jobs=2) == scanned(files, *lines)


def test_the_annotated_file_is_a_vcf(files):
    lines = [f"chr1\t31\trs1\t{GENOME[30]}\t{NEXT[GENOME[30]]},*", substitution(70), substitution(90)]
    output = str(files / "out.vcf")
    with VcfFile(vcf(files, *lines)) as file:
        transcriptome = Transcriptome(str(files / "genome.fa"), str(files / "genes.bed"))
        write_vcf(file, scan_vcf(file, transcriptome, OPTIONS), output)
    with pysam.VariantFile(output) as annotated:
        assert annotated.header.info["MPRNA"].description.endswith("|".join(INFO_PARTS))
        records = list(annotated)
    assert [(r.pos, r.id) for r in records] == [(31, "rs1"), (70, None), (90, None)]
    parts = [[dict(zip(INFO_PARTS, t.split("|"), strict=True)) for t in r.info["MPRNA"]] for r in records]
    assert [len(part) for part in parts] == [3, 1, 1]
    assert [part["allele"] for part in parts[0]] == [NEXT[GENOME[30]], NEXT[GENOME[30]], "*"]
    assert float(parts[0][0]["delta_ensemble_energy"]) != 0
    assert parts[1][0]["error"] == "in_no_exon_of_a_transcript"


def test_the_allele_of_a_symbol_is_the_symbol(files):
    output = str(files / "out.vcf")
    with VcfFile(vcf(files, f"chr1\t31\t.\t{GENOME[30]}\t<DEL>,<DUP>")) as file:
        transcriptome = Transcriptome(str(files / "genome.fa"), str(files / "genes.bed"))
        write_vcf(file, scan_vcf(file, transcriptome, OPTIONS), output)
    with pysam.VariantFile(output) as annotated:
        (record,) = annotated
    assert [text.split("|")[0] for text in record.info["MPRNA"]] == ["<DEL>", "<DUP>"]


def test_an_empty_vcf_is_an_empty_vcf(files):
    output = files / "out.vcf"
    with VcfFile(vcf(files)) as file:
        write_vcf(file, scan_vcf(file, Transcriptome(str(files / "genome.fa")), OPTIONS), str(output))
    assert output.read_text().endswith(COLUMNS)


def test_bad_files_are_told(files):
    genome = str(files / "genome.fa")
    with pytest.raises(FormatError, match="no such file"):
        VcfFile(str(files / "missing.vcf"))
    (files / "bad.vcf").write_text("not a VCF\n")
    with pytest.raises(FormatError, match="no VCF that can be read"):
        VcfFile(str(files / "bad.vcf"))
    with pytest.raises(FormatError, match="no such file"):
        Transcriptome(str(files / "missing.fa"))
    (files / "empty.fa").write_text("no FASTA\n")
    with pytest.raises(FormatError, match="cannot be indexed"):
        Transcriptome(str(files / "empty.fa"))
    (files / "other.bed").write_text("1\t10\t20\tt\n")
    with pytest.raises(FormatError, match="do names differ"):
        Transcriptome(genome, str(files / "other.bed"))
    (files / "far.bed").write_text("chr1\t10\t201\tt\n")
    with pytest.raises(FormatError, match="'t' ends at 201, chr1 at 200"):
        Transcriptome(genome, str(files / "far.bed"))


def test_a_broken_record_is_told_with_its_number(files):
    path = vcf(files, substitution(31), "chr1\tx\t.\tA\tC")
    with VcfFile(path) as file, pytest.raises(FormatError, match="record 2 cannot be read"):
        list(scan_vcf(file, Transcriptome(str(files / "genome.fa")), OPTIONS))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"chr1\t31", b"chr\xe9\t31", "record 1 cannot be read|no VCF that can be read"),
        (b"\t.\t.\t.\n", b"\t.\t.\tX=\xe9\n", "the record at chr1:31 is no UTF-8 text"),
        (b"##contig=<ID=chrX>", b"##note=\xe9", "the header is no UTF-8 text|no VCF that can be read"),
    ],
)
def test_letters_that_are_no_utf_8_are_told(files, old, new, message):
    path = Path(vcf(files, substitution(31)))
    path.write_bytes(path.read_bytes().replace(old, new))

    def annotate() -> None:
        with VcfFile(str(path)) as file:
            found = scan_vcf(file, Transcriptome(str(files / "genome.fa")), OPTIONS)
            write_vcf(file, found, str(files / "out.vcf"))

    with pytest.raises(FormatError, match=message):
        annotate()


@pytest.mark.parametrize(
    ("compress", "message"),
    [
        (lzma.compress, "expected VCF, plain or bgzipped"),
        (bz2.compress, "expected VCF, plain or bgzipped"),
        (lambda data: b"\x28\xb5\x2f\xfd" + data, "expected VCF, plain or bgzipped"),
        (gzip.compress, "it is gzip, not bgzip: gunzip it, or use bgzip"),
    ],
)
def test_what_htslib_does_not_decompress_is_told(files, compress, message):
    """Of xz it ends the process."""
    path = Path(vcf(files, substitution(31)))
    path.write_bytes(compress(path.read_bytes()))
    with pytest.raises(FormatError) as error:
        VcfFile(str(path))
    assert str(error.value) == f"{path}: {message}"


def test_a_bgzipped_vcf_is_read(files):
    path = vcf(files, substitution(31))
    pysam.tabix_compress(path, f"{path}.gz")
    with VcfFile(f"{path}.gz") as file:
        assert [record.position for record in file] == [30]


def test_an_annotated_file_is_not_annotated_twice_and_nothing_is_gzipped(files):
    output = str(files / "out.vcf")
    transcriptome = Transcriptome(str(files / "genome.fa"))
    with VcfFile(vcf(files, substitution(31))) as file:
        with pytest.raises(UsageError, match="bgzip"):
            write_vcf(file, [], str(files / "out.vcf.gz"))
        write_vcf(file, scan_vcf(file, transcriptome, OPTIONS), output)
    with VcfFile(output) as file, pytest.raises(FormatError, match="INFO/MPRNA is in this file already"):
        write_vcf(file, scan_vcf(file, transcriptome, OPTIONS), str(files / "again.vcf"))


def test_info_has_no_reserved_characters():
    assert info_text("a, b;c|d=e") == "a&_b:c/d:e"
    assert info_text(None) == ""


def test_an_empty_file_is_told(tmp_path):
    (tmp_path / "empty.vcf").touch()
    with pytest.raises(FormatError, match=r"empty\.vcf: empty file, expected a VCF"):
        VcfFile(str(tmp_path / "empty.vcf"))


def test_a_transcriptome_is_closed_at_its_end(files):
    with Transcriptome(str(files / "genome.fa")) as transcriptome:
        assert transcriptome.genomic("chr1", 0, 9) == GENOME[:9]
    with pytest.raises(FormatError, match=r"genome\.fa: chr1 cannot be read"):
        transcriptome.genomic("chr1", 0, 9)
