from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.rna.kmers import kmers_of, reverse_complement

COMPLEMENT = str.maketrans("ACGU", "UGCA")
SEQUENCES = st.lists(st.text("ACGUN", max_size=30), max_size=6)


def code(word: str) -> int:
    """Base 4, digit by digit."""
    return int("".join(str("ACGU".index(letter)) for letter in word), 4)


@given(SEQUENCES, st.integers(1, 16))
def test_words_are_those_of_every_sequence_by_itself(sequences: list[str], k: int) -> None:
    kmers = kmers_of(sequences, k)
    expected = [
        code(sequence[i : i + k])
        for sequence in sequences
        for i in range(len(sequence) - k + 1)
        if "N" not in sequence[i : i + k]
    ]
    assert kmers.codes[kmers.valid].tolist() == expected
    pairs = [
        (number, sequence[i : i + k])
        for number, sequence in enumerate(sequences)
        for i in range(len(sequence) - k + 1)
        if "N" not in sequence[i : i + k]
    ]
    assert kmers.owners()[kmers.valid].tolist() == [number for number, _ in pairs]
    owners, codes = kmers.distinct()
    assert list(zip(owners.tolist(), codes.tolist(), strict=True)) == sorted(
        {(number, code(word)) for number, word in pairs}
    )


@given(st.lists(st.text("ACGU", min_size=7, max_size=7), min_size=1, max_size=5))
def test_reverse_complement_is_that_of_the_letters(words: list[str]) -> None:
    codes = np.array([code(word) for word in words], dtype=np.uint32)
    expected = [code(word.translate(COMPLEMENT)[::-1]) for word in words]
    assert reverse_complement(codes, 7).tolist() == expected


@pytest.mark.parametrize("sequences", [[], [""], ["", ""], ["ACG"]])
def test_no_words_at_all(sequences: list[str]) -> None:
    kmers = kmers_of(sequences, 14)
    assert [len(part) for part in (kmers.owners(), *kmers.distinct())] == [0, 0, 0]
