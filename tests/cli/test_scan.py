"""`mprna scan`: the ways to ask, exit statuses, pictures, and one line for what goes wrong."""

from __future__ import annotations

import json

import pytest

THERMODYNAMICS = ("--model", "none", "--no-confidence")
HAIRPIN = "GGCACUGCGAAAGCAGUGCC"


def rows(outcome) -> list[dict[str, str]]:
    header, *lines = [line.split("\t") for line in outcome.out.splitlines()]
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_all_single_substitutions(call):
    outcome = call("scan", "GGGAAACCC")
    assert outcome.status == 0
    assert [row["variant"] for row in rows(outcome)][:4] == ["G1A", "G1C", "G1U", "G2A"]
    assert all(float(row["llr"]) and row["partner"] and row["confidence"] for row in rows(outcome))


def test_variants_as_arguments(call):
    outcome = call("scan", HAIRPIN, "--variant", "C3G", "--variant", "C3G+G18C", *THERMODYNAMICS)
    single, double = rows(outcome)
    assert outcome.status == 0
    assert float(single["delta_ensemble_energy"]) > 3 > float(double["delta_ensemble_energy"])
    assert single["llr"] == single["partner"] == ""
    assert single["name"] == "sequence_1"


def test_a_list_and_a_fasta(call, tmp_path):
    (tmp_path / "rnas.fa").write_text(f">a\n{HAIRPIN}\n>b\nGGGAAACCC\n")
    (tmp_path / "list.tsv").write_text("name\tvariant\nb\tG1A\na\tC3G\nc\tA1G\nb\tG9A\n")
    outcome = call(
        "scan",
        tmp_path / "rnas.fa",
        "--variants",
        tmp_path / "list.tsv",
        "--format",
        "jsonl",
        *THERMODYNAMICS,
    )
    found = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(row["name"], row["given"]) for row in found] == [
        ("a", "C3G"), ("b", "G1A"), ("b", "G9A"), ("c", "A1G"),
    ]  # fmt: skip
    assert outcome.status == 1
    assert outcome.err == (
        "mprna: 2 of 4 variants could not be evaluated; the first: b G9A: G9A: nucleotide 9 of the RNA is C\n"
    )


def test_an_empty_list_is_one_line(call, tmp_path):
    (tmp_path / "list.tsv").write_text("\n")
    outcome = call("scan", "GGGAAACCC", "--variants", tmp_path / "list.tsv")
    assert (outcome.status, outcome.out) == (1, "")
    assert outcome.err.count("\n") == 1
    assert "no variants in this file" in outcome.err


@pytest.mark.parametrize("suffix", ["svg", "png"])
def test_pictures(call, tmp_path, suffix):
    picture = tmp_path / f"effects.{suffix}"
    assert call("scan", "GGGAAACCC", "--figure", picture, *THERMODYNAMICS).status == 0
    assert picture.read_bytes()[:4] in (b"<svg", b"\x89PNG")


def test_a_vcf(call, tmp_path):
    (tmp_path / "rna.fa").write_text(f">chr1\n{HAIRPIN.replace('U', 'T')}\n")
    (tmp_path / "in.vcf").write_text(
        "##fileformat=VCFv4.2\n##contig=<ID=chr1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
        "chr1\t3\t.\tC\tG\t.\t.\t.\nchr1\t4\t.\tC\tG\t.\t.\t.\n"
    )
    given = ("scan", "--vcf", tmp_path / "in.vcf", "--reference", tmp_path / "rna.fa", *THERMODYNAMICS)
    outcome = call(*given, "--format", "vcf")
    assert outcome.status == 1
    assert outcome.err == (
        "mprna: 1 of 2 variants could not be evaluated; the first: chr1 chr1:4:C>G: "
        "the VCF has C where the reference has A\n"
    )
    lines = [line for line in outcome.out.splitlines() if not line.startswith("#")]
    assert lines[0].split("\t")[7].startswith("MPRNA=G|chr1|C3G|")
    assert [row["given"] for row in rows(call(*given))] == ["chr1:3:C>G", "chr1:4:C>G"]
    assert call(*given, "-o", tmp_path / "out.vcf").out == ""
    assert "INFO=<ID=MPRNA" in (tmp_path / "out.vcf").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("GGG", "--reference", "x.fa"), "belong to --vcf"),
        (("--vcf", "x.vcf"), "--vcf needs --reference"),
        (("GGG", "--vcf", "x.vcf", "--reference", "x.fa"), "brings its own RNAs"),
        (("--vcf", "x.vcf", "--reference", "x.fa", "--figure", "x.svg"), "--figure draws"),
        (("GGG", "--format", "vcf"), "VCF is written for --vcf only"),
        (("GGG", "--figure", "x.pdf"), "expected a name that ends in .svg or .png"),
        (("GGG", "--window", "10"), "window 10; expected at least 20"),
        (("GGG", "--window", "x"), "no number of 1 or more"),
    ],
)
def test_wrong_calls_are_one_line(call, arguments, reason):
    outcome = call("scan", *arguments)
    assert (outcome.status, outcome.out) == (2, "")
    assert reason in outcome.err


def test_bad_inputs(call, tmp_path):
    outcome = call("scan", tmp_path / "missing.fa")
    assert outcome.status == 1
    assert rows(outcome) == []
    assert "missing.fa: no such file" in outcome.err
    outcome = call("scan", stdin=b">a\nMKLV\n>b\n\n>c\nACG\n")
    assert outcome.status == 1
    assert [row["name"] for row in rows(outcome)] == ["a", "b"] + ["c"] * 9
