"""Crossings and nested subsets against brute force over all subsets."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mprna.rna.pseudoknots import has_pseudoknot, nested_pairs, split_layers
from mprna.rna.structure import pairs_from_dot_bracket


@st.composite
def random_pairs(draw, max_pairs):
    num_pairs = draw(st.integers(0, max_pairs))
    order = draw(st.permutations(range(2 * num_pairs)))
    pairs = sorted(tuple(sorted(order[2 * k : 2 * k + 2])) for k in range(num_pairs))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def cross(first, second):
    (i, j), (k, l) = sorted([tuple(first), tuple(second)])  # noqa: E741 (the field's letters)
    return i < k < j < l


def is_nested(pairs):
    return not any(cross(a, b) for a, b in combinations(pairs.tolist(), 2))


@given(random_pairs(max_pairs=10))
def test_has_pseudoknot_equals_the_definition(pairs):
    assert has_pseudoknot(pairs) == (not is_nested(pairs))


@settings(max_examples=60)
@given(random_pairs(max_pairs=9))
def test_nested_pairs_is_a_largest_nested_subset(pairs):
    kept = nested_pairs(pairs)
    assert is_nested(kept)
    assert {tuple(pair) for pair in kept.tolist()} <= {tuple(pair) for pair in pairs.tolist()}
    larger = combinations(pairs.tolist(), len(kept) + 1)
    assert not any(is_nested(np.array(subset)) for subset in larger)


@given(random_pairs(max_pairs=12))
def test_nested_pairs_keeps_what_crosses_nothing(pairs):
    kept = nested_pairs(pairs).tolist()
    for pair in pairs.tolist():
        if not any(cross(pair, other) for other in pairs.tolist() if other != pair):
            assert pair in kept


@given(random_pairs(max_pairs=12))
def test_layers_are_nested_and_lose_nothing(pairs):
    layers = split_layers(pairs)
    assert all(is_nested(layer) and len(layer) for layer in layers)
    assert sorted(pair for layer in layers for pair in layer.tolist()) == pairs.tolist()
    assert [len(layer) for layer in layers] == sorted((len(layer) for layer in layers), reverse=True)


def test_without_pairs_there_are_no_layers():
    pairs = pairs_from_dot_bracket("....")
    assert not has_pseudoknot(pairs)
    assert nested_pairs(pairs).shape == (0, 2)
    assert split_layers(pairs) == []


@pytest.mark.parametrize(
    ("dot_bracket", "num_kept"),
    [("(((..[[..)))..]]", 3), ("((..[[[..))..]]]", 3), ("((..[[..))..]]", 2), ("((..{{..[[..))..}}..]]", 2)],
)
def test_the_longer_helix_stays(dot_bracket, num_kept):
    assert len(nested_pairs(pairs_from_dot_bracket(dot_bracket))) == num_kept


def test_of_two_equal_helices_the_first_stays():
    assert nested_pairs(pairs_from_dot_bracket("((..[[..))..]]")).tolist() == [[0, 9], [1, 8]]


def test_long_crossing_helices_take_no_time():
    pairs = np.array([(k, 1999 - k) for k in range(500)] + [(k + 500, 2499 - k) for k in range(500)])
    assert len(nested_pairs(pairs)) == 500
