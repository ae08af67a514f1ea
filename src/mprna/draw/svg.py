"""Our own SVG of a secondary structure: one look for the command line, the page and the docs.

Self-contained (no scripts, fonts, style sheets or links), on its own white ground so that it reads on a page
of any colour, and made of plain elements that every drawing program opens.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.draw.arcs import arc_controls, arc_points
from mprna.draw.colouring import STATE_LABEL, Colouring, checked_values, colouring_of
from mprna.draw.colours import LETTER_FILLS, scale_colour, text_colour
from mprna.draw.document import AXIS, FONT, QUIET, VERMILION
from mprna.draw.labels import LabelPlacer, outward_direction
from mprna.draw.layout import Layout, layout
from mprna.draw.parts import (
    OUTLINE,
    caption_of,
    check_drawable,
    printable,
    px,
    scale_bar,
    scale_bar_width,
    text_element,
)
from mprna.io.records import Record
from mprna.rna.structure import Pairs, Partners, partners_from_pairs

Floats = npt.NDArray[np.float64]

LONGEST_WITH_LETTERS: Final = 500
"""Longer RNAs are drawn as dots: their letters would be too small to read."""

_UNIT: Final = 22.0
"""Pixels per backbone step."""

_LARGEST: Final = 1100.0
"""Pixels; a drawing that would be wider or higher gets a smaller unit."""

_MARGIN: Final = 44.0
_HEADER: Final = 94.0
_FOOTER: Final = 48.0
_PAIR: Final = "#3e4c59"

_WATSON_CRICK: Final = frozenset({"AU", "UA", "GC", "CG"})
_WOBBLE: Final = frozenset({"GU", "UG"})


@dataclass(frozen=True)
class _Scene:
    """All that is drawn, in pixels."""

    sequence: str  # as the user wrote it
    clean: str
    points: Floats  # (L, 2)
    unit: float
    partners: Partners  # (L,), of rungs and arcs
    rungs: Pairs
    arcs: Pairs
    controls: Floats  # (P', 2), one per arc
    colouring: Colouring | None
    width: float
    height: float

    @property
    def has_letters(self) -> bool:
        return len(self.sequence) <= LONGEST_WITH_LETTERS

    @property
    def radius(self) -> float:
        return self.unit * (0.42 if self.has_letters else 0.34)

    def fill(self, index: int) -> str:
        if self.colouring is None:
            return LETTER_FILLS[self.clean[index]]
        return scale_colour(float(self.colouring.values[index]), self.colouring.scale)


def draw_structure(
    record: Record,
    *,
    colour_by: str | None = None,
    colours: npt.ArrayLike | None = None,
    colour_label: str = STATE_LABEL,
    title: str | None = None,
) -> str:
    """A record's structure as one SVG document.

    Pairs are lines (Watson-Crick), dots (G-U) or circles (others); pseudoknots are arcs. Every tenth
    nucleotide has its number, every fiftieth in RNAs of more than 500 nt, which are drawn without letters.

    Args:
        record: sequence and structure; energy, confidence and engine go into the caption where known.
        colour_by: one of `colouring.COLOURINGS`; by default the record's pair probabilities, if it has any,
            else its reactivities, else letters.
        colours: values of your own, 0 to 1, NaN where there is none. *Shape:* (L,)
        colour_label: what they are, beside the colour scale.
        title: above the drawing; the record's name where None.

    Raises:
        StructureError: no structure, or one that does not fit the sequence.
        SequenceError: an empty sequence, or letters that are no nucleotides.
        DataError: nothing of the kind to colour by, or reactivities of another RNA.
        ValueError: `colours` of another shape than (L,), or infinite.
    """
    clean, dot_bracket = check_drawable(record)
    heading = printable(record.name if title is None else title)
    caption = printable(caption_of(record))
    if colours is None:
        colouring = colouring_of(record, colour_by)
    else:
        colouring = Colouring(checked_values(colours, len(record.sequence)), colour_label)
    key_width = _key_width(colouring.label if colouring else STATE_LABEL)
    text_width = max(9.6 * len(heading), 7.0 * len(caption), key_width)
    scene = _scene(record.sequence, clean, layout(dot_bracket), colouring, text_width=text_width)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{px(scene.width)}" height="{px(scene.height)}" '
        f'viewBox="0 0 {px(scene.width)} {px(scene.height)}" role="img" font-family="{FONT}">',
        f"<title>{heading}</title>",
        f"<desc>RNA secondary structure: {caption}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        text_element(_MARGIN / 2, 30, heading, size=17, weight=700),
        text_element(_MARGIN / 2, 49, caption, size=12.5, fill=QUIET),
        *_backbone(scene),
        *_arcs(scene),
        *_rungs(scene),
        *_nucleotides(scene),
        *_labels(scene),
        *_key(scene),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _scene(
    sequence: str, clean: str, plan: Layout, colouring: Colouring | None, *, text_width: float
) -> _Scene:
    controls = arc_controls(plan.positions, plan.arcs)
    ends = plan.positions[plan.arcs]
    apexes = (ends.mean(axis=1) + controls) / 2
    everything = np.concatenate([plan.positions, apexes])
    low, size = everything.min(axis=0), np.ptp(everything, axis=0)
    unit = min(_UNIT, _LARGEST / max(float(size.max()), 1.0))
    width = max(float(size[0]) * unit + 2 * _MARGIN, text_width + _MARGIN)
    height = _HEADER + float(size[1]) * unit + _MARGIN + _FOOTER
    origin = np.array([(width - float(size[0]) * unit) / 2, _HEADER]) - low * unit
    return _Scene(
        sequence=sequence,
        clean=clean,
        points=plan.positions * unit + origin,
        unit=unit,
        partners=partners_from_pairs(np.concatenate([plan.rungs, plan.arcs]), len(clean)),
        rungs=plan.rungs,
        arcs=plan.arcs,
        controls=controls * unit + origin,
        colouring=colouring,
        width=width,
        height=height,
    )


def _backbone(scene: _Scene) -> Iterator[str]:
    points = " ".join(f"{px(x)},{px(y)}" for x, y in scene.points.tolist())
    width = max(0.09 * scene.unit, 0.6)
    yield (
        f'<polyline points="{points}" fill="none" stroke="{AXIS}" stroke-width="{px(width)}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _arcs(scene: _Scene) -> Iterator[str]:
    if not len(scene.arcs):
        return
    width = max(0.08 * scene.unit, 1.0)
    yield f'<g fill="none" stroke="{VERMILION}" stroke-width="{px(width)}" stroke-opacity="0.85">'
    for (i, j), control in zip(scene.arcs.tolist(), scene.controls, strict=True):
        yield f'<path d="M{_point(scene.points[i])} Q{_point(control)} {_point(scene.points[j])}"/>'
    yield "</g>"


def _rungs(scene: _Scene) -> Iterator[str]:
    width = max(0.1 * scene.unit, 0.6)
    yield f'<g stroke="{_PAIR}" stroke-width="{px(width)}" stroke-linecap="butt">'
    for i, j in scene.rungs.tolist():
        (x1, y1), (x2, y2) = scene.points[i].tolist(), scene.points[j].tolist()
        kind = scene.clean[i] + scene.clean[j]
        if kind in _WATSON_CRICK or not scene.has_letters:
            yield f'<line x1="{px(x1)}" y1="{px(y1)}" x2="{px(x2)}" y2="{px(y2)}"/>'
        else:
            fill = _PAIR if kind in _WOBBLE else "#ffffff"
            centre = f'cx="{px((x1 + x2) / 2)}" cy="{px((y1 + y2) / 2)}"'
            yield f'<circle {centre} r="{px(0.12 * scene.unit)}" fill="{fill}" stroke-width="1.2"/>'
    yield "</g>"


def _nucleotides(scene: _Scene) -> Iterator[str]:
    radius = px(scene.radius)
    outline = f'stroke="{OUTLINE}" stroke-width="{px(min(0.9, 0.05 * scene.unit))}"'
    size = 0.56 * scene.unit
    yield f'<g {outline} font-size="{px(size)}" font-weight="500" text-anchor="middle">'
    for index, (x, y) in enumerate(scene.points.tolist()):
        fill = scene.fill(index)
        circle = f'<circle cx="{px(x)}" cy="{px(y)}" r="{radius}" fill="{fill}"/>'
        if not scene.has_letters:
            yield circle
            continue
        letter = f'<text x="{px(x)}" y="{px(y + 0.36 * size)}" fill="{text_colour(fill)}" stroke="none">'
        yield f"<g><title>{_hint(scene, index)}</title>{circle}{letter}{scene.sequence[index]}</text></g>"
    yield "</g>"


def _hint(scene: _Scene, index: int) -> str:
    """What a browser shows under the pointer."""
    hint = f"{scene.sequence[index]}{index + 1}"
    partner = int(scene.partners[index])
    if partner >= 0:
        hint += f" \u2013 {scene.sequence[partner]}{partner + 1}"
    if scene.colouring is not None:
        value = float(scene.colouring.values[index])
        hint += ", unknown" if math.isnan(value) else f", {value:.2f}"
    return hint


def _labels(scene: _Scene) -> Iterator[str]:
    """The 5' and 3' marks and the numbers, each with a tick."""
    length = len(scene.sequence)
    step = 10 if scene.has_letters else 50 if length <= 2000 else 200
    size = max(0.5 * scene.unit, 10.0)
    placer = LabelPlacer(scene.points, _obstacles(scene), distance=max(1.3 * scene.unit, 1.5 * size))
    first, last = scene.points[[0, -1]]
    towards_5, towards_3 = first - scene.points[min(1, length - 1)], last - scene.points[max(length - 2, 0)]
    if length == 1:
        towards_5, towards_3 = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    yield f'<g font-size="{px(size)}" text-anchor="middle" fill="{QUIET}" stroke-width="0.9">'
    for index, mark, outward in ((0, "5\u2032", towards_5), (length - 1, "3\u2032", towards_3)):
        x, y = placer.place(index, outward)
        yield f'<text x="{px(x)}" y="{px(y + 0.36 * size)}" font-weight="700">{mark}</text>'
    for index in range(step - 1, length, step):
        outward = outward_direction(scene.points, int(scene.partners[index]), index)
        number = str(index + 1)
        centre = placer.place(index, outward, half_width=0.28 * size * (len(number) - 1))
        away = (centre - scene.points[index]) / np.linalg.norm(centre - scene.points[index])
        start = scene.points[index] + (scene.radius + 1) * away
        end = centre - 0.72 * size * away
        yield (
            f'<path d="M{_point(start)} L{_point(end)}" stroke="{AXIS}"/>'
            f'<text x="{px(centre[0])}" y="{px(centre[1] + 0.36 * size)}">{number}</text>'
        )
    yield "</g>"


def _obstacles(scene: _Scene) -> Floats:
    """What numbers must not cover besides nucleotides: middles of pairs, and arcs. *Shape:* (O, 2)"""
    middles = scene.points[scene.rungs].mean(axis=1)
    arcs = [
        arc_points(scene.points[i], control, scene.points[j])
        for (i, j), control in zip(scene.arcs.tolist(), scene.controls, strict=True)
    ]
    return np.concatenate([middles, *arcs])


def _key_width(label: str) -> float:
    """Room for the widest key, with a colour scale and the pseudoknot mark."""
    return scale_bar_width(label) + 126


def _key(scene: _Scene) -> Iterator[str]:
    """What the colours mean, along the lower edge."""
    x, y = _MARGIN / 2, scene.height - 20
    if scene.colouring is None:
        for letter in NUCLEOTIDES:
            fill = LETTER_FILLS[letter]
            yield f'<circle cx="{px(x + 6)}" cy="{px(y - 4)}" r="6" fill="{fill}" stroke="{OUTLINE}"/>'
            yield text_element(x + 17, y, letter, size=12, fill=QUIET)
            x += 38
    else:
        colouring = scene.colouring
        label = printable(colouring.label)
        yield from scale_bar(x, y, label, scale=colouring.scale)
        x, y = x + scale_bar_width(label) + 16, y - 12
    if len(scene.arcs):
        line = f'fill="none" stroke="{VERMILION}" stroke-width="1.8"'
        yield f'<path d="M{px(x + 8)},{px(y)} q11,-16 22,0" {line}/>'
        yield text_element(x + 36, y, "pseudoknot", size=12, fill=QUIET)


def _point(point: Floats) -> str:
    return f"{px(float(point[0]))},{px(float(point[1]))}"
