"""Variants: every way to write them, and every way in which they may not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import VariantError
from mprna.rna.variants import check_variant, mutate, parse_variant, single_substitutions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A24G", "A24G"),
        ("a24g", "A24G"),
        ("T24C", "U24C"),
        ("24A>G", "A24G"),
        ("n.24A>T", "A24U"),
        ("r.24a>u", "A24U"),
        (" C30U+A24G ", "A24G+C30U"),
        ("A24G, C30U,G2A", "G2A+A24G+C30U"),
    ],
)
def test_is_read(text, expected):
    assert str(parse_variant(text)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty variant"),
        ("A24", "'A24' is no variant; expected one as A24G"),
        ("24", "is no variant"),
        ("A-3G", "is no variant"),
        ("AC24GU", "is no variant"),
        ("A24R", "is no variant"),
        ("24_25insA", "insertions and deletions are not supported"),
        ("24delA", "insertions and deletions are not supported"),
        ("c.-160A>G", "count positions from the first nucleotide of the RNA"),
        ("NM_000146.4:c.-168G>A", "count positions from the first nucleotide of the RNA"),
        (
            "x,A40G",
            "'x' is no variant; expected one as A24G, or several joined by +; in a list a tab follows",
        ),
        ("A24G+", "empty variant"),
        ("A24G+A24C", "changes nucleotide 24 twice"),
        ("x" * 100, "'" + "x" * 37 + "...' is no variant"),
        ("A" + "9" * 5_000 + "G", "is no variant"),
    ],
)
def test_is_refused(text, reason):
    with pytest.raises(VariantError) as caught:
        parse_variant(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("A0G", "position 0 is outside of 1 to 6"),
        ("A7G", "position 7 is outside of 1 to 6"),
        ("C1G", "nucleotide 1 of the RNA is A"),
        ("A5G", "nucleotide 5 of the RNA is N"),
        ("N5G", "nucleotide 5 of the RNA is N"),
        ("A1A", "changes nothing"),
        ("A1N", "N is no nucleotide to change to"),
        ("A1G+C3U", "nucleotide 3 of the RNA is G"),
    ],
)
def test_must_fit_the_sequence(text, reason):
    with pytest.raises(VariantError, match=reason):
        check_variant(parse_variant(text), "ACGUNA")


@pytest.mark.parametrize("text", ["A1G", "A6U", "A1C+A6C"])
def test_ends_are_inside(text):
    check_variant(parse_variant(text), "ACGUNA")


@given(st.text("ACGU", min_size=1, max_size=30))
def test_saturation_is_every_neighbour_once(sequence):
    mutants = [mutate(sequence, variant) for variant in single_substitutions(sequence)]
    assert len(set(mutants)) == len(mutants) == 3 * len(sequence)
    assert all(sum(a != b for a, b in zip(sequence, m, strict=True)) == 1 for m in mutants)


def test_a_part_is_mutated_by_its_offset():
    assert mutate("GAAAC", parse_variant("A12U"), offset=9) == "GAUAC"
