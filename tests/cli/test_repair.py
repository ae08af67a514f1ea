"""`mprna repair`: what goes in comes out, in every format, and contradictions are told."""

from __future__ import annotations

import gzip

import pytest

from mprna.predict.repair_calibration import RepairCalibration, save_calibration

pytestmark = pytest.mark.torch  # for a model without a calibration of its own

HEADER = "name\tposition\tbase\tp_substitution\tp_A\tp_C\tp_G\tp_U\trelatives\trepaired\thelix\terror"
FASTA = b">good with words\nggggaaaacccc\n>bad\nMKL\n>empty\n>hole\nACGUN\n"


@pytest.fixture
def calibrated(nano_model, mprna_home):
    """For the time of a test the default model has a calibration, by which it counts for nothing."""
    calibration = RepairCalibration(seen=(0.0, 0.0, 0.0), unknown=(0.0, 0.0, 0.0), window=256)
    save_calibration(calibration, nano_model)
    yield
    (nano_model / "repair.json").unlink()


def test_without_evidence_the_table_is_the_prior(call, calibrated):
    outcome = call("repair", "--rate", "0.03", stdin=b">a\nAN\n")
    assert outcome.out.splitlines() == [
        HEADER,
        "a\t1\tA\t0.03\t0.97\t0.01\t0.01\t0.01\t\t\t\t",
        "a\t2\tN\t\t0.25\t0.25\t0.25\t0.25\t\tA\t\t",
    ]
    assert (outcome.status, outcome.err) == (0, "")


def test_fasta_keeps_every_record(call, calibrated):
    outcome = call("repair", "--format", "fasta", stdin=FASTA)
    assert outcome.out.splitlines() == [
        ">good with words",
        "ggggaaaacccc",
        ">bad error=letter 'L' at position 3 is no nucleotide code (is this a protein?)",
        "MKL",
        ">empty error=empty sequence",
        ">hole repairs=5N>A",
        "ACGUA",
    ]
    assert outcome.status == 1
    assert outcome.err == (
        "mprna: 2 of 4 records are not repaired; the first: bad: letter 'L' at position 3 is no nucleotide "
        "code (is this a protein?)\n"
    )


def test_fastq_takes_and_gives_qualities(call, calibrated, tmp_path):
    reads = tmp_path / "reads.fastq"
    reads.write_text("@r\nACGTN\n+\n?5+!I\n")
    output = tmp_path / "repaired.fq.gz"
    assert call("repair", reads, "--qualities", "-o", output, "--keep-n").status == 0
    assert gzip.decompress(output.read_bytes()).decode() == '@r\nACGTN\n+\n?5+""\n'  # ! is rate 0.75, as is N
    outcome = call("repair", "ACGU", "--qualities")
    assert (outcome.status, outcome.out.split("\t")[-1]) == (1, "no qualities (--qualities needs FASTQ)\n")


def test_results_do_not_depend_on_processes(call, calibrated, tmp_path):
    fasta = tmp_path / "x.fa"
    fasta.write_bytes(FASTA * 3)
    assert call("repair", fasta, "-j", "2").out == call("repair", fasta).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--rate", "0.1", "--qualities"],
            "rate and qualities: both say how often bases are wrong; choose one",
        ),
        (["--changes", "--format", "fasta"], "--changes is for tables (tsv, jsonl, parquet), not for fasta"),
        (["--changes", "-o", "x.fastq"], "--changes is for tables (tsv, jsonl, parquet), not for fastq"),
        (["--rate", "2"], "rate 2.0; expected more than 0 and less than 0.75"),
        (["--threshold", "0"], "threshold 0.0; expected more than 0 and at most 1"),
    ],
)
def test_contradictions_are_usage_errors(call, calibrated, arguments, message):
    outcome = call("repair", "ACGU", *arguments)
    assert (outcome.status, outcome.out, outcome.err) == (2, "", f"mprna: error: {message}\n")


@pytest.mark.parametrize(
    ("stdin", "reason"),
    [(b">a\n", "empty sequence"), (b">a\nNNNN\n", "no known base, only ambiguity codes")],
)
def test_records_without_a_base_are_rows(call, calibrated, stdin, reason):
    outcome = call("repair", "--quiet", stdin=stdin)
    assert (outcome.status, outcome.out.splitlines()[1:], outcome.err) == (1, [f"a{chr(9) * 11}{reason}"], "")


def test_an_empty_file_is_an_error(call, calibrated):
    assert call("repair").err == "mprna: error: <stdin>: no records in this file\n"


def test_a_model_without_calibration_is_an_error(call):
    outcome = call("repair", "ACGU")
    assert outcome.status == 1
    assert "not calibrated for repair; fit repair.json with runs/repair.py" in outcome.err


def test_relatives_count_and_their_number_is_told(call, calibrated, tmp_path):
    (tmp_path / "known.fa").write_text(">gene\n" + "GAUUCCAGUACGGAUCUUAGCACUGGCAAUCC" * 4 + "\n")
    read = "GAUUCCAGUACGGAUCUUAGCACUGGCAAUCC" * 3
    changed = read[:40] + ("A" if read[40] != "A" else "C") + read[41:]
    outcome = call("repair", changed, "--relatives", str(tmp_path / "known.fa"), "--changes")
    row = dict(zip(HEADER.split("\t"), outcome.out.splitlines()[1].split("\t"), strict=True))
    assert (row["position"], row["repaired"], row["relatives"]) == ("41", read[40], "1")
    missing = call("repair", changed, "--relatives", str(tmp_path / "none.fa"))
    assert (missing.status, missing.out) == (1, "")
    assert "none.fa: No such file" in missing.err
