"""Curves side by side in one SVG, in the look of the histograms.

Shape letters: N points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import AXIS, BLUE, VERMILION, svg_document, xml_text

COLOURS: Final = (BLUE, VERMILION)
"""Colours of the first and the second line."""

_PANEL: Final = (250.0, 150.0)
_CELL: Final = (320.0, 220.0)
_MARGIN: Final = (64.0, 44.0)


@dataclass(frozen=True, slots=True)
class Line:
    """*Shape:* (N,) each"""

    x: Sequence[float]
    y: Sequence[float]
    name: str = ""
    """Below the panel; nothing where one line is alone."""


@dataclass(frozen=True, slots=True)
class Plot:
    """One panel: one or two lines on one scale."""

    title: str
    lines: Sequence[Line]
    axis: str = "step"
    """What x is."""


def curves_svg(plots: Sequence[Plot], *, columns: int = 3) -> str:
    """A grid of panels; each has its own scale."""
    num_rows = -(-len(plots) // columns)
    num_columns = min(columns, len(plots))
    body: list[str] = []
    for index, plot in enumerate(plots):
        x = _MARGIN[0] + index % columns * _CELL[0]
        y = _MARGIN[1] + index // columns * _CELL[1]
        body += [f'<g transform="translate({x:g} {y:g})">', *_panel(plot), "</g>"]
    label = ", ".join(plot.title for plot in plots)
    width, height = num_columns * _CELL[0] + _MARGIN[0], num_rows * _CELL[1] + _MARGIN[1]
    return svg_document(width, height, body, label=label)


def _panel(plot: Plot) -> Iterator[str]:
    width, height = _PANEL
    x_all = [value for line in plot.lines for value in line.x]
    y_all = [value for line in plot.lines for value in line.y]
    yield f'<text y="-14" font-size="14" fill="{DARK_TEXT}">{xml_text(plot.title)}</text>'
    yield f'<path d="M0 0V{height:g}H{width:g}" fill="none" stroke="{AXIS}"/>'
    for number, line in enumerate(plot.lines):
        colour = COLOURS[number % len(COLOURS)]
        across, up = _scaled(line.x, x_all, width), _scaled(line.y, y_all, height)
        points = " ".join(f"{a:.1f},{height - b:.1f}" for a, b in zip(across, up, strict=True))
        yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        if line.name:
            x, y = 72 * number, height + 34
            yield f'<text x="{x:g}" y="{y:g}" fill="{colour}">{xml_text(line.name)}</text>'
    yield f'<text x="-6" y="8" text-anchor="end">{max(y_all):.4g}</text>'
    yield f'<text x="-6" y="{height:g}" text-anchor="end">{min(y_all):.4g}</text>'
    yield f'<text y="{height + 16:g}">{_number(min(x_all))}</text>'
    yield f'<text x="{width:g}" y="{height + 16:g}" text-anchor="end">{_number(max(x_all))}</text>'
    yield f'<text x="{width / 2:g}" y="{height + 16:g}" text-anchor="middle">{xml_text(plot.axis)}</text>'


def _number(value: float) -> str:
    """A step as it is, other numbers with three digits.

    >>> _number(12345), _number(0.0408243)
    ('12345', '0.0408')
    """
    return f"{value:.0f}" if value == int(value) else f"{value:.3g}"


def _scaled(values: Sequence[float], among: Sequence[float], size: float) -> list[float]:
    """From 0 for the least of all to `size` for the most; the middle where all are equal.

    >>> _scaled([1.0, 2.0], [1.0, 3.0, 2.0], 10)
    [0.0, 5.0]
    """
    low, span = min(among), max(among) - min(among)
    return [size * (value - low) / span if span else size / 2 for value in values]
