"""Reliability curves as one SVG: predicted against observed.

Shape letters: B bins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import BLUE, QUIET, VERMILION, svg_document

_SIDE: Final = 240.0  # pixels of a panel
_LEFT, _TOP, _GAP, _BOTTOM = 62.0, 62.0, 66.0, 58.0
_RAW, _FITTED = VERMILION, BLUE


class Curve(NamedTuple):
    """Points of a reliability curve, 0 to 1."""

    predicted: Sequence[float]
    """*Shape:* (B,)"""
    observed: Sequence[Sequence[float]]
    """Each with the ends of its interval. *Shape:* (B, 3)"""


Panel = tuple[str, Sequence[tuple[Curve, str]]]
"""A title, and curves with their colours."""


def draw_reliability(f1: Curve, paired: tuple[Curve, Curve], unpaired: tuple[Curve, Curve]) -> str:
    """Three panels: pair F1 of RNAs, states of paired and of unpaired nucleotides.

    Args:
        f1: of calibrated values.
        paired, unpaired: ViennaRNA's own, and calibrated.
    """
    panels: list[Panel] = [
        ("Pair F1 of RNAs", [(f1, _FITTED)]),
        ("Paired nucleotides", list(zip(paired, (_RAW, _FITTED), strict=True))),
        ("Unpaired nucleotides", list(zip(unpaired, (_RAW, _FITTED), strict=True))),
    ]
    legend = {"ViennaRNA": _RAW, "calibrated, cross-validated": _FITTED}
    return reliability_svg(panels, legend, title="Reliability of structure annotations")


def reliability_svg(
    panels: Sequence[Panel], legend: dict[str, str], *, title: str, num_columns: int = 3
) -> str:
    """Panels in rows, 0 to 1 on both axes, with the diagonal.

    Args:
        legend: names to colours, above the panels.
        title: for screen readers.
    """
    rows = -(-len(panels) // num_columns)
    width = _LEFT + min(len(panels), num_columns) * (_SIDE + _GAP)
    height = rows * (_TOP + _SIDE + _BOTTOM)
    body = list(_legend(legend))
    for number, (name, curves) in enumerate(panels):
        row, column = divmod(number, num_columns)
        place = f"{column * (_SIDE + _GAP):g} {row * (_TOP + _SIDE + _BOTTOM):g}"
        body += [f'<g transform="translate({place})">', *_panel(name, curves), "</g>"]
    return svg_document(width, height, body, label=title)


def _legend(legend: dict[str, str]) -> Iterator[str]:
    x = _LEFT
    for name, colour in legend.items():
        yield f'<circle cx="{x + 5:g}" cy="20" r="4.5" fill="{colour}"/>'
        yield _text(x + 16, 24.5, name, anchor="start")
        x += 36 + 7 * len(name)


def _panel(title: str, curves: Sequence[tuple[Curve, str]]) -> Iterator[str]:
    bottom = _TOP + _SIDE
    yield _text(_LEFT + _SIDE / 2, _TOP - 12, title, size=14, weight=700)
    frame = f'x="{_LEFT:g}" y="{_TOP:g}" width="{_SIDE:g}" height="{_SIDE:g}"'
    yield f'<rect {frame} fill="none" stroke="{QUIET}"/>'
    yield (
        f'<line x1="{_LEFT:g}" y1="{bottom:g}" x2="{_LEFT + _SIDE:g}" y2="{_TOP:g}" stroke="{QUIET}" '
        'stroke-dasharray="4 4"/>'
    )
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        yield _text(_LEFT + tick * _SIDE, bottom + 18, f"{tick:g}")
        yield _text(_LEFT - 7, bottom - tick * _SIDE + 4.5, f"{tick:g}", anchor="end")
    yield _text(_LEFT + _SIDE / 2, bottom + 38, "predicted")
    x, y = _LEFT - 42, _TOP + _SIDE / 2
    yield f'<g transform="rotate(-90 {x:g} {y:g})">{_text(x, y, "observed")}</g>'
    for curve, colour in curves:
        yield from _curve(curve, colour)


def _curve(curve: Curve, colour: str) -> Iterator[str]:
    """Points with intervals, joined by a line."""
    points = [
        (_LEFT + share * _SIDE, [_height(end) for end in ends]) for share, ends in zip(*curve, strict=True)
    ]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, (y, _, _) in points)
    yield f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    for x, (y, low, high) in points:
        yield f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" stroke="{colour}"/>'
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'


def _height(share: float) -> float:
    return _TOP + _SIDE * (1.0 - share)


def _text(
    x: float, y: float, text: str, *, size: float = 12.5, weight: int = 400, anchor: str = "middle"
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" fill="{DARK_TEXT}" '
        f'text-anchor="{anchor}">{text}</text>'
    )
