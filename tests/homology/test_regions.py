"""Pieces of long sequences that share words with a short one."""

from __future__ import annotations

import pytest

from mprna.homology.regions import MAX_PLACES, NUM_REGIONS, REGION_MARGIN, SEED, Region, RegionIndex

from .conftest import random_rna

GENES = [random_rna(2_000, seed) for seed in range(20)]


def test_a_piece_is_found_where_it_stands():
    index = RegionIndex(GENES)
    best = index.regions(GENES[7][900:1_100])[0]
    assert best == Region(7, 900 - REGION_MARGIN, 1_100 + REGION_MARGIN)
    at_the_start, at_the_end = (index.regions(GENES[7][part])[0] for part in (slice(100), slice(-100, None)))
    assert at_the_start == Region(7, 0, 100 + REGION_MARGIN)
    assert at_the_end == Region(7, 1_900 - REGION_MARGIN, 2_000)


def test_mutations_and_short_gaps_leave_one_region():
    letters = list(GENES[3][500:700])
    for place in range(15, 200, 20):
        letters[place] = "A" if letters[place] != "A" else "C"
    mutated = "".join(letters)
    best = RegionIndex(GENES).regions(mutated[:90] + "GG" + mutated[90:])[0]
    assert best.owner == 3
    assert best.start <= 500 - REGION_MARGIN + 2
    assert best.end >= 700


def test_third_letters_may_differ():
    """As in two proteins that are the same where their codons are not."""
    letters = [
        "ACGU"["ACGU".index(letter) - 1] if place % 3 == 2 else letter
        for place, letter in enumerate(GENES[5][300:420])
    ]
    best = RegionIndex(GENES).regions("".join(letters))[0]
    assert best == Region(5, 300 - REGION_MARGIN, 420 + REGION_MARGIN)


def test_the_number_of_words_in_common_decides_and_repeated_words_count_once():
    piece = random_rna(40, 99)
    whole, half, word = piece, piece[:25], piece[: len(SEED)]
    found = RegionIndex([word * 30, half, whole]).regions(piece)
    assert [region.owner for region in found[:2]] == [2, 1]


@pytest.mark.parametrize("sequence", ["", "ACGUACGUAC", "N" * 40, "ACGUACGUACGUNACGUACGUACGU"])
def test_without_a_whole_word_nothing_is_found(sequence):
    assert RegionIndex(["ACGU" * 5, "N" * 40, "ACG"]).regions(sequence) == []


def test_an_index_may_hold_no_word_at_all():
    assert RegionIndex(["ACGU", "N" * 30]).regions("ACGUACGUACGUACGU") == []


def test_of_frequent_words_only_the_first_places_are_looked_up():
    gene = random_rna(60, 5)
    found = RegionIndex([gene] * (MAX_PLACES + 50)).regions(gene)
    assert [region.owner for region in found] == list(range(NUM_REGIONS))


def test_regions_lie_within_their_sequences():
    index = RegionIndex([*GENES, "ACGUACGUACGU", random_rna(30, 77)])
    lengths = [*map(len, GENES), 12, 30]
    for seed in range(30):
        for owner, start, end in index.regions(random_rna(250, 1_000 + seed) + "ACGUACGUACGU"):
            assert 0 <= start < end <= lengths[owner]
