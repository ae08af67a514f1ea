"""Effects of all substitutions of a sequence as heat maps, in lines below each other, as SVG.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import AXIS, svg_document, xml_text

LINE_LENGTH: Final = 100
"""Nucleotides per line."""

_CELL: Final = (10.0, 10.0)
_MARGIN: Final = (146.0, 30.0)
_LEGEND_WIDTH: Final = 190.0
_TITLE_HEIGHT: Final = 30.0
_LETTERS_HEIGHT: Final = 15.0
_LINE_GAP: Final = 26.0
_MAP_GAP: Final = 5.0
_NO_DATA: Final = "#eef1f4"
_REFERENCE: Final = AXIS
_LOW, _MIDDLE, _HIGH = ((33, 102, 172), (247, 247, 247), (178, 24, 43))
"""Ends and middle of ColorBrewer RdBu, which survive the common kinds of colour blindness."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatMap:
    """One quantity: 0 is white, `high_is` and `low_is` name what red and blue mean."""

    title: str
    values: npt.NDArray[np.floating]
    """Rows A C G U; NaN where there is none. *Shape:* (4, L)"""
    low_is: str
    high_is: str


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatMapPanel:
    """One sequence and its maps."""

    title: str
    sequence: str
    maps: Sequence[HeatMap]


def heatmaps_svg(panels: Sequence[HeatMapPanel]) -> str:
    """All panels below each other; each quantity has one scale over all of them, even on both sides of 0."""
    names = list(dict.fromkeys(m.title for panel in panels for m in panel.maps))
    scales = {name: _scale([m for panel in panels for m in panel.maps if m.title == name]) for name in names}
    longest = max((min(len(panel.sequence), LINE_LENGTH) for panel in panels), default=1)
    width = _MARGIN[0] + max(longest * _CELL[0] + 24, _LEGEND_WIDTH * max(len(names), 1))
    body: list[str] = []
    y = _MARGIN[1]
    for panel in panels:
        body += [f'<g transform="translate(0 {y:g})">', *_panel(panel, scales), "</g>"]
        y += _panel_height(panel)
    if not panels:
        body.append(f'<text x="{_MARGIN[0]:g}" y="{y:g}">nothing to draw</text>')
        y += _TITLE_HEIGHT
    return svg_document(width, y, body, font_size=10)


def diverging_colour(value: float) -> str:
    """Blue at -1, white at 0, red at 1; values beyond take the nearest end.

    >>> diverging_colour(-2.0), diverging_colour(0.0), diverging_colour(1.0)
    ('#2166ac', '#f7f7f7', '#b2182b')
    """
    place = min(max(value, -1.0), 1.0)
    end = _LOW if place < 0 else _HIGH
    rgb = [round(middle + (far - middle) * abs(place)) for middle, far in zip(_MIDDLE, end, strict=True)]
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def _scale(maps: Sequence[HeatMap]) -> float:
    """The 99th percentile of absolute values, so that one outlier does not pale the rest."""
    sizes = np.concatenate([np.abs(m.values[np.isfinite(m.values)]) for m in maps])
    return float(np.percentile(sizes, 99)) or 1.0 if len(sizes) else 1.0


def _map_height() -> float:
    return len(NUCLEOTIDES) * _CELL[1] + _MAP_GAP


def _line_height(num_maps: int) -> float:
    return _LETTERS_HEIGHT + num_maps * _map_height() + _LINE_GAP


def _panel_height(panel: HeatMapPanel) -> float:
    num_lines = -(-len(panel.sequence) // LINE_LENGTH)
    return 2 * _TITLE_HEIGHT + num_lines * _line_height(len(panel.maps))


def _panel(panel: HeatMapPanel, scales: dict[str, float]) -> Iterator[str]:
    yield f'<text x="16" y="0" font-size="14" fill="{DARK_TEXT}">{xml_text(panel.title)}</text>'
    for index, heat_map in enumerate(panel.maps):
        yield f'<g transform="translate({_MARGIN[0] + index * (_LEGEND_WIDTH + 110):g} 12)">'
        yield from _legend(heat_map, scales[heat_map.title])
        yield "</g>"
    for number, start in enumerate(range(0, len(panel.sequence), LINE_LENGTH)):
        y = 2 * _TITLE_HEIGHT + number * _line_height(len(panel.maps))
        yield f'<g transform="translate({_MARGIN[0]:g} {y:g})">'
        yield from _line(panel, start, scales)
        yield "</g>"


def _line(panel: HeatMapPanel, start: int, scales: dict[str, float]) -> Iterator[str]:
    end = min(start + LINE_LENGTH, len(panel.sequence))
    for index, position in enumerate(range(start, end)):
        x = (index + 0.5) * _CELL[0]
        yield (
            f'<text x="{x:g}" y="{_LETTERS_HEIGHT - 4:g}" text-anchor="middle" fill="{DARK_TEXT}" '
            f'font-size="9">{xml_text(panel.sequence[position])}</text>'
        )
        if (position + 1) % 10 == 0 or position == 0:
            yield f'<text x="{x:g}" y="0" text-anchor="middle" font-size="8">{position + 1}</text>'
    for number, heat_map in enumerate(panel.maps):
        y = _LETTERS_HEIGHT + number * _map_height()
        middle = y + len(NUCLEOTIDES) * _CELL[1] / 2 + 3
        yield f'<text x="-22" y="{middle:g}" text-anchor="end">{xml_text(heat_map.title)}</text>'
        for row, letter in enumerate(NUCLEOTIDES):
            top = y + row * _CELL[1]
            yield f'<text x="-6" y="{top + 8:g}" text-anchor="end" font-size="8">{letter}</text>'
            yield from _cells(panel.sequence, heat_map, row, start, end, top, scales[heat_map.title])


def _cells(
    sequence: str, heat_map: HeatMap, row: int, start: int, end: int, top: float, scale: float
) -> Iterator[str]:
    for index, position in enumerate(range(start, end)):
        x = index * _CELL[0]
        value = float(heat_map.values[row, position])
        if sequence[position] == NUCLEOTIDES[row]:
            cx, cy = x + _CELL[0] / 2, top + _CELL[1] / 2
            yield f'<circle cx="{cx:g}" cy="{cy:g}" r="1.5" fill="{_REFERENCE}"/>'
            continue
        fill = diverging_colour(value / scale) if np.isfinite(value) else _NO_DATA
        yield (
            f'<rect x="{x + 0.25:g}" y="{top + 0.25:g}" width="{_CELL[0] - 0.5:g}" '
            f'height="{_CELL[1] - 0.5:g}" fill="{fill}"/>'
        )


def _legend(heat_map: HeatMap, scale: float) -> Iterator[str]:
    steps = 41
    step = _LEGEND_WIDTH / steps
    yield f'<text y="6" font-size="10" fill="{DARK_TEXT}">{xml_text(heat_map.title)}</text>'
    for index in range(steps):
        fill = diverging_colour(2 * index / (steps - 1) - 1)
        yield f'<rect x="{index * step:.2f}" y="10" width="{step + 0.3:.2f}" height="8" fill="{fill}"/>'
    low, high = f"−{scale:.2g} {heat_map.low_is}", f"{heat_map.high_is} {scale:.2g}"
    yield f'<text y="28" font-size="9">{xml_text(low)}</text>'
    yield f'<text x="{_LEGEND_WIDTH / 2:g}" y="28" text-anchor="middle" font-size="9">0</text>'
    yield f'<text x="{_LEGEND_WIDTH:g}" y="28" text-anchor="end" font-size="9">{xml_text(high)}</text>'
