"""`mprna compare`: rows on standard output, means on standard error."""

from __future__ import annotations

import json


def test_rows_and_means(call, tmp_path):
    (tmp_path / "known.dbn").write_text(">a\nGGGGAAAACCCC\n((((....))))\n>b\nGGGGAAAACCCC\n(((......)))\n")
    (tmp_path / "own.tsv").write_text(
        "name\tsequence\tdot_bracket\nb\tGGGGAAAACCCC\t((((....))))\na\tGGGGAAAACCCC\t((((....))))\n"
    )
    outcome = call("compare", tmp_path / "known.dbn", tmp_path / "own.tsv", "--format", "jsonl")
    first, second = map(json.loads, outcome.out.splitlines())
    assert (first["name"], first["f1"], second["precision"], second["recall"]) == ("a", 1.0, 0.75, 1.0)
    assert outcome.err == "mprna: 2 structures, mean precision 0.875, recall 1.000, F1 0.929\n"
    assert outcome.status == 0


def test_what_is_not_compared_is_a_failure(call, tmp_path):
    (tmp_path / "known.dbn").write_text(">a\nGGGGAAAACCCC\n((((....))))\n")
    (tmp_path / "other.dbn").write_text(">b\nGGGGAAAACCCC\n((((....))))\n")
    outcome = call("compare", tmp_path / "known.dbn", tmp_path / "other.dbn")
    assert (outcome.status, outcome.out.count("\n")) == (1, 2)
    assert "a: no predicted structure of this name" in outcome.err
    assert call("compare", tmp_path / "known.dbn", tmp_path / "other.dbn", "--quiet").err == ""
