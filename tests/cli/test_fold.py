"""`mprna fold`, by its exact output; and everything that people feed to it."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import time

import numpy as np
import pytest

import mprna
from mprna.folding.vienna import PARAMETER_SETS, fold_mfe
from mprna.io.formats import read_records
from mprna.predict.options import DEFAULT_MAX_LENGTHS
from mprna.rna.canonical import check_structure

VIENNA = ("--engine", "vienna")
TWO = b">a first\nGGGGAAAACCCC\n>b\nggggaaaacctt\n"
TWO_FOLDED = """\
>a first
GGGGAAAACCCC
((((....)))) ( -5.40)
>b
ggggaaaacctt
(((.....))). ( -1.80)
"""


def sequence(length: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGU"), size=length))


# Output


def test_a_sequence_is_folded_as_rnafold_does(call):
    assert call("fold", *VIENNA, "GGGGAAAACCCC") == (0, "GGGGAAAACCCC\n((((....)))) ( -5.40)\n", "")


def test_standard_input_is_read(call):
    assert call("fold", *VIENNA, stdin=TWO) == (0, TWO_FOLDED, "")
    assert call("fold", *VIENNA, "--noPS", "-", stdin=TWO) == (0, TWO_FOLDED, "")


def test_bare_sequences_get_no_headers(call):
    assert call("fold", *VIENNA, stdin=b"GGGGAAAACCCC\nACGU\n").out == (
        "GGGGAAAACCCC\n((((....)))) ( -5.40)\nACGU\n.... (  0.00)\n"
    )


def test_files_and_sequences_are_taken_in_order(call, tmp_path):
    path = tmp_path / "two.fa.gz"
    path.write_bytes(gzip.compress(TWO))
    outcome = call("fold", *VIENNA, "ACGU", path, "UUUU")
    assert outcome == (0, f"ACGU\n.... (  0.00)\n{TWO_FOLDED}UUUU\n.... (  0.00)\n", "")


@pytest.mark.parametrize("engine", ["hybrid", "model"])
def test_the_other_engines_print_the_same_way(call, engine):
    outcome = call("fold", "--engine", engine, stdin=TWO)
    lines = outcome.out.splitlines()
    assert (outcome.status, lines[0], lines[1], len(lines)) == (0, ">a first", "GGGGAAAACCCC", 6)
    for text, line in (("GGGGAAAACCCC", lines[2]), ("GGGGAAAACCUU", lines[5])):
        check_structure(text, line[:12])
        assert line[12:14] == " ("


FORMATTED = {
    "dbn": ">a first\nGGGGAAAACCCC\n((((....))))\n>b\nggggaaaacctt\n(((.....))).\n",
    "tsv": "name\tdescription\tsequence\tdot_bracket\tenergy\tconfidence\texpected_f1\tengine\ttemplate\t"
    "error\n"
    "a\tfirst\tGGGGAAAACCCC\t((((....))))\t-5.40\t\t\tvienna\t\t\n"
    "b\t\tggggaaaacctt\t(((.....))).\t-1.80\t\t\tvienna\t\t\n",
    "jsonl": '{"name": "a", "description": "first", "sequence": "GGGGAAAACCCC", '
    '"dot_bracket": "((((....))))", "energy": -5.4, "confidence": null, "expected_f1": null, '
    '"engine": "vienna", "template": null, "error": null}\n'
    '{"name": "b", "sequence": "ggggaaaacctt", "dot_bracket": "(((.....))).", "energy": -1.8, '
    '"confidence": null, "expected_f1": null, "engine": "vienna", "template": null, "error": null}\n',
}


@pytest.mark.parametrize("name", FORMATTED)
def test_formats_by_their_exact_text(call, name):
    assert call("fold", *VIENNA, "--format", name, stdin=TWO) == (0, FORMATTED[name], "")


@pytest.mark.parametrize("name", ["ct", "bpseq", "vienna", "dbn", "tsv", "jsonl", "parquet"])
def test_every_format_can_be_read_back(call, tmp_path, name):
    path = tmp_path / f"out.{name}"
    assert call("fold", *VIENNA, "-o", path, stdin=TWO) == (0, "", "")
    found = list(read_records(path))
    assert [(r.name, r.sequence, r.dot_bracket) for r in found] == [
        ("a", "GGGGAAAACCCC", "((((....))))"),
        ("b", "ggggaaaacctt", "(((.....)))."),
    ]
    assert os.listdir(tmp_path) == [f"out.{name}"]


def test_formats_say_alike_how_sure_a_structure_is(call, tmp_path):
    text = "GGGAAACGCUUCGGCGAAACCC"
    expected = mprna.fold(text)
    for name in ("tsv", "jsonl", "parquet"):
        path = tmp_path / f"out.{name}"
        assert call("fold", "-o", path, text).status == 0
        (record,) = read_records(path)
        assert record.confidence == round(expected.confidence, 4)
        assert record.expected_f1 == round(expected.expected_f1, 4)


def test_nameless_sequences_are_numbered_where_a_name_is_needed(call):
    outcome = call("fold", *VIENNA, "--format", "jsonl", "ACGU", "-", stdin=b"UUUU\nCCCC\n")
    assert [json.loads(line)["name"] for line in outcome.out.splitlines()] == [
        "sequence_1",
        "sequence_2",
        "sequence_3",
    ]


def test_pair_probabilities_are_in_jsonl_and_confidences_in_tsv(call):
    outcome = call("fold", *VIENNA, "-p", "--format", "jsonl", "GGGGAAAACCCC")
    row = json.loads(outcome.out)
    assert row["confidence"] > 0.9
    assert row["expected_f1"] > 0.8
    assert max(row["base_pair_probs"], key=lambda triple: triple[2])[:2] in ([0, 11], [1, 10], [2, 9])
    table = call("fold", *VIENNA, "-p", "--format", "tsv", "GGGGAAAACCCC").out
    assert table.splitlines()[1].split("\t")[5:7] == [f"{row[x]:.4f}" for x in ("confidence", "expected_f1")]


@pytest.mark.parametrize("name", ["vienna", "dbn", "ct", "bpseq"])
def test_pair_probabilities_are_not_lost_in_silence(call, name):
    outcome = call("fold", "-p", "--format", name, "ACGU")
    assert outcome.status == 2
    assert outcome.err.startswith(f"mprna: error: -p: {name} has no place for pair probabilities")


@pytest.mark.parametrize("span", ["--maxBPspan", "--max-span"])
def test_energy_options_reach_viennarna(call, span):
    text = sequence(60)
    options = ("-T", "20", "-P", "Turner1999", "-d", "0", span, "30")
    from mprna.folding.vienna import EnergyModel

    model = EnergyModel(temperature=20.0, parameters="turner1999", dangles=0, max_span=30)
    dot_bracket, energy = fold_mfe(text, model)
    assert call("fold", *VIENNA, *options, text).out == f"{text}\n{dot_bracket} ({energy:6.2f})\n"


def test_weight_and_gamma_reach_the_engines(call):
    text = sequence(70, seed=3)
    dot_bracket, energy = fold_mfe(text)
    assert call("fold", "--weight", "0", text).out == f"{text}\n{dot_bracket} ({energy:6.2f})\n"
    few = call("fold", "--engine", "model", "--gamma", "0.001", text).out
    many = call("fold", "--engine", "model", "--gamma", "1000", text).out
    assert few.count("(") < many.count("(")
    tokens = call("fold", "--engine", "model", "--decoder", "tokens", text)
    assert tokens.status == 0


def test_pseudoknots_least_confidence_and_model_reach_the_engines(call):
    text = sequence(60)
    assert call("fold", *VIENNA, "--min-confidence", 1, text).out.splitlines()[1][:60] == "." * 60
    outcome = call("fold", *VIENNA, "--pseudoknots", text)
    assert outcome == (
        2,
        "",
        "mprna: error: pseudoknots: the vienna engine has none; choose hybrid or model\n",
    )
    assert call("fold", *VIENNA, "--model", "mini", text) == (
        2,
        "",
        "mprna: error: --model: the vienna engine reads none; choose hybrid or model\n",
    )
    knotted = call("fold", "--engine", "model", "--pseudoknots", "--gamma", 100, text)
    assert "[" in knotted.out


def test_help_says_what_the_code_does():
    from mprna.cli.main import build_parser

    (commands,) = [a for a in build_parser()._actions if a.dest == "command"]
    text = " ".join(commands.choices["fold"].format_help().split())
    model, vienna, hybrid = (DEFAULT_MAX_LENGTHS[engine] for engine in ("model", "vienna", "hybrid"))
    assert f"[{model}; vienna {vienna}; hybrid without a pair network {hybrid}]" in text
    assert all(name in text for name in PARAMETER_SETS)


# Pictures


def test_one_record_may_be_one_picture(call, tmp_path):
    outcome = call("fold", *VIENNA, "--format", "svg", "GGGGAAAACCCC")
    assert outcome.status == 0
    assert outcome.out.startswith("<svg ")
    assert call("fold", *VIENNA, "-o", tmp_path / "a.svg", "GGGGAAAACCCC") == (0, "", "")
    assert (tmp_path / "a.svg").read_text() == outcome.out


def test_many_records_are_a_directory_of_pictures(call, tmp_path):
    outcome = call(
        "fold", *VIENNA, "--format", "svg", "-o", tmp_path / "new", stdin=TWO + b">a\nACGU\n>x/..\nA\n"
    )
    assert outcome == (0, "", "")
    assert sorted(os.listdir(tmp_path / "new")) == ["a-2.svg", "a.svg", "b.svg", "x_...svg"]


def test_many_records_are_not_one_picture(call, tmp_path):
    for output in ("-", tmp_path / "a.svg"):
        outcome = call("fold", *VIENNA, "--format", "svg", "-o", output, stdin=TWO)
        assert outcome == (2, "", "mprna: error: several records for one picture; give -o DIRECTORY/\n")
    assert os.listdir(tmp_path) == []


# Bad input


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "<stdin>: no records in this file"),
        (b"\n\n", "<stdin>: no records in this file"),
        (b"\x00\x01\x02ELF\xff" * 100, "<stdin>:1: unknown format, starts with"),
        (gzip.compress(TWO * 50)[:40], "<stdin>"),
    ],
    ids=["empty", "blank", "binary", "truncated gzip"],
)
def test_input_that_is_no_file_of_sequences_is_one_line(call, content, message):
    outcome = call("fold", *VIENNA, stdin=content)
    assert outcome.status == 1
    assert outcome.err.startswith("mprna: error: ")
    assert message in outcome.err
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_bad_records_have_their_reason_and_good_ones_their_result(call, jobs):
    bad = b">empty\n>gap\nACG-U\n>digit\nACG1\n>star\nACG*\n>protein\nMKLF\n"
    content = bad + b">ok\r\nACGU\r\n>a\nA\n>a\nACGTN\n>last\nRYKM"
    outcome = call("fold", *VIENNA, "--format", "tsv", "-j", jobs, stdin=content)
    rows = [line.split("\t") for line in outcome.out.splitlines()[1:]]
    assert [(row[0], row[3], row[-1]) for row in rows] == [
        ("empty", "", "empty sequence"),
        ("gap", "", "gap '-' at position 4: remove the gaps, or give Stockholm or Clustal"),
        ("digit", "", "symbol '1' at position 4 is no nucleotide code"),
        ("star", "", "symbol '*' at position 4 is no nucleotide code"),
        ("protein", "", "letter 'L' at position 3 is no nucleotide code (is this a protein?)"),
        ("ok", "....", ""),
        ("a", ".", ""),
        ("a", ".....", ""),
        ("last", "....", ""),
    ]
    assert outcome.status == 1
    assert outcome.err == "mprna: 5 of 9 records have no structure; the first: empty: empty sequence\n"


def test_a_bad_record_in_vienna_is_three_lines(call):
    outcome = call("fold", *VIENNA, "--quiet", stdin=b">a\nAC!U\n>b\nACGU\n")
    expected = ">a\nAC!U\n# error: symbol '!' at position 3 is no nucleotide code\n>b\nACGU\n.... (  0.00)\n"
    assert outcome == (1, expected, "")


def test_a_header_only_is_a_record(call):
    outcome = call("fold", *VIENNA, stdin=b">only a header\n")
    assert (outcome.status, outcome.out) == (1, ">only a header\n\n# error: empty sequence\n")


@pytest.mark.parametrize("engine", ["hybrid", "vienna"])
def test_a_very_long_sequence_is_a_row_with_a_reason(call, engine):
    outcome = call("fold", "--engine", engine, "--quiet", stdin=b">long\n" + b"ACGU" * 5000 + b"\n>b\nACGU\n")
    lines = outcome.out.splitlines()
    limit = DEFAULT_MAX_LENGTHS[engine]
    assert outcome.status == 1
    assert lines[2] == f"# error: 20000 nt; the {engine} engine takes up to {limit} (--max-length)"
    assert lines[5].startswith("....")


def test_max_length_can_be_chosen(call):
    assert call("fold", *VIENNA, "--max-length", "11", "--quiet", stdin=TWO).status == 1
    assert call("fold", *VIENNA, "--max-length", "12", stdin=TWO).status == 0


def test_ten_thousand_records_are_ten_thousand_results_in_order(call, tmp_path):
    path = tmp_path / "many.fa"
    path.write_text("".join(f">r{n}\nGGGAAA{'C' * (n % 3)}U\n" for n in range(10_000)))
    outcome = call("fold", *VIENNA, "--format", "tsv", path)
    names = [line.split("\t")[0] for line in outcome.out.splitlines()[1:]]
    assert names == [f"r{n}" for n in range(10_000)]


def test_the_number_of_jobs_does_not_change_a_byte(call, tmp_path):
    path = tmp_path / "some.fa"
    path.write_text("".join(f">r{n}\n{sequence(20 + 7 * n, n)}\n" for n in range(12)))
    assert call("fold", path) == call("fold", path, "-j", "2")
    assert call("fold", path, "--format", "jsonl", "-p") == call(
        "fold", path, "--format", "jsonl", "-p", "-j"
    )


@pytest.mark.parametrize("output", ["missing/out.tsv", "missing/out.tsv.gz", "missing/out.parquet"])
def test_an_unwritable_output_is_one_line(call, tmp_path, output):
    outcome = call("fold", *VIENNA, "-o", tmp_path / output, "ACGU")
    assert outcome.status == 1
    assert outcome.err.startswith("mprna: error: ")
    assert "cannot write: No such file or directory" in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_error_in_the_middle_of_a_file_comes_after_the_results_before_it(call):
    content = b"@a\nACGU\n+\nIIII\n@b\nACGU\n+\nIII\n"
    serial, parallel = (call("fold", "--engine", "vienna", "-j", jobs, stdin=content) for jobs in (1, 2))
    assert serial.out == ">a\nACGU\n.... (  0.00)\n"
    assert serial == parallel


# Interruptions


def test_relatives_are_named(call, tmp_path):
    known = tmp_path / "known.dbn"
    known.write_text(">known\nGGGGGAAAACCCCC\n.((((....)))).\n")
    args = ("fold", *VIENNA, "GGGGGAAAACCCCC", "--templates", str(known), "--format", "tsv")
    status, out, err = call(*args)
    row = dict(zip(*(line.split("\t") for line in out.splitlines()), strict=True))
    assert (status, err) == (0, "")
    assert (row["dot_bracket"], row["template"]) == (".((((....)))).", "known")


def test_relatives_without_structures_are_named_too(call, tmp_path):
    (tmp_path / "family.fa").write_text(">one\nGGCGGGAUCGAAAGAUCCCGCCA\n>two\nGACGGGAUCGAAAGAUCCCGUCA\n")
    family = str(tmp_path / "family.fa")
    status, out, err = call("fold", *VIENNA, family, "--relatives", family, "--format", "tsv")
    header, *rows = (line.split("\t") for line in out.splitlines())
    assert (status, err) == (0, "")
    assert [row[header.index("template")] for row in rows] == ["two", "one"]
    assert {row[header.index("dot_bracket")] for row in rows} == {"(((((((((....)))))))))."}


@pytest.mark.parametrize("option", ["--templates", "--relatives"])
def test_relatives_that_are_not_there_are_told(call, tmp_path, option):
    missing = str(tmp_path / "none.dbn")
    told = (1, "", f"mprna: error: {missing}: No such file or directory\n")
    assert call("fold", *VIENNA, "GGGGAAAACCCC", option, missing) == told


def test_resume_needs_a_file(call):
    told = (2, "", "mprna: error: --resume needs -o FILE, and no pictures\n")
    assert call("fold", "--resume", "ACGU") == told
    assert call("fold", "--resume", "ACGU", "--format", "svg", "-o", "pictures") == told


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_is_resumed_to_the_same_bytes(call, start, tmp_path, jobs):
    path, whole = tmp_path / "in.fa", tmp_path / "whole.tsv"
    path.write_text("".join(f">r{n}\n{sequence(150, n)}\n" for n in range(100)))
    call("fold", *VIENNA, path, "-o", whole)
    out = tmp_path / "out.tsv"
    process = start(["fold", *VIENNA, str(path), "-o", str(out), "-j", jobs])
    part = tmp_path / "out.tsv.part"
    deadline = time.monotonic() + 60
    while not (part.exists() and part.read_bytes().count(b"\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.communicate(timeout=60)
    done = part.read_bytes() if part.exists() else out.read_bytes()
    assert done.count(b"\n") > 3
    assert call("fold", *VIENNA, path, "-o", out, "--resume") == (0, "", "")
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("suffix", ["vienna", "dbn", "tsv", "jsonl"])
def test_a_resumed_run_has_the_status_of_a_whole_one(call, tmp_path, suffix):
    path, out = tmp_path / "in.fa", tmp_path / f"out.{suffix}"
    path.write_text(">a\n #ACGU\n>b\nACGU\n")
    whole = call("fold", *VIENNA, path, "-o", out)
    assert whole.status == 1
    assert "1 of 2 records" in whole.err
    written = out.read_bytes()
    assert call("fold", *VIENNA, path, "-o", out, "--resume") == whole
    assert out.read_bytes() == written


def test_workers_do_not_outlive_a_killed_parent(start):
    process = start(["fold", *VIENNA, "-j", "2"])
    process.stdin.write(b">a\nACGU\n" * 1_000)  # more than are read ahead of the first result
    process.stdin.flush()
    assert process.stdout.readline() == b">a\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    deadline = time.monotonic() + 20
    while (left := _group(process.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []


def _group(pid: int) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [row[2] for row in rows if row[0] == str(pid) and not row[1].startswith("Z")]
