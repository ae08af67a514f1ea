from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.corpus.build import build_corpus
from mprna.corpus.manifest import read_manifest
from mprna.corpus.options import CorpusOptions
from mprna.corpus.stats import CorpusStats, Histogram, corpus_stats, stem_lengths
from mprna.errors import CorpusError
from mprna.rna.structure import pairs_from_dot_bracket

from .conftest import all_rows


@given(st.lists(st.lists(st.integers(0, 99), max_size=9), min_size=1, max_size=4), st.integers(1, 20))
def test_growing_histogram_equals_one_of_all_values(parts: list[list[int]], width: int) -> None:
    histogram = Histogram("x", "nt", width)
    for part in parts:
        histogram.add(part)
    values = [value for part in parts for value in part]
    expected, _ = np.histogram(values, bins=[width * i for i in range(len(histogram.counts) + 1)])
    # numpy's last bin also holds its upper end, which no value reaches here
    assert histogram.counts.tolist() == expected.tolist()
    assert histogram.counts.sum() == len(values)


def test_last_bin_of_a_share_holds_1() -> None:
    histogram = Histogram("x", "share", 0.05, 20)
    histogram.add([0.0, 0.15, 0.1499, 1.0])
    rows = {place: count for _, place, count in histogram.rows() if count}
    assert rows == {"0-0.05": 1, "0.1-0.15": 1, "0.15-0.2": 1, "0.95-1": 1}


@pytest.mark.parametrize(
    ("dot_bracket", "expected"),
    [
        ("....", []),
        ("((...))", [2]),
        ("((.((...))))", [2, 2]),
        ("((...))(((...)))", [2, 3]),
        ("(((..((...))..((...)).)))", [3, 2, 2]),
    ],
)
def test_stems_end_at_bulges_loops_and_branches(dot_bracket: str, expected: list[int]) -> None:
    assert stem_lengths(pairs_from_dot_bracket(dot_bracket)).tolist() == expected


@pytest.fixture
def corpus_dir(transcripts_dir: Path, tmp_path: Path) -> Path:
    options = CorpusOptions(slice_length=40, min_length=12, slices_per_shard=50, annotate_share=0.5)
    build_corpus([transcripts_dir], tmp_path / "out", options)
    return tmp_path / "out"


def test_statistics_equal_a_count_over_all_rows(corpus_dir: Path) -> None:
    stats = corpus_stats(corpus_dir)
    rows: list[Any] = all_rows(corpus_dir, read_manifest(corpus_dir))
    annotated = [row for row in rows if row["structure"]]
    letters = "".join(row["sequence"] for row in rows)
    assert stats.nucleotides == {letter: letters.count(letter) for letter in "ACGUN"}
    assert stats.flags["annotated"] == len(annotated) == stats.fidelity.counts.sum()
    assert stats.flags["low complexity"] == sum(row["low_complexity"] for row in rows)
    assert stats.length.counts.tolist() == [len(rows)]
    pairs = [pair for row in annotated for pair in pairs_from_dot_bracket(row["structure"]).tolist()]
    assert stats.span.counts.sum() == len(pairs)
    assert (stats.stem.counts * np.arange(len(stats.stem.counts))).sum() == len(pairs)
    shares = [1 - row["structure"].count(".") / len(row["sequence"]) for row in annotated]
    expected, _ = np.histogram(np.round(shares, 9), bins=np.round(0.05 * np.arange(21), 9))
    assert stats.paired.counts.tolist() == expected.tolist()


def test_table_has_every_bin(corpus_dir: Path) -> None:
    stats = corpus_stats(corpus_dir)
    rows = list(stats.rows())
    assert rows[:2] == [
        ("composition", "A", stats.nucleotides["A"]),
        ("composition", "C", stats.nucleotides["C"]),
    ]
    assert sum(name == "fidelity" for name, _, _ in rows) == 20
    assert list(CorpusStats().rows())[:1] == [("composition", "A", 0)]


def test_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no manifest\.json"):
        corpus_stats(tmp_path)
