"""The figure of the model is drawn by docs/generate_figure.py and names what there is."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mprna.objectives.mixture import ObjectiveConfig

from .conftest import module_of


@pytest.fixture(scope="module")
def generator():
    """docs/generate_figure.py."""
    return module_of("docs/generate_figure.py")


def test_the_figure_is_not_stale(generator):
    assert generator.FIGURE.read_text() == generator.figure(), "run `make docs`"


def test_every_objective_is_in_it_with_its_weight(generator):
    text = "\n".join(ET.fromstring(generator.figure()).itertext())
    for name, weight in ObjectiveConfig().weights.items():
        assert f"{name} · " in text
        assert f"weight {weight:g}" in text


def test_boxes_stay_apart_and_inside(generator):
    boxes = generator.boxes()
    for i, a in enumerate(boxes):
        assert a.x >= 0
        assert a.x + a.width <= generator.WIDTH
        assert a.y + a.height <= generator.HEIGHT
        for b in boxes[i + 1 :]:
            apart_x = a.x + a.width <= b.x or b.x + b.width <= a.x
            assert apart_x or a.y + a.height <= b.y or b.y + b.height <= a.y, (a.lines, b.lines)
