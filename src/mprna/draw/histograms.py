"""Histograms side by side in one SVG, in the look of the other drawings.

Shape letters: B bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import AXIS, BLUE, svg_document, xml_text

_COLUMNS: Final = 3
_PANEL: Final = (250.0, 150.0)
"""Width and height of the plotting area, in pixels."""

_GAP: Final = (56.0, 78.0)
_MARGIN: Final = (58.0, 44.0)
_BAR: Final = BLUE


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One histogram.

    Args:
        title: above the panel.
        axis: below it, the quantity and its unit.
        ticks: labels under the bars, as (position from 0 to B, text).
        counts: height of every bar. *Shape:* (B,)
    """

    title: str
    axis: str
    ticks: Sequence[tuple[float, str]]
    counts: Sequence[int]


def histograms_svg(panels: Sequence[Panel]) -> str:
    """A grid of panels, three in a row; each has its own scale."""
    num_rows = -(-len(panels) // _COLUMNS)
    width = _MARGIN[0] + _COLUMNS * (_PANEL[0] + _GAP[0])
    height = _MARGIN[1] + num_rows * (_PANEL[1] + _GAP[1])
    body: list[str] = []
    for index, panel in enumerate(panels):
        x = _MARGIN[0] + index % _COLUMNS * (_PANEL[0] + _GAP[0])
        y = _MARGIN[1] + index // _COLUMNS * (_PANEL[1] + _GAP[1])
        body += [f'<g transform="translate({x:g} {y:g})">', *_panel(panel), "</g>"]
    return svg_document(width, height, body)


def even_ticks(first: float, last: float, num_bins: int) -> list[tuple[float, str]]:
    """Five labels from the lower end of the first bin to the upper end of the last.

    >>> even_ticks(0, 1, 20)
    [(0.0, '0'), (5.0, '0.25'), (10.0, '0.5'), (15.0, '0.75'), (20.0, '1')]
    """
    quarters = [i / 4 for i in range(5)]
    return [(part * num_bins, f"{first + part * (last - first):g}") for part in quarters]


def _panel(panel: Panel) -> Iterator[str]:
    width, height = _PANEL
    highest = max(panel.counts, default=0)
    yield f'<text y="-14" font-size="14" fill="{DARK_TEXT}">{xml_text(panel.title)}</text>'
    if not highest:
        yield f'<text x="{width / 2:g}" y="{height / 2:g}" text-anchor="middle">nothing to count</text>'
        return
    step = width / len(panel.counts)
    for index, count in enumerate(panel.counts):
        bar = height * count / highest
        yield (
            f'<rect x="{index * step + 0.5:.2f}" y="{height - bar:.2f}" width="{max(step - 1, 0.5):.2f}" '
            f'height="{bar:.2f}" fill="{_BAR}"/>'
        )
    yield f'<path d="M0 0V{height:g}H{width:g}" fill="none" stroke="{AXIS}"/>'
    yield f'<text x="-6" y="8" text-anchor="end">{_short(highest)}</text>'
    yield f'<text x="-6" y="{height:g}" text-anchor="end">0</text>'
    for position, text in panel.ticks:
        x = position * step
        yield f'<text x="{x:.2f}" y="{height + 16:g}" text-anchor="middle">{xml_text(text)}</text>'
    yield f'<text x="{width / 2:g}" y="{height + 34:g}" text-anchor="middle">{xml_text(panel.axis)}</text>'


def _short(count: int) -> str:
    """A count in at most four digits.

    >>> _short(950), _short(46170), _short(278447332)
    ('950', '46.2k', '278M')
    """
    for size, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)
