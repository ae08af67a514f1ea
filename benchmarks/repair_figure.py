"""Predicted and observed shares of substitutions, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import BLUE, QUIET, svg_document

SIDE = 260.0
"""Of a square panel, pixels."""
LEFT, TOP, GAP = 70.0, 40.0, 90.0
DECADES = (-3.5, -0.5)
"""Ends of both axes."""
TICKS = (0.001, 0.003, 0.01, 0.03, 0.1)


class Point(NamedTuple):
    """One bin of a reliability curve."""

    predicted: float
    observed: float
    low: float
    """Of the interval of `observed`."""
    high: float


def figure(curves: Mapping[str, Sequence[Point]]) -> str:
    """Predicted against observed on logarithmic scales, side by side."""
    width, height = LEFT + len(curves) * (SIDE + GAP) - GAP + 30, TOP + SIDE + 60
    lines: list[str] = []
    for number, (title, points) in enumerate(curves.items()):
        x0 = LEFT + number * (SIDE + GAP)
        lines += [
            f'<g transform="translate({x0:g} {TOP:g})" fill="{DARK_TEXT}">',
            *_axes(title),
            *_marks(points),
            "</g>",
        ]
    return svg_document(width, height, lines, label="Reliability of mutation repair")


def _axes(title: str) -> Iterator[str]:
    yield f'<text x="{SIDE / 2:g}" y="-14" text-anchor="middle" font-weight="700">{title}</text>'
    yield f'<rect width="{SIDE:g}" height="{SIDE:g}" fill="none" stroke="{QUIET}"/>'
    yield f'<line y1="{SIDE:g}" x2="{SIDE:g}" stroke="{QUIET}" stroke-dasharray="4 4"/>'
    yield f'<text x="{SIDE / 2:g}" y="{SIDE + 40:g}" text-anchor="middle">predicted</text>'
    yield f'<text transform="translate(-48 {SIDE / 2:g}) rotate(-90)" text-anchor="middle">observed</text>'
    for tick in TICKS:
        place = _place(tick)
        yield f'<text x="{place:.1f}" y="{SIDE + 18:g}" text-anchor="middle">{tick:g}</text>'
        yield f'<text x="-7" y="{SIDE - place + 4:.1f}" text-anchor="end">{tick:g}</text>'


def _marks(points: Sequence[Point]) -> Iterator[str]:
    for point in points:
        x, y, y_low, y_high = _place(point.predicted), *(SIDE - _place(value) for value in point[1:])
        yield f'<line x1="{x:.1f}" y1="{y_low:.1f}" x2="{x:.1f}" y2="{y_high:.1f}" stroke="{BLUE}"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{BLUE}"/>'


def _place(share: float) -> float:
    """Along an axis, pixels."""
    first, last = DECADES
    return float(SIDE * (np.log10(np.clip(share, 10**first, 10**last)) - first) / (last - first))
