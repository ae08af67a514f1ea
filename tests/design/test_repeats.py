"""Repeats against what a search of all pairs of words finds."""

from __future__ import annotations

from random import Random

import pytest

from mprna.design.repeats import inverted_repeats, longest_inverted_repeat, longest_repeat, repeats
from mprna.rna.structure import partners_of

PAIRS = {"AU", "UA", "CG", "GC"}


def brute_force_repeat(sequence: str) -> int:
    length = len(sequence)
    return max(
        (
            size
            for size in range(1, length)
            for i in range(length - size + 1)
            for j in range(i + 1, length - size + 1)
            if sequence[i : i + size] == sequence[j : j + size]
        ),
        default=0,
    )


def brute_force_inverted(sequence: str, partners: list[int]) -> int:
    """Antiparallel pairs counted outwards, one by one."""

    def is_unwanted(i: int, j: int, size: int) -> bool:
        pairs = [(i + k, j + size - 1 - k) for k in range(size)]
        can_pair = all(sequence[left] + sequence[right] in PAIRS for left, right in pairs)
        return can_pair and any(partners[left] != right for left, right in pairs)

    length = len(sequence)
    return max(
        (
            size
            for size in range(1, length // 2 + 1)
            for i in range(length - 2 * size + 1)
            for j in range(i + size, length - size + 1)
            if is_unwanted(i, j, size)
        ),
        default=0,
    )


@pytest.mark.parametrize("seed", range(20))
def test_longest_as_by_brute_force(seed):
    rng = Random(seed)
    target = rng.choice(["." * 30, "((((((....))))))..((((...)))).", "((((..((((....))))..)))).((...))"])
    sequence = "".join(rng.choices("ACGU", weights=(1, seed % 3 + 1, 3, 1), k=len(target)))
    partners = partners_of(target)
    assert longest_repeat(sequence) == brute_force_repeat(sequence)
    assert longest_inverted_repeat(sequence, partners) == brute_force_inverted(sequence, partners)


def test_a_run_repeats_itself_with_overlap():
    assert list(repeats("CAAAAC", 3)) == [(1, 2)]
    assert longest_repeat("CAAAAC") == 3


def test_the_helices_of_the_target_are_no_inverted_repeats():
    sequence, target = "GGCACAAAAGUGCC", "(((((....)))))"
    assert longest_inverted_repeat(sequence, [-1] * 14) == 5
    assert longest_inverted_repeat(sequence, partners_of(target)) == 2  # CA with UG, one nucleotide on
    one_pair_less = partners_of(".((((....)))).")
    assert list(inverted_repeats(sequence, 5, one_pair_less)) == [(0, 9)]


def test_short_sequences_have_none():
    assert [longest_repeat(text) for text in ("", "A", "AC", "AA")] == [0, 0, 0, 1]
    assert [longest_inverted_repeat(text, [-1] * len(text)) for text in ("", "A", "AU", "AA")] == [0, 0, 1, 0]
