"""Constraints: the notation by its definition, and a clear reason for everything that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.rna.constraints import parse_constraint
from mprna.rna.pseudoknots import loop_numbers

SEQUENCE = "GGGGAAAACCCC"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("....", "constraint of 4 symbols for a sequence of 12 nt"),
        ("....[....]..", r"symbol '\[' at position 5 of the constraint; expected one of \. x"),
        ("(...........", r"constraint: '\(' at position 1 is never closed"),
        ("...(...)....", "constraint: .*G at position 4 and A at position 8 are no canonical pair"),
        (".......(.)..", "constraint: positions 8 and 10 pair over 1 nt; a hairpin needs 3"),
        ("....|.......", r"constraint '\|' at position 5: no nucleotide to pair with"),
        ("...........<", "constraint '<' at position 12: no nucleotide"),
        (">...........", "constraint '>' at position 1: no nucleotide"),
        ("(..|.......)", None),
        ("|(.........)", "constraint '|' at position 1: no nucleotide"),  # all others are inside
    ],
)
def test_what_cannot_be_has_a_reason(text, message):
    if message is None:
        assert parse_constraint(text, SEQUENCE).pairs.tolist() == [[0, 11]]
        return
    with pytest.raises(StructureError, match=message.replace("'|'", r"'\|'")):
        parse_constraint(text, SEQUENCE)


def test_the_longest_span_counts():
    parse_constraint("(..........)", SEQUENCE, max_span=12)
    with pytest.raises(StructureError, match="positions 1 and 12 pair over more than 11 nt"):
        parse_constraint("(..........)", SEQUENCE, max_span=11)


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("x...........", ".(((....))).", "((((....))))"),
        ("|...........", "((((....))))", ".(((....)))."),
        ("...<........", "...(....)...", "............"),
        ("........>...", "...(....)...", "............"),
        ("(.........).", "(.........).", "((((....))))"),
    ],
)
def test_check_knows_good_from_bad(text, good, bad):
    constraint = parse_constraint(text, SEQUENCE)
    constraint.check(good)
    with pytest.raises(StructureError, match=r"constraint '.' at position \d+ is not met"):
        constraint.check(bad)


def test_direction_is_checked():
    constraint = parse_constraint("....<.........", "GAAACAAAAAAAAG")
    with pytest.raises(StructureError, match="'<' at position 5"):
        constraint.check("(...)" + "." * 9)


@given(st.integers(5, 40), st.integers(0, 2**32 - 1))
def test_loops_tell_crossing_pairs(length, seed):
    """Against the definition of crossing, for a nested structure made at random."""
    rng = np.random.default_rng(seed)
    pairs, spans = [], [(0, length)]
    while spans:
        start, stop = spans.pop()
        if stop - start >= 2 and rng.random() < 0.8:
            i, j = np.sort(rng.choice(np.arange(start, stop), 2, replace=False)).tolist()
            pairs.append((i, j))
            spans += [(i + 1, j), (j + 1, stop)]
    pairs.sort()
    loops = loop_numbers(np.array(pairs, dtype=np.int64).reshape(-1, 2), length)
    for a in range(length):
        for b in range(a + 1, length):
            conflict = any(
                len({a, b, i, j}) < 4 or i < a < j < b or a < i < b < j for i, j in pairs if (i, j) != (a, b)
            )
            assert (loops[a] != loops[b]) == conflict
