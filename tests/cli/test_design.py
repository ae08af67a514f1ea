"""`mprna design`, by its exact output where seeds decide it."""

from __future__ import annotations

import json

import pytest

from mprna.folding.vienna import fold_mfe

HAIRPIN = "((((....))))"
COLUMNS = (
    "name solution target sequence energy gap mfe_models probability ensemble_defect gc longest_repeat "
    "longest_inverted_repeat robustness folds"
)


def test_a_row_per_target_and_solution(call):
    outcome = call("design", HAIRPIN, "-n", "2", stdin=b"")
    header, *rows = (line.split("\t") for line in outcome.out.splitlines())
    assert (outcome.status, outcome.err) == (0, "")
    assert header == [*COLUMNS.split(), "seconds", "error"]
    assert [row[:3] for row in rows] == [["target_1", "1", HAIRPIN], ["target_1", "2", HAIRPIN]]
    assert [fold_mfe(row[3])[0] for row in rows] == [HAIRPIN, HAIRPIN]


def test_failures_keep_their_row_and_set_the_status(call):
    outcome = call("design", "--format", "jsonl", stdin=b">ok\n((((....))))\n>knot\n((..[[..))..]]\n")
    good, bad = map(json.loads, outcome.out.splitlines())
    assert (good["name"], good["error"]) == ("ok", None)
    assert (bad["name"], bad["sequence"]) == ("knot", None)
    assert bad["error"].startswith("the target has a pseudoknot")
    assert outcome.status == 1
    assert outcome.err.startswith(
        "mprna: 1 of 2 designs failed; the first: knot: the target has a pseudoknot"
    )


def test_fasta_holds_what_was_solved(call, tmp_path):
    path = tmp_path / "designs.fa"
    outcome = call("design", HAIRPIN, "(())", "-o", path, "--quiet")
    assert (outcome.status, outcome.out, outcome.err) == (1, "", "")
    header, sequence = path.read_text().splitlines()
    assert header == ">target_1_1"
    assert fold_mfe(sequence)[0] == HAIRPIN


def test_constraints_reach_the_search(call):
    options = ("--pattern", "GNNNGAAANNNC", "--gc", "0.5", "0.6", "--forbid", "GGG", "--max-run", "3")
    row = json.loads(call("design", HAIRPIN, *options, "--format", "jsonl").out)
    sequence = row["sequence"]
    assert (sequence[0], sequence[4:8], sequence[-1]) == ("G", "GAAA", "C")
    assert 0.5 <= row["gc"] <= 0.6
    assert "GGG" not in sequence


def test_repeats_are_limited_and_told(call):
    target, limits = "." * 30, ("--max-repeat", "3", "--max-inverted-repeat", "2")
    free, limited = (
        json.loads(call("design", target, "--format", "jsonl", *options).out) for options in ((), limits)
    )
    assert free["longest_repeat"] > 3
    assert limited["longest_repeat"] <= 3
    assert limited["longest_inverted_repeat"] <= 2
    assert limited["error"] is None


def test_a_pattern_that_repeats_itself_is_refused_before_the_search(call):
    outcome = call("design", "." * 12, "--pattern", "ACGUACGUACGU", "--max-repeat", "4", "--format", "jsonl")
    row = json.loads(outcome.out)
    assert (outcome.status, row["sequence"], row["folds"]) == (1, None, 0)
    assert "can only be ACGUA, so there is a repeat of more than 4 nt" in row["error"]


@pytest.mark.parametrize("target", [".", ".."])
def test_a_target_that_is_also_the_name_of_a_folder(call, target):
    (row,) = map(json.loads, call("design", target, "--format", "jsonl").out.splitlines())
    assert (row["target"], len(row["sequence"]), row["error"]) == (target, len(target), None)


def test_unlike_sequences_are_read_and_told(call, tmp_path):
    given = tmp_path / "given.fa"
    plain = ["design", "((((....))))", "--seed", "1", "--format", "fasta"]
    given.write_text(call(*plain).out)
    outcome = call(*plain, "--unlike", str(given), "--min-distance", "0.5")
    assert outcome.status == 0
    assert outcome.out != call(*plain).out
    given.write_text(">odd\nAC!U\n")
    assert "odd: " in call(*plain, "--unlike", str(given)).err


def test_the_same_seed_gives_the_same_designs(call):
    def sequences(seed: int) -> list[str]:
        out = call("design", HAIRPIN, "--seed", seed, "--format", "jsonl").out
        return [json.loads(line)["sequence"] for line in out.splitlines()]

    assert sequences(3) == sequences(3) != sequences(4)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nothing.txt"], 1, "nothing.txt: no such file, and no dot-bracket"),
        ([HAIRPIN, "--gc", "0.9", "0.1"], 2, "GC from 0.9 to 0.1; expected 0 <= low <= high <= 1"),
        ([HAIRPIN, "--forbid", "G-A"], 2, "motif 'G-A'; expected IUPAC codes such as ACGUNRY"),
        (
            [HAIRPIN, "-o", "x.parquet"],
            2,
            "-o x.parquet: .parquet is not among the formats written here (tsv, jsonl, fasta)",
        ),
        ([HAIRPIN, "-P", "turner"], 2, "unknown energy parameters 'turner'"),
    ],
)
def test_errors_are_one_line(call, arguments, status, message):
    outcome = call("design", *arguments)
    assert (outcome.status, outcome.out) == (status, "")
    assert outcome.err.startswith(f"mprna: error: {message}")
    assert outcome.err.count("\n") == 1
