"""Reliability curves, read back as XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from mprna.draw.reliability import Curve, draw_reliability


def test_every_point_stands_at_its_height_with_its_interval() -> None:
    low, high = Curve([0.25], [[0.5, 0.4, 0.6]]), Curve([0.25, 1.0], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    root = ET.fromstring(draw_reliability(low, (low, high), (high, high)))
    points = [circle for circle in root.findall(".//{*}circle") if circle.get("r") == "3.5"]
    assert len(points) == 1 + 3 + 4
    assert [float(points[0].get(key, "")) for key in ("cx", "cy")] == [62 + 60, 62 + 120]
    (bar,) = [line for line in root.findall(".//{*}line") if line.get("y1") == f"{62 + 0.6 * 240:.1f}"][:1]
    assert bar.get("y2") == f"{62 + 0.4 * 240:.1f}"
    assert len(root.findall(".//{*}polyline")) == 5
