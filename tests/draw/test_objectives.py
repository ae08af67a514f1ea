"""Letters, frames and arcs of the objectives."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from mprna.draw.objectives import Arcs, Strip, objectives_svg


def test_every_letter_frame_and_pair_is_drawn_once() -> None:
    lines = [Strip("read & shown", "A?GU", frozenset({3})), Strip("wanted", " C  "), Arcs("pairs", "(..)")]
    root = ET.fromstring(objectives_svg(lines))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["read & shown", "A", "?", "G", "U", "wanted", "C", "pairs"]
    framed = [element for element in root.iter() if element.get("stroke") == "#d55e00"]
    assert [element.get("x") for element in framed] == ["42"]
    arcs = [element.get("d") for element in root.iter() if element.get("stroke") == "#0072b2"]
    assert [path[:2] for path in arcs if path] == ["M7"]
    assert all(float(element.get("x", "0")) + 14 <= float(root.get("width", "")) for element in root.iter())
