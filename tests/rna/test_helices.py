"""Helices: every pair in one, and none longer than its stack."""

from __future__ import annotations

import pytest

from mprna.rna.helices import helices_of
from mprna.rna.structure import pairs_from_dot_bracket


@pytest.mark.parametrize(
    ("dot_bracket", "expected"),
    [
        ("", []),
        ("....", []),
        ("(...)", [[(0, 4)]]),
        ("((...))", [[(0, 6), (1, 5)]]),
        ("((.(...)))", [[(0, 9), (1, 8)], [(3, 7)]]),
        ("((...).(...))", [[(0, 12)], [(1, 5)], [(7, 11)]]),
        ("((..))((...))", [[(0, 5), (1, 4)], [(6, 12), (7, 11)]]),
        ("((.[[.)).]]", [[(0, 7), (1, 6)], [(3, 10), (4, 9)]]),
    ],
)
def test_are_found(dot_bracket, expected):
    assert [[tuple(pair) for pair in helix.tolist()] for helix in helices_of(dot_bracket)] == expected


def test_hold_every_pair_once():
    dot_bracket = "(((..((((...))))..((...(((...)))..)).)))"
    pairs = sorted(pair for helix in helices_of(dot_bracket) for pair in helix.tolist())
    assert pairs == pairs_from_dot_bracket(dot_bracket).tolist()
