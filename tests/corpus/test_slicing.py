from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mprna.corpus.slicing import cut


@given(st.text("ACGUN", min_size=1, max_size=90), st.integers(1, 100))
def test_every_nucleotide_is_in_exactly_one_piece(sequence: str, slice_length: int) -> None:
    pieces = list(cut(sequence, slice_length=slice_length))
    assert "".join(piece for _, piece in pieces) == sequence
    assert all(sequence[start : start + len(piece)] == piece for start, piece in pieces)
    assert all(len(piece) == slice_length for _, piece in pieces[:-1])
    assert 1 <= len(pieces[-1][1]) <= slice_length


def test_tail_stands_alone() -> None:
    assert list(cut("AAAACCCCG", slice_length=4)) == [(0, "AAAA"), (4, "CCCC"), (8, "G")]
    assert list(cut("AAAACCCC", slice_length=4)) == [(0, "AAAA"), (4, "CCCC")]
    assert list(cut("", slice_length=4)) == []
