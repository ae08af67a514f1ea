"""Arcs of pseudoknots: ends, order and clearance."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.draw.arcs import arc_controls, arc_points
from mprna.draw.layout import layout


def heights(positions: np.ndarray, arcs: np.ndarray) -> np.ndarray:
    """Signed distance of every control point from its chord, as a share of the chord."""
    starts, ends = positions[arcs[:, 0]], positions[arcs[:, 1]]
    across, lift = ends - starts, arc_controls(positions, arcs) - (starts + ends) / 2
    return (lift[:, 0] * across[:, 1] - lift[:, 1] * across[:, 0]) / (across**2).sum(axis=1)


def test_points_lie_on_the_curve() -> None:
    start, control, end = np.array([0.0, 0.0]), np.array([1.0, 2.0]), np.array([2.0, 0.0])
    points = arc_points(start, control, end)
    np.testing.assert_allclose(points[:, 0], np.arange(1, 10) / 5)
    np.testing.assert_allclose(points[:, 1], points[:, 0] * (2 - points[:, 0]))


def test_no_arcs() -> None:
    assert arc_controls(np.zeros((3, 2)), np.empty((0, 2), dtype=np.int64)).shape == (0, 2)


def test_only_two_nucleotides() -> None:
    controls = arc_controls(np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([[0, 1]]))
    assert np.isfinite(controls).all()


def test_arc_bends_to_the_free_side() -> None:
    line = np.stack([np.arange(11.0), np.zeros(11)], axis=1)
    crowd = np.stack([np.arange(11.0), np.full(11, 2.0)], axis=1)
    positions = np.concatenate([line, crowd])
    ((_, y),) = arc_controls(positions, np.array([[0, 10]])).tolist()
    assert y < 0


@pytest.mark.parametrize("dot_bracket", ["..(((((..[[[.))))).......]]]", "((((((..[[[[..))))))...]].]]...."])
def test_pairs_of_one_helix_bend_alike(dot_bracket: str) -> None:
    drawing = layout(dot_bracket)
    measured = heights(drawing.positions, drawing.arcs)
    assert np.allclose(measured, measured[0])
    assert abs(measured[0]) >= 0.4


def test_bulge_does_not_part_a_helix() -> None:
    positions = np.random.default_rng(7).uniform(0, 20, size=(34, 2))
    helix, with_bulge = np.array([[4, 30], [5, 29], [6, 28]]), np.array([[4, 30], [5, 29], [8, 26]])
    for arcs in (helix, with_bulge):
        assert np.allclose(heights(positions, arcs), heights(positions, arcs)[0])
