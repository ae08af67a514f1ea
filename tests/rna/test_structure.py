"""The four forms of a structure against each other, against ViennaRNA's pair table, and against nonsense."""

import numpy as np
import pytest
import RNA
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.rna.structure import (
    CLOSING,
    OPENING,
    check_pairs,
    contact_map_from_pairs,
    dot_bracket_from_pairs,
    pairs_from_contact_map,
    pairs_from_dot_bracket,
    pairs_from_partners,
    partners_from_pairs,
)


@st.composite
def structures(draw, max_length=30):
    """Any pairs at all, crossing or not, as (pairs, length)."""
    length = draw(st.integers(0, max_length))
    order = draw(st.permutations(range(length)))
    num_pairs = draw(st.integers(0, length // 2))
    pairs = sorted(tuple(sorted(order[2 * k : 2 * k + 2])) for k in range(num_pairs))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2), length


@given(structures())
def test_every_form_leads_back_to_the_same_pairs(structure):
    pairs, length = structure
    forms = [
        pairs_from_dot_bracket(dot_bracket_from_pairs(pairs, length)),
        pairs_from_partners(partners_from_pairs(pairs, length)),
        pairs_from_contact_map(contact_map_from_pairs(pairs, length)),
    ]
    for form in forms:
        assert form.dtype == np.int64
        assert form.tolist() == pairs.tolist()


@given(structures())
def test_forms_have_the_length_of_the_sequence(structure):
    pairs, length = structure
    assert len(dot_bracket_from_pairs(pairs, length)) == length
    assert partners_from_pairs(pairs, length).shape == (length,)
    contact_map = contact_map_from_pairs(pairs, length)
    assert contact_map.shape == (length, length)
    assert contact_map.sum() == 2 * len(pairs)


@pytest.mark.parametrize(
    "dot_bracket",
    ["((((....))))", "(((..[[[..)))..]]]", "<<..((..>>..))", "((..{{..[[..))..}}..]]", "........"],
)
def test_pair_table_equals_viennarna(dot_bracket):
    length, *table = RNA.ptable(dot_bracket, RNA.BRACKETS_ANY)
    assert length == len(dot_bracket)
    partners = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), length)
    assert (partners + 1).tolist() == table


@pytest.mark.parametrize(("opening", "closing"), list(zip(OPENING, CLOSING, strict=True)))
def test_all_30_bracket_kinds_are_read(opening, closing):
    assert pairs_from_dot_bracket(f".{opening}...{closing}").tolist() == [[1, 5]]


def test_crossing_layers_take_the_bracket_kinds_in_order():
    # n pairs (k, k + n) all cross each other.
    pairs = [(k, k + 30) for k in range(30)]
    assert dot_bracket_from_pairs(pairs, 60) == OPENING + CLOSING


def test_round_brackets_hold_the_larger_helix():
    assert dot_bracket_from_pairs([(0, 5), (3, 9), (2, 10), (1, 11)], 12) == "[(((.].." + ".)))"


def test_empty_structures_have_the_right_shapes():
    assert pairs_from_dot_bracket("").shape == (0, 2)
    assert pairs_from_dot_bracket("...").shape == (0, 2)
    assert dot_bracket_from_pairs([], 3) == "..."
    assert partners_from_pairs([], 0).shape == (0,)
    assert contact_map_from_pairs([], 0).shape == (0, 0)


@pytest.mark.parametrize(
    ("dot_bracket", "message"),
    [
        ("(((...))", "'(' at position 1 is never closed"),
        ("(...)((..", "'(' at position 6 is never closed"),
        ("..[..", "'[' at position 3 is never closed"),
        (".[.(..", "'[' at position 2 is never closed"),
        ("(...))", "')' at position 6 closes no bracket"),
        ("(...]", "']' at position 5 closes no bracket"),
        ("..a", "'a' at position 3 closes no bracket"),
        ("(.-.)", "symbol '-' at position 3 is no dot-bracket symbol"),
        ("(. .)", "symbol ' ' at position 3 is no dot-bracket symbol"),
        ("(.é.)", "symbol 'é' at position 3 is no dot-bracket symbol"),
    ],
)
def test_bad_dot_bracket_names_the_position(dot_bracket, message):
    with pytest.raises(StructureError) as error:
        pairs_from_dot_bracket(dot_bracket)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(0, 5), (5, 9)], "position 6 is in more than one pair"),
        ([(0, 5), (0, 5)], "position 1 is in more than one pair"),
        ([(3, 3)], "position 4 is in more than one pair"),
        ([(0, 10)], "position 11 is outside of a sequence of 10 nt"),
        ([(-1, 4)], "position 0 is outside of a sequence of 10 nt"),
    ],
)
@pytest.mark.parametrize(
    "convert", [check_pairs, dot_bracket_from_pairs, partners_from_pairs, contact_map_from_pairs]
)
def test_conflicting_pairs_are_refused(convert, pairs, message):
    with pytest.raises(StructureError) as error:
        convert(pairs, 10)
    assert str(error.value) == message


def test_more_crossing_layers_than_bracket_kinds_are_refused():
    with pytest.raises(StructureError, match=r"^31 crossing layers; dot-bracket has 30 bracket kinds$"):
        dot_bracket_from_pairs([(k, k + 31) for k in range(31)], 62)


@pytest.mark.parametrize(
    ("partners", "message"),
    [
        ([2, -1, 1], "position 1 has partner 3, which does not point back"),
        ([0], "position 1 has partner 1, which does not point back"),
        ([-1, 7], "position 2 has partner 8, which does not point back"),
        ([-2, -1], "position 1 has partner -1, which does not point back"),
    ],
)
def test_bad_partners_are_refused(partners, message):
    with pytest.raises(StructureError) as error:
        pairs_from_partners(partners)
    assert str(error.value) == message


def test_bad_contact_maps_are_refused():
    with pytest.raises(StructureError, match=r"^contact map of shape \(2, 3\), expected \(L, L\)$"):
        pairs_from_contact_map(np.zeros((2, 3), dtype=bool))
    with pytest.raises(StructureError, match=r"^contact map is not symmetric$"):
        pairs_from_contact_map([[0, 1], [0, 0]])
    with pytest.raises(StructureError, match=r"^position 1 is in more than one pair$"):
        pairs_from_contact_map([[0, 1, 1], [1, 0, 0], [1, 0, 0]])
    with pytest.raises(StructureError, match=r"^position 2 is in more than one pair$"):
        pairs_from_contact_map([[0, 0], [0, 1]])


def test_a_20000_nt_structure_takes_no_time():
    length = 20_000
    pairs = [(i, length - 1 - i) for i in range(0, length // 2 - 2)]
    dot_bracket = dot_bracket_from_pairs(pairs, length)
    assert pairs_from_dot_bracket(dot_bracket).tolist() == [list(pair) for pair in pairs]
