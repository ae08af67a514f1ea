"""Heat maps: one cell per substitution, in lines, on one scale, and no scripts."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mprna.draw.heatmap import LINE_LENGTH, HeatMap, HeatMapPanel, diverging_colour, heatmaps_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def panel(length: int, value: float = 1.0, title: str = "rna") -> HeatMapPanel:
    sequence = ("ACGU" * length)[:length]
    values = np.full((4, length), value)
    maps = [HeatMap(title="energy", values=values, low_is="low", high_is="high")]
    return HeatMapPanel(title=title, sequence=sequence, maps=maps)


def cells(svg: str, fill: str) -> int:
    return sum(rect.get("fill") == fill for rect in ET.fromstring(svg).iter(f"{NAMESPACE}rect"))


def legend(svg: str, fill: str) -> int:
    return sum(
        rect.get("fill") == fill and rect.get("height") == "8"
        for rect in ET.fromstring(svg).iter(f"{NAMESPACE}rect")
    )


@pytest.mark.parametrize("length", [1, 4, LINE_LENGTH, LINE_LENGTH + 1, 250])
def test_every_substitution_is_a_cell_and_every_reference_a_dot(length):
    svg = heatmaps_svg([panel(length)])
    assert cells(svg, "#b2182b") - legend(svg, "#b2182b") == 3 * length
    assert svg.count("<circle") == length


def test_one_scale_for_all_panels():
    """A map of halves beside one of ones is paler."""
    svg = heatmaps_svg([panel(10, 0.5), panel(10, 1.0)])
    assert cells(svg, diverging_colour(0.5)) - legend(svg, diverging_colour(0.5)) == 30
    assert cells(svg, diverging_colour(1.0)) - legend(svg, diverging_colour(1.0)) == 30


def test_what_is_not_known_is_grey():
    assert cells(heatmaps_svg([panel(5, np.nan)]), "#eef1f4") == 15


def test_nothing_to_draw_and_names_that_are_markup():
    assert "nothing to draw" in heatmaps_svg([])
    svg = heatmaps_svg([panel(3, title="<script>&")])
    assert "<script" not in svg
    assert "&lt;script&gt;&amp;" in svg


def test_zero_everywhere_is_white():
    svg = heatmaps_svg([panel(5, 0.0)])
    assert cells(svg, "#f7f7f7") - legend(svg, "#f7f7f7") == 15


def test_colours_darken_from_the_middle():
    def red(value: float) -> int:
        return int(diverging_colour(value)[3:5], 16)

    assert red(0.0) > red(0.3) > red(0.6) > red(1.0)
    assert red(0.0) > red(-0.3) > red(-1.0)


def test_any_title_is_xml():
    svg = heatmaps_svg([panel(4, title="x\x01y <&>")])
    assert "x\ufffdy <&>" in [text.text for text in ET.fromstring(svg).iter(f"{NAMESPACE}text")]
