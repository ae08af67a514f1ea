"""A quantity along several sequences, one above the other on one scale, as SVG.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import AXIS, BLUE, svg_document, xml_text

_PANEL: Final = (900.0, 90.0)
"""Width and height of a plotting area, in pixels."""

_GAP: Final = 54.0
_MARGIN: Final = (58.0, 40.0)
_BAND: Final = "#b5d6ea"
_STEPS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)
_MAX_TICKS: Final = 12


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """One sequence: values with a band of plus and minus `errors`. *Shape:* (L,) each, L of 1 or more"""

    title: str
    values: npt.NDArray[np.floating]
    errors: npt.NDArray[np.floating]


def tracks_svg(tracks: Sequence[Track], *, quantity: str) -> str:
    """All tracks on the same scales; where nucleotides are more than pixels, neighbours are averaged."""
    longest = max((len(track.values) for track in tracks), default=1)
    binned = [_binned(track, -(-longest // int(_PANEL[0]))) for track in tracks]
    highest = max([float((t.values + t.errors).max()) for t in binned] + [1e-6])
    width = _MARGIN[0] + _PANEL[0] + 20
    height = _MARGIN[1] + max(len(tracks), 1) * (_PANEL[1] + _GAP)
    body: list[str] = []
    if not tracks:
        body.append(f'<text x="{_MARGIN[0]:g}" y="{_MARGIN[1]:g}">nothing to draw</text>')
    for index, (track, bins) in enumerate(zip(tracks, binned, strict=True)):
        y = _MARGIN[1] + index * (_PANEL[1] + _GAP)
        span = _PANEL[0] * len(track.values) / longest
        body += [
            f'<g transform="translate({_MARGIN[0]:g} {y:g})">',
            *_panel(bins, len(track.values), span, highest, quantity),
            "</g>",
        ]
    return svg_document(width, height, body)


def _panel(bins: Track, length: int, span: float, highest: float, quantity: str) -> Iterator[str]:
    height = _PANEL[1]
    step = span / len(bins.values)
    x = np.repeat(np.arange(len(bins.values) + 1) * step, 2)[1:-1]
    upper, lower, middle = (
        np.repeat(height * (1 - np.clip(values / highest, 0, 1)), 2)
        for values in (bins.values + bins.errors, bins.values - bins.errors, bins.values)
    )
    outline = _points(np.concatenate([x, x[::-1]]), np.concatenate([upper, lower[::-1]]))
    yield f'<text y="-10" font-size="14" fill="{DARK_TEXT}">{xml_text(bins.title)}</text>'
    yield f'<polygon points="{outline}" fill="{_BAND}"/>'
    yield f'<polyline points="{_points(x, middle)}" fill="none" stroke="{BLUE}"/>'
    yield f'<path d="M0 0V{height:g}H{span:.2f}" fill="none" stroke="{AXIS}"/>'
    yield f'<text x="-6" y="8" text-anchor="end">{highest:.2g}</text>'
    yield f'<text x="-6" y="{height:g}" text-anchor="end">0</text>'
    turned = f'transform="translate(-34 {height / 2:g}) rotate(-90)"'
    yield f'<text {turned} text-anchor="middle">{xml_text(quantity)}</text>'
    for position in _ticks(length, span):
        yield (
            f'<text x="{(position - 0.5) * span / length:.2f}" y="{height + 16:g}" '
            f'text-anchor="middle">{position}</text>'
        )


def _ticks(length: int, span: float) -> list[int]:
    """Positions from 1, round numbers, not crowded; where there is no room for two, the last one alone."""
    room = round(_MAX_TICKS * span / _PANEL[0])
    if room < 2:
        return [length]
    step = next((step for step in _STEPS if length / step <= room), length)
    return [1, *range(step, length + 1, step)] if step > 1 else list(range(1, length + 1))


def _binned(track: Track, size: int) -> Track:
    """Means of `size` neighbours."""
    starts = np.arange(0, len(track.values), size)
    counts = np.diff(np.append(starts, len(track.values)))
    values, errors = (np.add.reduceat(array, starts) / counts for array in (track.values, track.errors))
    return Track(title=track.title, values=values, errors=errors)


def _points(x: npt.NDArray[np.floating], y: npt.NDArray[np.floating]) -> str:
    return " ".join(f"{a:.2f},{b:.2f}" for a, b in zip(x, y, strict=True))
