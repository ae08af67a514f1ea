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
        ({"min_gc": 0.51, "max_gc": 0.55}, "7 to 6 of 12 nt"),
    ],
)
def test_contradictions_are_named(constraints, message):
    with pytest.raises(DesignError, match=message):
        rules(**constraints)


@pytest.mark.parametrize(
    "constraints",
    [
        {"min_gc": 0.6, "max_gc": 0.4},
        {"max_gc": 1.5},
        {"max_run": 0},
        {"pattern": "GJA"},
        {"pattern": ""},
        {"forbidden": ("G-A",)},
    ],
)
def test_nonsense_is_refused(constraints):
    with pytest.raises(UsageError):
        Constraints(**constraints)
