"""Which positions may pair, against the definition; bad structures with their messages."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.rna.canonical import MIN_HAIRPIN, check_structure, pair_types

CANONICAL = {frozenset("AU"), frozenset("GC"), frozenset("GU")}


@given(st.text("ACGUN", max_size=20))
def test_pair_types_equals_the_definition(sequence):
    expected = [
        [abs(i - j) > 3 and frozenset(a + b) in CANONICAL for j, b in enumerate(sequence)]
        for i, a in enumerate(sequence)
    ]
    assert pair_types(sequence).tolist() == expected


@given(st.text("ACGUN", max_size=20))
def test_pair_types_and_check_structure_agree(sequence):
    allowed = pair_types(sequence)
    for i in range(len(sequence)):
        for j in range(i + 1, len(sequence)):
            dot_bracket = "." * i + "(" + "." * (j - i - 1) + ")" + "." * (len(sequence) - j - 1)
            assert _is_valid(sequence, dot_bracket) == allowed[i, j]


def test_pair_types_of_an_empty_sequence():
    assert pair_types("").shape == (0, 0)
    assert pair_types("").dtype == np.bool_


def test_shortest_hairpin():
    assert MIN_HAIRPIN == 3
    check_structure("GAAAC", "(...)")


def test_pseudoknots_are_checked_like_other_pairs():
    check_structure("GGAAACCAACC", "([...)]....")
    with pytest.raises(StructureError, match=r"^G at position 2 and A at position 9 are no canonical pair$"):
        check_structure("GGAAACCAACC", "([...)..]..")


@pytest.mark.parametrize(
    ("sequence", "dot_bracket", "message"),
    [
        ("GAAAC", "(....)", "structure of 6 symbols for a sequence of 5 nt"),
        ("GAAC", "(..)", "positions 1 and 4 pair over 2 nt; a hairpin needs 3"),
        ("GAAAA", "(...)", "G at position 1 and A at position 5 are no canonical pair"),
        ("NAAAU", "(...)", "N at position 1 and U at position 5 are no canonical pair"),
        ("GAAAC", "(...", "structure of 4 symbols for a sequence of 5 nt"),
        ("GAAAC", "(....", "'(' at position 1 is never closed"),
    ],
)
def test_bad_structures_are_refused(sequence, dot_bracket, message):
    with pytest.raises(StructureError) as error:
        check_structure(sequence, dot_bracket)
    assert str(error.value) == message


def _is_valid(sequence, dot_bracket):
    try:
        check_structure(sequence, dot_bracket)
    except StructureError:
        return False
    return True
