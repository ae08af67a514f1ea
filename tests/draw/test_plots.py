"""Arc diagrams and dot plots: what is where, and valid XML whatever the names are."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from mprna.draw.plots import PLOTS, draw_arcs, draw_dot_plot
from mprna.draw.png import png_bytes
from mprna.errors import DataError
from mprna.io.records import Record

SVG = "{http://www.w3.org/2000/svg}"
RECORD = Record(name="a <b> & c", sequence="GGGGAAAACCCC", dot_bracket="((((....))))", energy=-5.4)


def with_probs(record: Record, **pairs: float) -> Record:
    """Pairs as `i_j=probability`, 0-based."""
    probs = np.zeros((len(record.sequence),) * 2, np.float32)
    for name, probability in pairs.items():
        i, j = map(int, name[1:].split("_"))
        probs[i, j] = probs[j, i] = probability
    return dataclasses.replace(record, base_pair_probs=probs)


def titles(svg: str, element: str) -> list[str]:
    """Notes of the elements of this kind."""
    found = [node.find(f"{SVG}title") for node in ElementTree.fromstring(svg).iter(f"{SVG}{element}")]
    return [title.text or "" for title in found if title is not None]


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("length", [1, 4, 60, 700])
def test_records_of_any_length_are_drawn_inside_of_the_picture(plot: str, length: int) -> None:
    pairs = max(0, (length - 4) // 2)
    dot_bracket = "(" * pairs + "." * (length - 2 * pairs) + ")" * pairs
    record = Record(name="x", sequence="G" * length, dot_bracket=dot_bracket)
    for drawn in (record, with_probs(record), with_probs(record, **({"p0_3": 0.5} if length > 3 else {}))):
        svg = PLOTS[plot](drawn)
        root = ElementTree.fromstring(svg)
        width, height = float(root.attrib["width"]), float(root.attrib["height"])
        for node in root.iter():
            assert -1 <= float(node.attrib.get("x", 0)) <= width
            assert -1 <= float(node.attrib.get("y", 0)) <= height
        assert png_bytes(svg).startswith(b"\x89PNG")


def test_arcs_are_above_where_they_are_drawn_and_below_where_they_are_likely() -> None:
    record = with_probs(RECORD, p0_11=0.9, p1_10=0.8, p2_9=0.7, p3_8=0.6, p0_8=0.3, p1_7=0.04)
    svg = draw_arcs(record)
    assert titles(svg, "path") == ["1 12 0.90", "2 11 0.80", "3 10 0.70", "4 9 0.60", "1 9 0.30"]
    assert re.findall(r" 0 0 ([01]) ", svg) == ["1", "1", "1", "1", "0"]
    assert "probability" in svg
    assert titles(draw_arcs(RECORD), "path") == ["1 12", "2 11", "3 10", "4 9"]
    assert "probability" not in draw_arcs(RECORD)


def test_pairs_that_cross_others_are_told_by_colour() -> None:
    knot = Record(name="x", sequence="G" * 20, dot_bracket="((((..[[..))))....]]")
    colours = re.findall(r'stroke="(#\w+)" stroke-width="1\.40"', draw_arcs(knot))
    assert (len(colours), len(set(colours))) == (6, 2)


def test_dots_have_the_area_of_their_probability() -> None:
    svg = draw_dot_plot(with_probs(RECORD, p0_11=0.81, p1_10=0.25, p2_9=0.005))
    found = ElementTree.fromstring(svg).iter(f"{SVG}rect")
    dots = {
        title.text: (float(node.attrib["width"]), float(node.attrib["x"]), float(node.attrib["y"]))
        for node in found
        if (title := node.find(f"{SVG}title")) is not None
    }
    cell = dots["1 12"][0]
    assert dots["1 12 0.81"][0] == pytest.approx(0.9 * cell, abs=0.01)
    assert dots["2 11 0.25"][0] == pytest.approx(0.5 * cell, abs=0.01)
    assert len(dots) == 2 + 4
    _, x, y = dots["1 12 0.81"]
    assert x - y > 8 * cell  # above the diagonal
    _, x, y = dots["1 12"]
    assert y - x > 8 * cell
    assert "no pair probabilities" in draw_dot_plot(RECORD)


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize(
    "change", [{"dot_bracket": None}, {"dot_bracket": "..."}, {"sequence": "GGGGAAAACC!C"}, {"sequence": ""}]
)
def test_what_cannot_be_drawn_is_told(plot: str, change: dict[str, str | None]) -> None:
    with pytest.raises(DataError):
        PLOTS[plot](dataclasses.replace(RECORD, **change))  # type: ignore[arg-type]
