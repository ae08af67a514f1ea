"""Embeddings on disk: numpy, json and plain text read them back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mprna.errors import MprnaWarning, UsageError
from mprna.predict.embed import Embedding
from mprna.predict.embed_output import write_vectors

RNG = np.random.default_rng(0)
MATRIX = RNG.normal(size=(5, 3)).astype(np.float32)
FAILED = Embedding(name="bad", error="empty sequence")


def embeddings(*arrays: np.ndarray) -> list[Embedding]:
    return [Embedding(name=f"a/{n} x", vectors=array) for n, array in enumerate(arrays)]


def test_numpy_opens_npz(tmp_path):
    path = tmp_path / "v.npz"
    write_vectors([*embeddings(MATRIX, MATRIX[:2]), FAILED], str(path), format_name="npz", pooled=False)
    with np.load(path) as found:
        assert found.files == ["a/0 x", "a/1 x"]
        np.testing.assert_array_equal(found["a/0 x"], MATRIX)
        np.testing.assert_array_equal(found["a/1 x"], MATRIX[:2])


def test_the_same_vectors_give_the_same_npz(tmp_path):
    contents = []
    for name in ("one", "two"):
        path = tmp_path / name
        write_vectors(embeddings(MATRIX), str(path), format_name="npz", pooled=False)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_records_of_one_name_are_numbered_and_told(tmp_path):
    path = tmp_path / "v.npz"
    arrays = {"a": MATRIX, "a-2": MATRIX[:1], "a-3": MATRIX[:2]}
    named = [
        Embedding(name=name, vectors=array)
        for name, array in zip(["a", "a-2", "a"], arrays.values(), strict=True)
    ]
    with pytest.warns(MprnaWarning, match="more than one record is named 'a'; number 3 is 'a-3'"):
        write_vectors(named, str(path), format_name="npz", pooled=False)
    with np.load(path) as found:
        assert {name: found[name].tolist() for name in found.files} == {
            name: array.tolist() for name, array in arrays.items()
        }


@pytest.mark.parametrize("names", [("a", "a.npy"), ("a.npy", "a"), ("a.npy", "a.npy.npy")])
def test_no_name_stands_for_the_file_of_another_array(tmp_path, names):
    """`numpy.load` finds arrays by the names of their files too."""
    path = tmp_path / "v.npz"
    one = Embedding(name=names[0], vectors=MATRIX)
    other = Embedding(name=names[1], vectors=MATRIX[:1])
    with pytest.warns(MprnaWarning, match=f"number 2 is '{names[1]}-2'"):
        write_vectors([one, other], str(path), format_name="npz", pooled=False)
    with np.load(path) as found:
        np.testing.assert_array_equal(found[names[0]], MATRIX)
        np.testing.assert_array_equal(found[f"{names[1]}-2"], MATRIX[:1])


def test_jsonl_has_vectors_or_a_reason(tmp_path):
    path = tmp_path / "v.jsonl"
    write_vectors([*embeddings(MATRIX), FAILED], str(path), format_name="jsonl", pooled=False)
    first, second = map(json.loads, path.read_text().splitlines())
    np.testing.assert_allclose(first["vectors"], MATRIX, rtol=1e-5)
    assert second == {"name": "bad", "vectors": None, "error": "empty sequence"}


def test_tsv_has_a_header_and_a_line_per_record(capsys):
    found = Embedding(name="a", vectors=np.array([0.5, -2.0], dtype=np.float32))
    write_vectors([FAILED, found, FAILED], None, format_name="tsv", pooled=True)
    failed = "bad\tempty sequence\t\t\n"
    assert capsys.readouterr().out == f"name\terror\tv1\tv2\n{failed}a\t\t0.5\t-2\n{failed}"


def test_tsv_without_any_vector_still_has_a_header(capsys):
    write_vectors([FAILED], None, format_name="tsv", pooled=True)
    assert capsys.readouterr().out == "name\terror\nbad\tempty sequence\n"


@pytest.mark.parametrize(
    ("name", "message"), [("tsv", "add --pool"), ("hdf5", "format 'hdf5'; expected one of")]
)
def test_what_a_format_cannot_hold_is_told(name, message):
    with pytest.raises(UsageError, match=message):
        write_vectors([], None, format_name=name, pooled=False)


def test_npz_has_no_further_compression(tmp_path):
    with pytest.raises(UsageError, match=r"leave \.gz out"):
        write_vectors([], str(tmp_path / "x.npz.gz"), format_name="npz", pooled=False)


@pytest.mark.parametrize("name", ["a\0b", "n" * 70_000, "é" * 33_000])
def test_a_name_that_no_archive_holds_is_told(tmp_path, name):
    with pytest.raises(UsageError, match="npz: no archive can hold the name '"):
        write_vectors(
            [Embedding(name=name, vectors=MATRIX)], str(tmp_path / "v"), format_name="npz", pooled=False
        )
