"""Local alignments: the best score by the textbook's recursion, and places that belong together."""

from __future__ import annotations

import itertools
import sys

import numpy as np
import pytest

from mprna.errors import MissingExtraError
from mprna.homology import alignment
from mprna.homology.alignment import (
    STRUCTURED,
    TRANSCRIPTS,
    Scoring,
    align,
    alignment_score,
    check_installed,
    expected_by_chance,
)

from .conftest import random_rna


def best_score(first: str, second: str, scoring: Scoring) -> float:
    """Smith and Waterman's, a gap of any length at a time."""
    best = np.zeros((len(first) + 1, len(second) + 1))
    gap = [
        scoring.open_gap + scoring.extend_gap * (n - 1) for n in range(1, 1 + max(len(first), len(second)))
    ]
    for i, j in itertools.product(range(1, len(first) + 1), range(1, len(second) + 1)):
        same = best[i - 1, j - 1] + (scoring.match if first[i - 1] == second[j - 1] else scoring.mismatch)
        gaps = [best[i - n, j] + gap[n - 1] for n in range(1, i + 1)]
        gaps += [best[i, j - n] + gap[n - 1] for n in range(1, j + 1)]
        best[i, j] = max(0.0, same, *gaps)
    return float(best.max())


def score_of(first: str, second: str, places: list[tuple[int, int]], scoring: Scoring) -> float:
    total = sum(scoring.match if first[i] == second[j] else scoring.mismatch for i, j in places)
    for (i, j), (k, n) in itertools.pairwise(places):
        total += sum(
            scoring.open_gap + scoring.extend_gap * (step - 2) for step in (k - i, n - j) if step > 1
        )
    return total


@pytest.mark.parametrize("scoring", [STRUCTURED, TRANSCRIPTS])
@pytest.mark.parametrize("seed", range(12))
def test_the_alignment_has_the_best_score_there_is(seed, scoring):
    first = random_rna(30, seed)
    second = first[3:14] + random_rna(2, seed + 50) + first[15:28] if seed % 2 else random_rna(25, seed + 90)
    found = align(first, second, scoring)
    places = list(zip(found.first.tolist(), found.second.tolist(), strict=True))
    best = best_score(first, second, scoring)
    assert found.score * scoring.match * len(first) == pytest.approx(best)
    assert alignment_score(first, second, scoring) == found.score
    assert score_of(first, second, places, scoring) == pytest.approx(best)


def test_an_equal_rna_is_one():
    found = align("GGGAAACCC", "GGGAAACCC")
    assert found.score == 1.0
    assert found.first.tolist() == found.second.tolist() == list(range(9))


def test_unknown_letters_are_neither_alike_nor_different():
    assert align("GGGNNNCCC", "GGGNNNCCC").score == pytest.approx(6 / 9)
    assert alignment_score("NNNNN", "NNNNN") == 0


def test_what_shares_nothing_scores_nothing():
    assert alignment_score("AAAA", "CCCC") == 0


@pytest.mark.parametrize("scoring", [STRUCTURED, TRANSCRIPTS])
def test_chance_makes_as_many_alignments_as_expected(scoring):
    """One in a hundred of 3,000 pairs of random RNAs is as good as is expected of one in a hundred."""
    rng = np.random.default_rng(0)
    first, second = (["".join(rng.choice(list("ACGU"), size=60)) for _ in range(55)] for _ in range(2))
    scores = np.array([alignment_score(a, b, scoring) for a in first for b in second])
    expected = np.array([expected_by_chance(score, 60, 60, scoring) for score in scores])
    assert 0.002 < (expected <= 0.01).mean() < 0.05


@pytest.mark.parametrize("scoring", [STRUCTURED, TRANSCRIPTS])
def test_the_decay_is_that_of_karlin_and_altschul(scoring):
    shares = 0.25 * np.exp(scoring.decay * scoring.match), 0.75 * np.exp(scoring.decay * scoring.mismatch)
    assert sum(shares) == pytest.approx(1, abs=0.001)


def test_without_biopython_the_extra_is_named(monkeypatch):
    alignment._aligner.cache_clear()
    monkeypatch.setitem(sys.modules, "Bio.Align", None)
    with pytest.raises(MissingExtraError, match=r"^comparing RNAs with relatives needs .*mprna\[relatives\]"):
        check_installed()
