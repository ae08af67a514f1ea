from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.corpus.complexity import dust_scores, is_low_complexity


def naive_dust(sequence: str) -> float:
    """The formula of the paper, scaled by its value for a homopolymer of the same number of triplets."""
    triplets = [sequence[i : i + 3] for i in range(len(sequence) - 2)]
    counts = Counter(triplet for triplet in triplets if "N" not in triplet)
    num = counts.total()
    if num < 2:
        return 0.0
    score = sum(c * (c - 1) / 2 for c in counts.values()) / (num - 1)
    return 100 * score / (num * (num - 1) / 2 / (num - 1))


@given(st.lists(st.text("ACGUN", max_size=40), max_size=6))
def test_equals_the_formula(sequences: list[str]) -> None:
    assert dust_scores(sequences).tolist() == pytest.approx([naive_dust(s) for s in sequences])


def test_repeats_are_low_and_random_letters_are_not() -> None:
    rng = random.Random(2)
    sequences = [
        "A" * 60,
        "AC" * 200,
        "AUGGC" * 40,
        "".join(rng.choices("ACGU", k=60)),
        "".join(rng.choices("ACGU", weights=(4, 1, 1, 4), k=1024)),
        "N" * 60,
    ]
    assert is_low_complexity(sequences).tolist() == [True, True, True, False, False, False]
    assert dust_scores(sequences)[0] == 100
