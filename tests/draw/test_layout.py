"""Layouts: what a reader of the drawing relies on, measured on the coordinates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mprna.draw.layout import Layout, layout
from mprna.errors import FoldingError, StructureError

TRNA = "(((((((..((((........)))).(((((.......))))).....(((((.......))))))))))))...."
THREE_WAY = "((((((..(((((((((((((....)))))))))))))..((((....))))..))))))"
PSEUDOKNOT = "..(((((..[[[.))))).......]]]"


def steps(drawing: Layout) -> np.ndarray:
    return np.linalg.norm(np.diff(drawing.positions, axis=0), axis=1)


def smallest_gap(drawing: Layout) -> float:
    distances = np.linalg.norm(drawing.positions[:, None] - drawing.positions[None], axis=2)
    return float(distances[~np.eye(len(distances), dtype=bool)].min())


@st.composite
def structures(draw: st.DrawFn) -> str:
    """Nested structures with hairpin loops of three or more, built inside out."""
    parts = st.integers(1, 6).map(lambda n: "." * n)
    hairpin = st.builds(
        lambda stem, loop: "(" * stem + "." * loop + ")" * stem, st.integers(1, 9), st.integers(3, 9)
    )
    wrapped = st.recursive(
        parts | hairpin,
        lambda inner: st.builds(
            lambda stem, inside: "(" * stem + "..." + "".join(inside) + ")" * stem,
            st.integers(1, 6),
            st.lists(inner, min_size=1, max_size=4),
        ),
        max_leaves=12,
    )
    return "".join(draw(st.lists(wrapped, min_size=1, max_size=8)))


@pytest.mark.parametrize("dot_bracket", [TRNA, THREE_WAY, PSEUDOKNOT, "((((....))))", "." * 30, "." * 300])
def test_neighbours_are_about_one_unit_apart(dot_bracket: str) -> None:
    assert np.median(steps(layout(dot_bracket))) == pytest.approx(1.0, abs=0.02)
    assert steps(layout(dot_bracket)).min() > 0.7


@settings(max_examples=40)
@given(structures())
def test_nothing_overlaps(dot_bracket: str) -> None:
    drawing = layout(dot_bracket)
    assert drawing.positions.shape == (len(dot_bracket), 2)
    assert np.isfinite(drawing.positions).all()
    assert drawing.positions.min(axis=0) == pytest.approx([0, 0])
    if len(dot_bracket) > 1:
        assert smallest_gap(drawing) > 0.5


@settings(max_examples=40)
@given(structures())
def test_partners_face_each_other(dot_bracket: str) -> None:
    drawing = layout(dot_bracket)
    i, j = drawing.rungs.T
    widths = np.linalg.norm(drawing.positions[i] - drawing.positions[j], axis=1)
    assert len(drawing.rungs) == dot_bracket.count("(")
    assert np.allclose(widths, 1.4, atol=0.15)


@pytest.mark.parametrize(
    "dot_bracket", ["((((....))))", "..((((....))))..", "((...))..((((...)))).", THREE_WAY]
)
def test_starts_on_the_left_and_helices_point_up(dot_bracket: str) -> None:
    positions = layout(dot_bracket).positions
    assert positions[0, 0] < positions[-1, 0]
    assert positions[0, 1] == pytest.approx(positions[:, 1].max())
    assert positions[-1, 1] == pytest.approx(positions[:, 1].max())


def test_cloverleaf_hangs_from_its_acceptor() -> None:
    """As in every textbook: acceptor on top, D arm on the left, anticodon below, T arm on the right."""
    positions = layout(TRNA).positions
    centre = positions[[7, 8, 25, 43, 44, 45, 46, 47]].mean(axis=0)
    d_arm, anticodon, t_arm = positions[17] - centre, positions[34] - centre, positions[56] - centre
    assert positions[0, 1] == pytest.approx(0)
    assert positions[0, 0] < positions[71, 0]
    assert d_arm[0] < -2
    assert t_arm[0] > 2
    assert anticodon[1] > 5


def test_long_lone_hairpin_lies_on_its_side() -> None:
    positions = layout("(" * 30 + "....." + ")" * 30).positions
    width, height = np.ptp(positions, axis=0)
    assert width > 10 * height
    assert positions[0, 0] == pytest.approx(0)
    assert positions[0, 1] < positions[-1, 1]


def test_long_exterior_loop_becomes_an_open_circle() -> None:
    positions = layout("." * 400).positions
    width, height = np.ptp(positions, axis=0)
    radii = np.linalg.norm(positions - [width / 2, width / 2], axis=1)
    assert 0.9 < width / height < 1.2
    assert np.allclose(radii, width / 2, rtol=0.01)
    assert 10 < np.linalg.norm(positions[0] - positions[-1]) < width / 2
    assert positions[0, 0] < positions[-1, 0]


def test_helices_on_a_circle_point_outwards() -> None:
    dot_bracket = "....((((....))))...." * 12
    drawing = layout(dot_bracket)
    width, height = np.ptp(drawing.positions, axis=0)
    assert max(width, height) < 60 < len(dot_bracket) / 4 + 10
    feet = drawing.positions[[4 + 20 * k for k in range(12)]]
    tips = drawing.positions[[9 + 20 * k for k in range(12)]]
    middle = feet.mean(axis=0)
    assert (np.linalg.norm(tips - middle, axis=1) > np.linalg.norm(feet - middle, axis=1) + 2).all()


def test_circle_leaves_room_for_helices_that_lean() -> None:
    arm = "((((((((((((.............))))))))))))"
    dot_bracket = "." * 80 + f"((((..{arm}..((((....))))..))))" + "." * 3 + arm + "." * 80
    assert smallest_gap(layout(dot_bracket)) > 0.7


def test_pseudoknot_pairs_become_arcs() -> None:
    drawing = layout(PSEUDOKNOT)
    assert drawing.rungs.tolist() == [[2, 17], [3, 16], [4, 15], [5, 14], [6, 13]]
    assert drawing.arcs.tolist() == [[9, 27], [10, 26], [11, 25]]
    without = layout(PSEUDOKNOT.replace("[", ".").replace("]", "."))
    assert np.array_equal(drawing.positions, without.positions)


def test_pairs_of_neighbours_become_arcs() -> None:
    """RNApuzzler writes outside of its memory for hairpins without a loop."""
    drawing = layout("((()(...)))")
    assert drawing.arcs.tolist() == [[2, 3]]
    assert np.isfinite(drawing.positions).all()
    assert layout("()").arcs.tolist() == [[0, 1]]


@pytest.mark.parametrize("dot_bracket", ["(...(.(.)(.)).)", "..(..((.)(.).))", "(.(.(.)(.).)).."])
def test_pairs_around_one_nucleotide_become_arcs(dot_bracket: str) -> None:
    """RNApuzzler does not come to an end for these."""
    drawing = layout(dot_bracket)
    assert len(drawing.arcs) == 2
    assert np.isfinite(drawing.positions).all()


@pytest.mark.parametrize(("dot_bracket", "length"), [(".", 1), ("..", 2), ("(.)", 3), ("(...)", 5)])
def test_tiny(dot_bracket: str, length: int) -> None:
    drawing = layout(dot_bracket)
    assert drawing.positions.shape == (length, 2)
    assert np.isfinite(drawing.positions).all()


@pytest.mark.parametrize(
    ("dot_bracket", "error"), [("", FoldingError), ("((.)", StructureError), ("x.", StructureError)]
)
def test_bad_input(dot_bracket: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        layout(dot_bracket)


def test_same_input_same_layout() -> None:
    assert np.array_equal(layout(TRNA).positions, layout(TRNA).positions)
