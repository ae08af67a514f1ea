"""What the objectives of pretraining hide and ask, letter by letter, on one RNA: figure 1 of the paper.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mprna.draw.colours import DARK_TEXT, LETTER_FILLS
from mprna.draw.document import AXIS, BLUE, QUIET, VERMILION, svg_document, xml_text
from mprna.rna.structure import pairs_from_dot_bracket

_CELL: Final = (14.0, 18.0)
_MARGIN: Final = 10.0
_HEAD: Final = 16.0
_GAP: Final = 14.0
_HIDDEN: Final = "#3e4c59"


@dataclass(frozen=True, slots=True)
class Strip:
    """One line of letters."""

    title: str
    letters: str
    """A blank is an empty cell, `?` a masked one. *Shape:* (L,)"""
    changed: frozenset[int] = frozenset()
    """Places with a frame, 0-based."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """One line of arcs over places, from a dot-bracket."""

    title: str
    dot_bracket: str


def objectives_svg(lines: Sequence[Strip | Arcs]) -> str:
    """The lines below each other, each under its title."""
    length = max(len(line.letters if isinstance(line, Strip) else line.dot_bracket) for line in lines)
    titles = 6.3 * max(len(line.title) for line in lines)
    width = 2 * _MARGIN + max(length * _CELL[0], titles)
    body: list[str] = []
    top = _MARGIN
    for line in lines:
        height = _CELL[1] if isinstance(line, Strip) else _arcs_height(line)
        body.append(f'<g transform="translate({_MARGIN:g} {top + _HEAD:g})">')
        body.append(f'<text y="-5" font-size="12" fill="{QUIET}">{xml_text(line.title)}</text>')
        body += [*(_strip(line) if isinstance(line, Strip) else _arcs(line, height)), "</g>"]
        top += _HEAD + height + _GAP
    return svg_document(width, top, body, label="What the objectives hide and ask")


def _strip(line: Strip) -> Iterator[str]:
    width, height = _CELL
    for place, letter in enumerate(line.letters):
        x = place * width
        fill = {" ": "#f5f7fa", "?": _HIDDEN}.get(letter, LETTER_FILLS.get(letter, "#ffffff"))
        yield (
            f'<rect x="{x:g}" width="{width:g}" height="{height:g}" fill="{fill}" stroke="{AXIS}" '
            'stroke-width="0.5"/>'
        )
        if letter != " ":
            ink = "#ffffff" if letter == "?" else DARK_TEXT
            yield (
                f'<text x="{x + width / 2:g}" y="13" font-size="12" text-anchor="middle" fill="{ink}">'
                f"{xml_text(letter)}</text>"
            )
    for place in sorted(line.changed):
        yield (
            f'<rect x="{place * width:g}" width="{width:g}" height="{height:g}" fill="none" '
            f'stroke="{VERMILION}" stroke-width="2"/>'
        )


def _arcs_height(line: Arcs) -> float:
    spans = [j - i for i, j in pairs_from_dot_bracket(line.dot_bracket).tolist()]
    return 6 + max(spans, default=0) * _CELL[0] / 4


def _arcs(line: Arcs, height: float) -> Iterator[str]:
    width = _CELL[0]
    yield f'<path d="M0 {height:g}H{len(line.dot_bracket) * width:g}" stroke="{AXIS}"/>'
    for i, j in pairs_from_dot_bracket(line.dot_bracket).tolist():
        left, right = (i + 0.5) * width, (j + 0.5) * width
        yield (
            f'<path d="M{left:g} {height:g}Q{(left + right) / 2:g} {height - (right - left) / 2:g} '
            f'{right:g} {height:g}" fill="none" stroke="{BLUE}"/>'
        )
