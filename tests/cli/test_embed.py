"""`mprna embed`: the vectors of the API, in files."""

from __future__ import annotations

import json

import numpy as np
import pytest

import mprna

TWO = b">a\nGGGGAAAACCCC\n>b\nACGU\n"


def test_embed_writes_what_the_api_returns(call, tmp_path):
    path = tmp_path / "v.npz"
    assert call("embed", "-o", path, stdin=TWO) == (0, "", "")
    with np.load(path) as found:
        assert found.files == ["a", "b"]
        np.testing.assert_array_equal(found["a"], mprna.embed("GGGGAAAACCCC"))


@pytest.mark.torch
def test_embed_prints_json_lines_or_pooled_tsv(call):
    first, second = map(json.loads, call("embed", stdin=TWO).out.splitlines())
    assert (first["name"], len(first["vectors"]), len(second["vectors"][0])) == ("a", 12, 48)
    table = call("embed", "--pool", "-j", "2", "ACGU", "-", stdin=TWO).out.splitlines()
    header, *lines = [line.split("\t") for line in table]
    assert (header[:3], len(header)) == (["name", "error", "v1"], 50)
    assert [line[:2] for line in lines] == [["sequence_1", ""], ["a", ""], ["b", ""]]
    np.testing.assert_allclose(
        np.array(lines[2][2:], float), mprna.embed("ACGU").mean(axis=0), rtol=1e-4, atol=1e-6
    )


def test_embed_names_what_it_left_out(call, tmp_path):
    outcome = call("embed", "-o", tmp_path / "v.npz", stdin=b">a\nAC!\n>b\nACGU\n")
    reason = "a: symbol '!' at position 3 is no nucleotide code"
    assert outcome == (1, "", f"mprna: 1 of 2 records have no vectors; the first: {reason}\n")
    assert np.load(tmp_path / "v.npz").files == ["b"]


@pytest.mark.torch
def test_embed_reads_long_sequences_in_windows(call, tmp_path):
    text = "ACGUGC" * 500
    assert call("embed", "-o", tmp_path / "v.npz", text).status == 0
    assert np.load(tmp_path / "v.npz")["sequence_1"].shape == (3000, 48)
