"""Pairs of many dot-brackets at once are those of `rna.structure`, one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket
from mprna.rna.symbols import pairs_from_symbols


def rows_of(*dot_brackets: str) -> npt.NDArray[np.uint8]:
    """With one empty position on the left, as behind `<cls>`, and as many as it takes on the right."""
    width = 2 + max(map(len, dot_brackets))
    rows = np.zeros((len(dot_brackets), width), np.uint8)
    for row, text in zip(rows, dot_brackets, strict=True):
        row[1 : 1 + len(text)] = np.frombuffer(text.encode(), np.uint8)
    return rows


@st.composite
def structures(draw: st.DrawFn) -> str:
    """Any set of pairs, most of them crossing."""
    length = draw(st.integers(1, 24))
    order = draw(st.permutations(range(length)))
    num_pairs = draw(st.integers(0, min(5, length // 2)))
    return dot_bracket_from_pairs([sorted(order[2 * i : 2 * i + 2]) for i in range(num_pairs)], length)


@given(st.lists(structures(), min_size=1, max_size=5))
def test_rows_have_the_pairs_of_their_strings(dot_brackets: list[str]) -> None:
    rows, first, second = pairs_from_symbols(rows_of(*dot_brackets))
    for row, text in enumerate(dot_brackets):
        found = sorted(
            zip((first[rows == row] - 1).tolist(), (second[rows == row] - 1).tolist(), strict=True)
        )
        assert found == [tuple(pair) for pair in pairs_from_dot_bracket(text).tolist()]


def test_stems_deeper_than_a_byte_counts() -> None:
    _, first, second = pairs_from_symbols(rows_of("(" * 400 + "..." + ")" * 400))
    assert sorted(zip(first.tolist(), second.tolist(), strict=True)) == [(i, 804 - i) for i in range(1, 401)]


def test_no_pairs() -> None:
    assert [part.size for part in pairs_from_symbols(rows_of("...", "."))] == [0, 0, 0]


@pytest.mark.parametrize("text", ["(((", "())", ")(", "([)", "a.A", "x..", "(.?)"])
def test_what_is_no_dot_bracket_is_refused(text: str) -> None:
    with pytest.raises(StructureError, match=r"unbalanced|no dot-bracket symbol"):
        pairs_from_symbols(rows_of("(..)", text))


def test_a_row_cannot_close_the_brackets_of_another() -> None:
    with pytest.raises(StructureError, match=r"unbalanced '\(' and '\)' in \(\.\."):
        pairs_from_symbols(rows_of("(..", "..)"))
