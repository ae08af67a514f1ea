"""Vectors: those of the engine, one per nucleotide, in order."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import mprna
from mprna.errors import ModelError, SequenceError, UsageError
from mprna.io.records import Record
from mprna.predict.embed import embed_records, mean_vector

pytestmark = pytest.mark.usefixtures("mprna_home")
TEXTS = ["GGGGAAAACCCC", "ACGUN", "acgt"]


def records(*texts: str) -> list[Record]:
    return [Record(name=text or "empty", sequence=text) for text in texts]


@pytest.mark.torch
def test_vectors_are_the_hidden_states():
    found = mprna.embed("GGGGAAAACCCC")
    assert (found.shape, found.dtype) == ((12, 48), np.float32)
    np.testing.assert_array_equal(found, mprna.load().predict("GGGGAAAACCCC").hidden_states)


def test_a_list_gives_a_list_and_neighbours_do_not_matter():
    for text, vectors in zip(TEXTS, mprna.embed(TEXTS), strict=True):
        np.testing.assert_array_equal(vectors, mprna.embed(text))
        np.testing.assert_array_equal(vectors, mprna.embed(Record(name="a", sequence=text)))


def test_a_model_is_known_by_its_folder_and_not_by_its_name(nano_model, pair_model, tmp_path, monkeypatch):
    for folder, source in (("one", nano_model), ("two", pair_model)):
        shutil.copytree(source, tmp_path / folder / "model")
    monkeypatch.chdir(tmp_path / "one")
    mprna.embed("ACGU", model=Path("model"))
    monkeypatch.chdir(tmp_path / "two")
    with pytest.raises(ModelError, match="pair network"):
        mprna.embed("ACGU", model=Path("model"))


def test_dna_and_lower_case_are_the_same_molecule():
    np.testing.assert_array_equal(mprna.embed("acgt"), mprna.embed("ACGU"))


@pytest.mark.parametrize("text", ["", "ACG!"])
def test_what_is_no_rna_raises(text):
    with pytest.raises(SequenceError):
        mprna.embed(["ACGU", text])


@pytest.mark.parametrize("jobs", [1, 2])
def test_records_keep_their_order_and_failures_their_place(jobs):
    found = list(embed_records(records("ACGU", "", "ACGUACGUAC", "AXB!"), max_length=8, jobs=jobs))
    assert [embedding.error for embedding in found] == [
        None,
        "empty sequence",
        "10 nt; up to 8 (--max-length)",
        "symbol '!' at position 4 is no nucleotide code",
    ]
    np.testing.assert_array_equal(found[0].vectors, mprna.embed("ACGU"))
    assert [embedding.vectors is None for embedding in found] == [False, True, True, True]


def test_pooling_is_the_mean_over_nucleotides():
    (found,) = embed_records(records("GGGGAAAACCCC"), pool=True)
    np.testing.assert_allclose(found.vectors, mprna.embed("GGGGAAAACCCC").mean(axis=0), rtol=1e-5)


def test_the_mean_of_a_long_rna_keeps_its_digits():
    same = np.full((300_000, 2), 0.3, dtype=np.float32)
    assert mean_vector(same).dtype == np.float32
    np.testing.assert_allclose(mean_vector(same), same[0], rtol=1e-6)


def test_a_length_of_nothing_is_told():
    with pytest.raises(UsageError, match="max_length 0"):
        next(embed_records(records("A"), max_length=0))
