"""Bar charts of a table as SVG: a panel per task, a bar per model, whiskers for the intervals.

Bars begin at zero. A model has one colour in all panels. Published numbers are pale, in a broken line and
without whiskers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any, Final

from mprna.bench.table import Column, Table
from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import BLUE, VERMILION, svg_document, xml_text

COLOURS: Final = (BLUE, "#e69f00", "#009e73", "#cc79a7", "#56b4e9", VERMILION, "#b8a200", "#5f6b77")
"""Okabe and Ito's palette, darker where it must be seen on white; more models begin again."""
PUBLISHED: Final = "#8a94a0"
_PALE: Final = f'fill="#eceff2" stroke="{PUBLISHED}" stroke-dasharray="3 2"'

_INK: Final = f'fill="{DARK_TEXT}"'

WIDTH: Final = 320
_ROW: Final = 36
_HEAD: Final = 30
_BAR: Final = 10
_SIDE: Final = 8
_LETTER: Final = 7
"""Width of a letter, on average at most."""
_COLUMNS: Final = 3
_GAP: Final = 24


@dataclass(frozen=True, slots=True)
class Bar:
    """One model in a panel."""

    name: str
    value: float
    low: float
    """Lower end of the 95 % interval; nan if there is none."""
    high: float
    colour: str
    text: str = ""
    """The value as it is written; three digits where empty."""


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        return _HEAD + _ROW * len(self.bars)


@dataclass(frozen=True, slots=True)
class Figure:
    """Drawings that belong together."""

    title: str
    note: str
    drawings: Sequence[str]
    """SVG documents, which a page sets as wide as it is."""
    whole: str
    """All in one SVG."""


def measured_panels(table: Table, suite: str = "") -> list[Panel]:
    """A panel for every task by its first metric, models in the order of the table.

    Args:
        suite: only its tasks; all where empty.
    """
    colours = {model: COLOURS[number % len(COLOURS)] for number, model in enumerate(table.models)}
    first: dict[str, Column] = {}
    for column in table.columns:
        if column.task.startswith(f"{suite}/" if suite else ""):
            first.setdefault(column.task, column)
    return [
        Panel(
            column.title,
            tuple(
                Bar(cell.model, cell.mean, cell.low, cell.high, colours[cell.model])
                for model in table.models
                for cell in column.cells
                if cell.model == model
            ),
        )
        for column in first.values()
    ]


def published_panels(block: dict[str, Any]) -> list[Panel]:
    """A panel for every column of a block of published numbers."""
    nan = float("nan")
    return [
        Panel(
            f"{name}, published",
            tuple(
                Bar(row[0], float(row[1 + number]), nan, nan, PUBLISHED, row[1 + number])
                for row in block["rows"]
            ),
        )
        for number, name in enumerate(block["columns"])
    ]


def panel_svg(panel: Panel) -> str:
    """One panel as an SVG of its own."""
    return svg_document(WIDTH, panel.height, _panel(panel), label=panel.title)


def chart_svg(panels: Sequence[Panel]) -> str:
    """All panels in one SVG, three in a row."""
    rows = [panels[start : start + _COLUMNS] for start in range(0, len(panels), _COLUMNS)]
    parts: list[str] = []
    top = _GAP
    for row in rows:
        for number, panel in enumerate(row):
            parts += [
                f'<g transform="translate({_GAP + number * (WIDTH + _GAP)} {top})">',
                *_panel(panel),
                "</g>",
            ]
        top += max(panel.height for panel in row) + _GAP
    return svg_document(_COLUMNS * (WIDTH + _GAP) + _GAP, top, parts, label="bar charts")


def _panel(panel: Panel) -> Iterator[str]:
    ends = [end for bar in panel.bars for end in (bar.value, bar.low, bar.high) if isfinite(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    scale = (WIDTH - 2 * _SIDE) / ((high - low) or 1.0)

    def across(value: float) -> float:
        return round(_SIDE + (value - low) * scale, 1)

    yield f'<text x="{_SIDE}" y="16" font-weight="600" font-size="13" {_INK}>{xml_text(panel.title)}</text>'
    for number, bar in enumerate(panel.bars):
        yield from _bar(bar, _HEAD + number * _ROW, across)


def _bar(bar: Bar, top: int, across: Callable[[float], float]) -> Iterator[str]:
    middle = top + 16 + _BAR / 2
    value = f"{round(bar.value, 3) + 0.0:.3f}" if isfinite(bar.value) else "not defined"
    text = bar.text or value
    room = (WIDTH - 2 * _SIDE) // _LETTER - len(text) - 1
    yield f'<text x="{_SIDE}" y="{top + 10}" {_INK}>{_fitting(bar.name, room)}</text>'
    yield f'<text x="{WIDTH - _SIDE}" y="{top + 10}" text-anchor="end" {_INK}>{xml_text(text)}</text>'
    if isfinite(bar.value):
        left, right = sorted((across(0.0), across(bar.value)))
        width = round(right - left, 1)
        fill = _PALE if bar.colour == PUBLISHED else f'fill="{bar.colour}"'
        yield f'<rect x="{left}" y="{top + 16}" width="{width}" height="{_BAR}" {fill}/>'
    yield f'<path d="M{across(0.0)} {top + 13}v{_BAR + 6}" stroke="#7b8794"/>'
    if isfinite(bar.low) and isfinite(bar.high):
        low, high = across(bar.low), across(bar.high)
        whisker = f"M{low} {middle}H{high}M{low} {middle - 4}v8M{high} {middle - 4}v8"
        for colour, width in (("#ffffff", 3.5), (DARK_TEXT, 1.4)):  # white below: seen on every bar
            yield f'<path d="{whisker}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _fitting(name: str, room: int) -> str:
    """A name of at most so many letters, beside what it stands for; both ends of a path or command tell."""
    if len(name) <= room:
        return xml_text(name)
    half = max(1, (room - 1) // 2)
    return f"<title>{xml_text(name)}</title>{xml_text(f'{name[:half]}…{name[-half:]}')}"
