"""Violations are counted as by hand; contradictions are found before anything is folded."""

from __future__ import annotations

import pytest

from mprna.design.constraints import Constraints, Rules
from mprna.errors import DesignError, UsageError

HAIRPIN = "((((....))))"


def rules(dot_bracket: str = HAIRPIN, **constraints: object) -> Rules:
    return Rules(dot_bracket, Constraints(**constraints))  # type: ignore[arg-type]


def test_without_constraints_everything_is_legal():
    free = rules()
    assert free.violations("GGGGGGGGGGGG") == 0
    assert [len(free.choices[unit]) for unit in free.units] == [6] * 4 + [4] * 4


def test_gc_counts_nucleotides_to_change():
    half = rules(min_gc=0.5, max_gc=0.5)
    assert [half.violations(text) for text in ("GCGCGCAAAAAA", "AAAAAAAAAAAG", "GGGGGGGGGGGG")] == [0, 5, 6]


def test_gc_bounds_are_whole_nucleotides():
    third = rules("((...))", min_gc=0.4, max_gc=0.5)  # of 7 nt: only 3 are within
    assert [third.violations(text) for text in ("GGAAAAA", "GGGAAAA", "GGGGAAA")] == [1, 0, 1]


def test_motifs_count_where_they_begin_also_overlapping():
    assert rules(forbidden=("AAA",)).violations("AAAAGGGGCCCC") == 2
    assert rules(forbidden=("gnra",)).violations("CCCCGAAACCGG") == 1
    assert rules(forbidden=("GT",)).violations("GUACGUAAAAAA") == 2


def test_runs_longer_than_allowed_count():
    assert [rules(max_run=3).violations(text) for text in ("GGGCGGGAAACC", "GGGGCAAAAACC")] == [0, 3]
    assert rules(max_run=10**20).violations("GGGGGGGGGGGG") == 0


def test_repeats_count_each_time_that_a_word_comes_again():
    assert rules(max_repeat=3).violations("ACGUACGUAAAA") == 2  # ACGU, CGUA
    assert rules(max_repeat=4).violations("ACGUACGUAAAA") == 1  # ACGUA
    assert rules(max_repeat=5).violations("ACGUACGUAAAA") == 0
    assert rules(max_repeat=10**20).violations("GGGGGGGGGGGG") == 0


def test_inverted_repeats_count_beside_the_helices():
    assert rules(max_inverted_repeat=3).violations("GGCCAAAAGGCC") == 0  # the target's own
    assert rules("(((......)))", max_inverted_repeat=3).violations("GGCCAAAAGGCC") == 1
    assert rules("............", max_inverted_repeat=3).violations("GGCCAAAAGGCC") == 1


def test_what_is_faulty_is_where_the_faults_are():
    free = rules("." * 12, forbidden=("GAC",), max_repeat=4)
    assert free.faulty("AAGACAAAUCUC") == [(2,), (3,), (4,)]
    assert free.faulty("ACGUAACGUACC") == [(k,) for k in range(10)]
    assert rules(forbidden=("AAA",)).faulty("GGGGCAAAGCCC") == [(5,), (6,), (7,)]
    assert len(rules(min_gc=1.0).faulty("GGGGAAAACCCC")) == 8
    assert rules().faulty("GGGGAAAACCCC") == []


def test_the_largest_distance_counts_what_may_differ():
    some = rules(pattern="GGNNNNNNNNYC")
    assert some.largest_distance("GGCCAAAAGGCC") == 8 + 1  # Y pairs with G: C or U
    assert some.largest_distance("CGCCAAAAGGCC") == 8 + 1 + 1


def test_the_pattern_leaves_only_what_pairs():
    assert rules(pattern="GNNNNNNNNNNN").choices[0, 11] == ["GC", "GU"]
    assert rules(pattern="RNNNNNNNNNNC").choices[0, 11] == ["GC"]


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"pattern": "GNNN"}, "pattern of 4 letters for a target of 12 nt"),
        ({"pattern": "GNNNNNNNNNNG"}, "allows G at position 1 and G at 12, which do not pair"),
        (
            {"pattern": "NNNNGAAANNNN", "forbidden": ("GNRA",)},
            r"from position 5 on the pattern can only be G\[ACGU\]\[AG\]A",
        ),
        (
            {"pattern": "NNNNAAAANNNN", "max_run": 3},
            "from position 5 on the pattern can only be AAAA, which is forbidden",
        ),
        ({"pattern": "AAAANNNNNNNN", "min_gc": 0.8}, "10 to 12 of 12 nt are to be G or C; .* allow 0 to 4"),
        ({"min_gc": 0.51, "max_gc": 0.55}, "no number of G and C in 12 nt is a share of 0.51 to 0.55"),
        (
            {"pattern": "GACGGACGNNNN", "max_repeat": 3},
            "2 stretches, from positions 1, 5 on, can only be GACG, so there is a repeat of more than 3 nt",
        ),
        (
            {"pattern": "NACGCGUNNNNN", "max_inverted_repeat": 2},
            "from position 2 on the pattern can only be ACG, and from 5 on its reverse complement",
        ),
    ],
)
def test_contradictions_are_named(constraints, message):
    with pytest.raises(DesignError, match=message):
        rules(**constraints)


def test_more_stretches_than_words_have_to_repeat():
    with pytest.raises(DesignError, match="39 stretches of 2 nt are 16 different ones at most, so there is"):
        rules("." * 40, max_repeat=1)
    with pytest.raises(DesignError, match=r"5 stretches, .* 1, 2, 3 on, can only be \[AG\]\[AG\]"):
        rules("." * 6, pattern="RRRRRR", max_repeat=1)
    rules("." * 17, max_repeat=1)
    rules("." * 5, pattern="RRRRR", max_repeat=1)


def test_what_a_base_forces_on_its_partner_counts():
    with pytest.raises(DesignError, match="from position 11 on the pattern can only be UU"):
        rules(pattern="AANNNNNNNNNN", forbidden=("UU",))


@pytest.mark.parametrize(
    "constraints",
    [
        {"min_gc": 0.6, "max_gc": 0.4},
        {"max_gc": 1.5},
        {"max_run": 0},
        {"max_repeat": 0},
        {"max_inverted_repeat": 0},
        {"pattern": "GJA"},
        {"pattern": ""},
        {"forbidden": ("G-A",)},
    ],
)
def test_nonsense_is_refused(constraints):
    with pytest.raises(UsageError):
        Constraints(**constraints)
