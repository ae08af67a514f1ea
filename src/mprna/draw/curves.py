"""Curves side by side in one SVG, in the look of the histograms.

Shape letters: N points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from mprna.draw.colours import DARK_TEXT

Curve = tuple[str, Sequence[float], Sequence[float]]
"""Title, x and y. *Shape:* (N,) each"""

_COLUMNS: Final = 3
_PANEL: Final = (250.0, 150.0)
_CELL: Final = (320.0, 220.0)
_MARGIN: Final = (64.0, 44.0)
_FONT: Final = "Roboto, 'Helvetica Neue', Helvetica, Arial, sans-serif"


def curves_svg(curves: Sequence[Curve]) -> str:
    """A grid of panels, three in a row; each has its own scale."""
    num_rows = -(-len(curves) // _COLUMNS)
    width, height = _COLUMNS * _CELL[0] + _MARGIN[0], num_rows * _CELL[1] + _MARGIN[1]
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{_FONT}" font-size="12" fill="#52606d">',
        f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>',
    ]
    for index, curve in enumerate(curves):
        x = _MARGIN[0] + index % _COLUMNS * _CELL[0]
        y = _MARGIN[1] + index // _COLUMNS * _CELL[1]
        lines += [f'<g transform="translate({x:g} {y:g})">', *_panel(*curve), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def _panel(title: str, x: Sequence[float], y: Sequence[float]) -> Iterator[str]:
    width, height = _PANEL
    across, up = _scaled(x, width), _scaled(y, height)
    points = " ".join(f"{a:.1f},{height - b:.1f}" for a, b in zip(across, up, strict=True))
    yield f'<text y="-14" font-size="14" fill="{DARK_TEXT}">{escape(title)}</text>'
    yield f'<path d="M0 0V{height:g}H{width:g}" fill="none" stroke="#9aa5b1"/>'
    yield f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="1.5"/>'
    yield f'<text x="-6" y="8" text-anchor="end">{max(y):.4g}</text>'
    yield f'<text x="-6" y="{height:g}" text-anchor="end">{min(y):.4g}</text>'
    yield f'<text y="{height + 16:g}">{min(x):g}</text>'
    yield f'<text x="{width:g}" y="{height + 16:g}" text-anchor="end">{max(x):g}</text>'
    yield f'<text x="{width / 2:g}" y="{height + 16:g}" text-anchor="middle">step</text>'


def _scaled(values: Sequence[float], size: float) -> list[float]:
    """From 0 for the least to `size` for the most; the middle where all are equal.

    >>> _scaled([1.0, 3.0, 2.0], 10)
    [0.0, 10.0, 5.0]
    """
    low, span = min(values), max(values) - min(values)
    return [size * (value - low) / span if span else size / 2 for value in values]
