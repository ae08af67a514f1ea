from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from mprna.draw.histograms import Panel, even_ticks, histograms_svg

SVG = "{http://www.w3.org/2000/svg}"


def draw(*counts: list[int]) -> ET.Element:
    panels = [
        Panel(title=f"a < {i}", axis="share & unit", ticks=even_ticks(0, 1, len(bars)), counts=bars)
        for i, bars in enumerate(counts)
    ]
    return ET.fromstring(histograms_svg(panels))


def bars(group: ET.Element) -> list[float]:
    return [float(rect.attrib["height"]) for rect in group.findall(f"{SVG}rect")]


def test_heights_are_in_proportion() -> None:
    [group] = draw([1, 4, 0, 2]).findall(f"{SVG}g")
    heights = bars(group)
    assert [height / max(heights) for height in heights] == pytest.approx([0.25, 1, 0, 0.5])


def test_every_panel_is_inside_of_the_picture() -> None:
    root = draw(*([[1, 2]] * 7))
    places = [group.attrib["transform"][10:-1].split() for group in root.findall(f"{SVG}g")]
    assert len({tuple(place) for place in places}) == 7
    assert all(float(x) + 250 < float(root.attrib["width"]) for x, _ in places)
    assert all(float(y) + 150 < float(root.attrib["height"]) for _, y in places)


@pytest.mark.parametrize("counts", [[], [0, 0]])
def test_nothing_to_count(counts: list[int]) -> None:
    [group] = draw(counts).findall(f"{SVG}g")
    assert "nothing to count" in [text.text for text in group.findall(f"{SVG}text")]
