"""Labels stand beside their nucleotide, outside, and on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.draw.labels import LabelPlacer, outward_direction
from mprna.draw.layout import layout

NOTHING = np.empty((0, 2))
LADDER = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 2.0], [1.4, 2.0], [1.4, 1.0], [1.4, 0.0]])


def test_free_nucleotide_gets_its_label_where_it_looks_best() -> None:
    placer = LabelPlacer(np.zeros((1, 2)), NOTHING, distance=1.3)
    assert placer.place(0, np.array([0.0, 5.0])) == pytest.approx([0.0, 1.3])


def test_label_of_a_paired_nucleotide_is_outside_of_the_helix() -> None:
    placer = LabelPlacer(LADDER, NOTHING, distance=1.3)
    outward = outward_direction(LADDER, 4, 1)
    assert outward.tolist() == [-1.4, 0.0]
    assert placer.place(1, outward) == pytest.approx([-1.3, 1.0])


def test_obstacle_pushes_the_label_aside() -> None:
    placer = LabelPlacer(LADDER, np.array([[-1.3, 1.0]]), distance=1.3)
    centre = placer.place(1, outward_direction(LADDER, 4, 1))
    assert np.linalg.norm(centre - [-1.3, 1.0]) > 0.4
    assert centre[0] < 0


def test_labels_keep_apart() -> None:
    placer = LabelPlacer(LADDER, NOTHING, distance=1.3)
    first = placer.place(1, np.array([-1.0, 0.0]))
    second = placer.place(1, np.array([-1.0, 0.0]))
    assert np.linalg.norm(first - second) > 0.9


def test_wide_label_needs_room_on_both_sides() -> None:
    points = np.array([[0.0, 0.0], [1.0, 1.3]])
    narrow = LabelPlacer(points, NOTHING, distance=1.3).place(0, np.array([0.0, 1.0]))
    wide = LabelPlacer(points, NOTHING, distance=1.3).place(0, np.array([0.0, 1.0]), half_width=0.8)
    assert wide[0] < narrow[0]


def test_outward_of_an_unpaired_nucleotide_is_away_from_its_neighbours() -> None:
    bend = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    direction = outward_direction(bend, -1, 1)
    assert direction[0] == pytest.approx(0)
    assert direction[1] > 0
    assert outward_direction(bend[:1], -1, 0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    "dot_bracket", ["((((((((....))))))))" * 4, "(((((..((((....))))..((((....))))..)))))"]
)
def test_numbers_of_real_drawings_cover_no_nucleotide(dot_bracket: str) -> None:
    drawing = layout(dot_bracket)
    middles = drawing.positions[drawing.rungs].mean(axis=1)
    placer = LabelPlacer(drawing.positions, middles, distance=1.3)
    partner = {int(i): int(j) for pair in drawing.rungs.tolist() for i, j in (pair, pair[::-1])}
    for index in range(9, len(dot_bracket), 10):
        outward = outward_direction(drawing.positions, partner.get(index, -1), index)
        centre = placer.place(index, outward)
        assert np.linalg.norm(drawing.positions - centre, axis=1).min() > 0.7
