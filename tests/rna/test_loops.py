"""Every position lies in exactly one loop, or two where it is paired; kinds are those of the textbook."""

from __future__ import annotations

from collections import Counter

import pytest

from mprna.errors import StructureError
from mprna.rna.loops import loops

KINDS = {
    "....": ["exterior"],
    "(...)": ["exterior", "hairpin"],
    "((...))": ["exterior", "stack", "hairpin"],
    "(.(...))": ["exterior", "bulge", "hairpin"],
    "((...).)": ["exterior", "bulge", "hairpin"],
    "(.(...)..)": ["exterior", "interior", "hairpin"],
    "((...)(...))": ["exterior", "multi", "hairpin", "hairpin"],
    "(...)(...)": ["exterior", "hairpin", "hairpin"],
}


@pytest.mark.parametrize("dot_bracket", KINDS)
def test_kinds(dot_bracket):
    assert [loop.kind for loop in loops(dot_bracket)] == KINDS[dot_bracket]


def test_sides_and_border_of_an_interior_loop():
    _, interior, hairpin = loops("(.(...)..)")
    assert (interior.sides, interior.unpaired) == ((1, 2), (1, 7, 8))
    assert interior.border == ((0, 9), (6, 2))  # the branch as seen from the loop
    assert (hairpin.sides, hairpin.border) == ((3, 0), ((2, 6),))


def test_unpaired_positions_are_in_one_loop_and_pairs_in_two():
    dot_bracket = "..((.((...))..(.((....)).))).(....)"
    found = loops(dot_bracket)
    unpaired = Counter(k for loop in found for k in loop.unpaired)
    paired = Counter(k for loop in found for pair in loop.border for k in pair)
    assert unpaired == {k: 1 for k, symbol in enumerate(dot_bracket) if symbol == "."}
    assert paired == {k: 2 for k, symbol in enumerate(dot_bracket) if symbol != "."}


def test_a_pseudoknot_has_no_loops():
    with pytest.raises(StructureError, match="pseudoknot"):
        loops("((..[[..))..]]")
