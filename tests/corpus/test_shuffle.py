from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest

from mprna.corpus.shuffle import shuffle_dinucleotides


def dinucleotides(sequence: str) -> Counter[str]:
    return Counter(map("".join, itertools.pairwise(sequence)))


@pytest.mark.parametrize("sequence", ["", "A", "AC", "AAAA", "ACGU", "GGGCUAUUAGCUCAGUUGGUUAGAGCGCACCCCUGAU"])
def test_dinucleotides_and_ends_stay(sequence: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        shuffled = shuffle_dinucleotides(sequence, rng)
        assert dinucleotides(shuffled) == dinucleotides(sequence)
        assert (shuffled[:1], shuffled[-1:]) == (sequence[:1], sequence[-1:])


def test_every_arrangement_is_equally_likely() -> None:
    """Against all arrangements by brute force: chi-square far below its 0.1 % point."""
    sequence = "ACAGACUA"
    possible = {
        text
        for text in map("".join, itertools.permutations(sequence))
        if text[0] == sequence[0] and dinucleotides(text) == dinucleotides(sequence)
    }
    rng = np.random.default_rng(0)
    drawn = Counter(shuffle_dinucleotides(sequence, rng) for _ in range(200 * len(possible)))
    assert set(drawn) == possible
    assert len(possible) > 5
    chi_square = sum((count - 200) ** 2 / 200 for count in drawn.values())
    assert chi_square < len(possible) + 4 * np.sqrt(2 * len(possible))


def test_same_seed_same_shuffle() -> None:
    first, second = (shuffle_dinucleotides("ACGUGCAUGCAGUCA", np.random.default_rng(3)) for _ in range(2))
    assert first == second
