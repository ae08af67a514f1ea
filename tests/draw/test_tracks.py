"""Tracks: where things are, in pixels, and that labels do not lie on each other."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mprna.draw.tracks import Track, tracks_svg

SVG = "{http://www.w3.org/2000/svg}"
WIDTH, HEIGHT = 900, 90
"""Of a plotting area."""


def track(*values: float, error: float = 0.0) -> Track:
    return Track(title="a", values=np.array(values), errors=np.full(len(values), error))


def drawn(*tracks: Track) -> ET.Element:
    return ET.fromstring(tracks_svg(tracks, quantity="deg"))


def points(node: ET.Element, name: str) -> list[list[float]]:
    found = node.find(f".//{SVG}{name}")
    assert found is not None
    return [[float(number) for number in point.split(",")] for point in found.attrib["points"].split()]


def positions(panel: ET.Element) -> dict[int, float]:
    """Labels below an axis, and their pixels."""
    texts = [node for node in panel.iter(f"{SVG}text") if float(node.get("y", 0)) > HEIGHT]
    return {int(node.text or ""): float(node.attrib["x"]) for node in texts}


def test_a_line_is_as_high_as_the_values() -> None:
    svg = drawn(track(0.5, 1.0, 0.0))
    step = WIDTH / 3
    assert points(svg, "polyline") == [
        pytest.approx(point, abs=0.01)
        for point in ([0, 45], [step, 45], [step, 0], [2 * step, 0], [2 * step, 90], [3 * step, 90])
    ]


def test_a_band_holds_the_errors() -> None:
    heights = {y for _, y in points(drawn(track(0.5, 0.5, error=0.5)), "polygon")}
    assert heights == {0, HEIGHT}


def test_values_that_are_more_than_pixels_are_averaged() -> None:
    line = points(drawn(track(*[0.0, 2.0] * 900)), "polyline")
    assert len(line) == 2 * 900
    assert {y for _, y in line} == {0}  # all means are the same, and the highest


LENGTHS = [(1,), (9,), (20, 4_000), (100, 4_000), (183, 200), (30_000,), (3_999, 4_000)]


@pytest.mark.parametrize("lengths", LENGTHS)
def test_labels_are_apart_and_below_their_nucleotides(lengths: tuple[int, ...]) -> None:
    svg = drawn(*(track(*np.ones(length)) for length in lengths))
    for length, panel in zip(lengths, svg.iter(f"{SVG}g"), strict=False):
        labels = positions(panel)
        assert labels
        for position, x in labels.items():
            assert x == pytest.approx((position - 0.5) * WIDTH / max(lengths), abs=0.01)
            assert 1 <= position <= length
        assert min(np.diff(sorted(labels.values())), default=WIDTH) >= 20


def test_titles_are_text() -> None:
    svg = drawn(Track(title="<a&b>", values=np.ones(2), errors=np.zeros(2)))
    assert "<a&b>" in [node.text for node in svg.iter(f"{SVG}text")]
    assert "nothing to draw" in tracks_svg([], quantity="deg")
