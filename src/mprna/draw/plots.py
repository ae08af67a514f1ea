"""Structure and pair probabilities along the sequence: as arcs, or as a dot plot.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.draw.colours import DARK_TEXT, LETTER_FILLS, scale_colour, text_colour
from mprna.draw.document import AXIS, BLUE, QUIET, VERMILION, svg_document
from mprna.draw.parts import (
    caption_of,
    check_drawable,
    printable,
    px,
    scale_bar,
    scale_bar_width,
    text_element,
)
from mprna.draw.svg import draw_structure
from mprna.io.records import Record
from mprna.rna.structure import pairs_from_dot_bracket

_HEADER: Final = 66.0
_MARGIN: Final = 22.0
_TICKS: Final = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000)

_WIDEST: Final = 1400.0
"""Pixels of the line of an arc diagram; longer RNAs get smaller steps."""
_STEP: Final = 14.0
_LETTER_STEP: Final = 9.0
"""Pixels from one nucleotide to the next, from which on their letters can be read."""
_FLATTENING: Final = 0.82
_NUMBERS: Final = 18.0
"""Pixels between the line and the arcs below it, where numbers stand."""
_LEAST_ARC: Final = 0.05
"""Less probable pairs are not drawn below the line."""
_PALEST: Final = 0.3
"""Of the colour scale, for a probability of 0: paler ones are not seen on white."""

_GRID: Final = "#e4e7eb"
_SIDE: Final = 640.0
"""Pixels of a dot plot, at most; at most `_CELL` for a nucleotide."""
_CELL: Final = 12.0
_SMALLEST: Final = 2.5
"""Pixels of a certain pair, however long the RNA is."""
_LEAST_DOT: Final = 0.01


def draw_arcs(record: Record) -> str:
    """An arc diagram as one SVG document: the structure above the line, other pairs of at least 0.05 below.

    Arcs have the colours of their probabilities where the record has them; where it has not, pairs in other
    brackets than `()` are vermilion.

    Raises:
        StructureError, SequenceError: as `check_drawable`.
    """
    clean, dot_bracket = check_drawable(record)
    length, probs = len(clean), record.base_pair_probs
    step = min(_STEP, _WIDEST / length)
    pairs = pairs_from_dot_bracket(dot_bracket).tolist()
    others = [] if probs is None else _other_pairs(probs, pairs)
    above, below = (_height(some, step) for some in (pairs, [(i, j) for i, j, _ in others]))
    line = _HEADER + above + step
    under = line + _gap(step) + _NUMBERS
    body = [
        *_above(pairs, dot_bracket, probs, step, line - _gap(step)),
        *_line(record.sequence, clean, step, line),
        *_numbers(length, step, line + _gap(step) + 12),
        *(_arc(i, j, step, under, False, _colour(p), f" {p:.2f}") for i, j, p in others),
    ]
    width, height = length * step, under + below + _MARGIN
    if probs is not None:
        label = f"probability; below the line other pairs of {_LEAST_ARC} or more"
        width, height = max(width, scale_bar_width(label)), height + 34
        body += scale_bar(_MARGIN, height - 14, label, palest=_PALEST)
    return _document(record, 2 * _MARGIN + width, height, body)


def draw_dot_plot(record: Record) -> str:
    """A dot plot as one SVG document: pair probabilities above the diagonal, the structure below it.

    The area of a dot is its probability, as in ViennaRNA's dot plots; those below 0.01 are left out.

    Raises:
        StructureError, SequenceError: as `check_drawable`.
    """
    clean, dot_bracket = check_drawable(record)
    length, probs = len(clean), record.base_pair_probs
    cell = min(_CELL, _SIDE / length)
    left, top, side = 52.0, _HEADER + 18, length * cell
    body = list(_grid(length, cell, left, top))
    if probs is not None:
        body.append(f'<g fill="{BLUE}">')
        for i, j in np.argwhere(np.triu(probs) >= _LEAST_DOT).tolist():
            p = float(probs[i, j])
            body.append(_dot(left + j * cell, top + i * cell, cell, p, f"{i + 1} {j + 1} {p:.2f}"))
        body.append("</g>")
    body.append(f'<g fill="{DARK_TEXT}">')
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        body.append(_dot(left + i * cell, top + j * cell, cell, 1.0, f"{i + 1} {j + 1}"))
    body.append("</g>")
    foot = "above the diagonal: pair probabilities (areas)" if probs is not None else "no pair probabilities"
    body.append(text_element(left, top + side + 22, f"{foot}; below: the structure", size=12, fill=QUIET))
    return _document(record, max(left + side + _MARGIN, 420), top + side + 40, body)


PLOTS: Final = {"structure": draw_structure, "arcs": draw_arcs, "dots": draw_dot_plot}
"""Ways to draw a record, by the names that the command line has for them."""


def _document(record: Record, width: float, height: float, body: list[str]) -> str:
    heading, caption = printable(record.name), printable(caption_of(record))
    width = max(width, 9.6 * len(heading) + 2 * _MARGIN, 7.0 * len(caption) + 2 * _MARGIN)
    head = [
        text_element(_MARGIN, 30, heading, size=17, weight=700),
        text_element(_MARGIN, 49, caption, size=12.5, fill=QUIET),
    ]
    return svg_document(np.ceil(width), np.ceil(height), [*head, *body], label=record.name)


def _other_pairs(probs: npt.NDArray[np.floating], pairs: list[list[int]]) -> list[tuple[int, int, float]]:
    """Likely pairs that are not in the structure, the least likely first, so that others lie on it."""
    drawn = {(i, j) for i, j in pairs}
    likely = [(i, j, float(probs[i, j])) for i, j in np.argwhere(np.triu(probs) >= _LEAST_ARC).tolist()]
    return sorted((pair for pair in likely if pair[:2] not in drawn), key=lambda pair: pair[2])


def _height(pairs: Sequence[Sequence[int]], step: float) -> float:
    return max((j - i for i, j in pairs), default=0) / 2 * step * _FLATTENING


def _gap(step: float) -> float:
    """From the middle of the line to where arcs begin."""
    return 0.55 * step if step >= _LETTER_STEP else 2.0


def _above(
    pairs: list[list[int]],
    dot_bracket: str,
    probs: npt.NDArray[np.floating] | None,
    step: float,
    line: float,
) -> Iterator[str]:
    for i, j in pairs:
        if probs is not None:
            yield _arc(i, j, step, line, True, _colour(float(probs[i, j])), f" {probs[i, j]:.2f}")
        else:
            colour = DARK_TEXT if dot_bracket[i] == "(" else VERMILION
            yield _arc(i, j, step, line, True, colour, "")


def _colour(probability: float) -> str:
    return scale_colour(_PALEST + (1 - _PALEST) * probability)


def _arc(i: int, j: int, step: float, line: float, is_above: bool, colour: str, hint: str) -> str:
    """Half an ellipse above the line or below it, with a note for the pointer."""
    start, end = (_MARGIN + (k + 0.5) * step for k in (i, j))
    radius = (end - start) / 2
    radii = f"{px(radius)},{px(radius * _FLATTENING)}"
    path = f"M{px(start)},{px(line)} A{radii} 0 0 {int(is_above)} {px(end)},{px(line)}"
    width = f"{max(0.1 * step, min(0.6, 0.5 * step)):.2f}"  # of long RNAs less than a step
    title = f"<title>{i + 1} {j + 1}{hint}</title>"
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}">{title}</path>'


def _line(sequence: str, clean: str, step: float, line: float) -> Iterator[str]:
    """The nucleotides, as letters where there is room."""
    if step < _LETTER_STEP:
        end = _MARGIN + len(sequence) * step
        yield f'<path d="M{px(_MARGIN)},{px(line)} H{px(end)}" stroke="{AXIS}" stroke-width="1.5"/>'
        return
    size = 0.72 * step
    for k, letter in enumerate(sequence):
        x, fill = _MARGIN + (k + 0.5) * step, LETTER_FILLS[clean[k]]
        yield f'<circle cx="{px(x)}" cy="{px(line)}" r="{px(0.46 * step)}" fill="{fill}"/>'
        yield text_element(x, line + 0.36 * size, letter, size=size, fill=text_colour(fill), anchor="middle")


def _numbers(length: int, step: float, y: float) -> Iterator[str]:
    every = _tick_step(length, step, room=34)
    for position in range(every, length + 1, every):
        x = _MARGIN + (position - 0.5) * step
        yield text_element(x, y, str(position), size=11, fill=QUIET, anchor="middle")


def _tick_step(length: int, step: float, *, room: float) -> int:
    """Positions from one number to the next, which are at least `room` pixels apart."""
    return next((tick for tick in _TICKS if tick * step >= room), length)


def _grid(length: int, cell: float, left: float, top: float) -> Iterator[str]:
    side = length * cell
    yield (
        f'<rect x="{px(left)}" y="{px(top)}" width="{px(side)}" height="{px(side)}" fill="none" '
        f'stroke="{AXIS}"/>'
    )
    yield f'<path d="M{px(left)},{px(top)} l{px(side)},{px(side)}" stroke="{_GRID}"/>'
    every = _tick_step(length, cell, room=48)
    for position in range(every, length + 1, every):
        at = (position - 0.5) * cell
        lines = f"M{px(left + at)},{px(top)} v{px(side)} M{px(left)},{px(top + at)} h{px(side)}"
        yield f'<path d="{lines}" stroke="{_GRID}"/>'
        yield text_element(left + at, top - 6, str(position), size=11, fill=QUIET, anchor="middle")
        yield text_element(left - 7, top + at + 4, str(position), size=11, fill=QUIET, anchor="end")


def _dot(x: float, y: float, cell: float, probability: float, hint: str) -> str:
    side = max(cell, _SMALLEST) * probability**0.5
    x, y = x + (cell - side) / 2, y + (cell - side) / 2
    shape = f'x="{x:.2f}" y="{y:.2f}" width="{side:.2f}" height="{side:.2f}"'
    return f"<rect {shape}><title>{hint}</title></rect>"
