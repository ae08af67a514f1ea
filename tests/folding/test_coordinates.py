"""Where ViennaRNA draws the nucleotides of a structure."""

from __future__ import annotations

import numpy as np
import pytest
import RNA
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import FoldingError, StructureError
from mprna.folding.vienna import coordinates, fold_mfe


@given(sequence=st.text("ACGU", min_size=1, max_size=80))
def test_neighbours_are_drawn_near_and_nothing_on_top(sequence):
    points = coordinates(fold_mfe(sequence)[0])
    assert points.shape == (len(sequence), 2)
    assert np.isfinite(points).all()
    distances = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(len(points))
    assert distances.min() > 10
    if len(points) > 1:
        assert np.diagonal(distances, 1).max() < 60


def test_stem_is_straight():
    points = coordinates("((((....))))")
    assert np.linalg.norm(np.diff(points[:4], axis=0), axis=1) == pytest.approx([25] * 3)
    across = np.linalg.norm(points[:4] - points[:7:-1], axis=1)
    assert across == pytest.approx([across[0]] * 4)


def test_pseudoknots_are_drawn_as_unpaired():
    assert np.array_equal(coordinates("(((.[[.)))]]"), coordinates("(((....))).."))


@pytest.mark.parametrize("dot_bracket", ["(((...)))" * 4_000, "." * 65_536])
def test_more_than_viennarna_can_draw_is_told(dot_bracket):
    with pytest.raises(
        FoldingError, match=f"{len(dot_bracket)} nt; structures of up to 32767 nt can be drawn"
    ):
        coordinates(dot_bracket)


@pytest.mark.parametrize("dot_bracket", [".", ".....", "[....]"])
def test_nothing_paired_is_a_line(dot_bracket):
    points = coordinates(dot_bracket)
    assert points.tolist() == [[25.0 * n, 0.0] for n in range(len(dot_bracket))]


def test_empty_structure_has_no_drawing():
    with pytest.raises(FoldingError, match="empty"):
        coordinates("")


def test_layout_of_others_is_left_as_it_was(monkeypatch):
    monkeypatch.setattr(RNA.cvar, "rna_plot_type", RNA.PLOT_TYPE_SIMPLE)
    before = coordinates("((((....))))")
    assert RNA.cvar.rna_plot_type == RNA.PLOT_TYPE_SIMPLE
    RNA.cvar.rna_plot_type = RNA.PLOT_TYPE_CIRCULAR
    assert np.array_equal(coordinates("((((....))))"), before)


@pytest.mark.parametrize("dot_bracket", ["()", "(()...)", "..[..].(..()..)", "(...(.(.)(.)).)"])
def test_pairs_around_next_to_nothing_are_not_drawn(dot_bracket):
    """RNApuzzler corrupts memory for the first, answers nan for the second and hangs on the last."""
    with pytest.raises(StructureError, match="no loop to draw"):
        coordinates(dot_bracket)
