"""What the drawings of a record share: its check, its caption, the colour scale, text and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.draw.colours import DARK_TEXT, SCALE, Scale, scale_colour
from mprna.draw.document import QUIET, xml_text
from mprna.errors import StructureError
from mprna.io.records import Record
from mprna.rna.structure import check_length

_BAR: Final = (132.0, 10.0)
"""Width and height of the colour scale, in pixels."""
OUTLINE: Final = "#616e7c"
"""Of what is filled with a colour."""
_LONGEST: Final = 80
"""Letters of a line; what is longer is cut."""


def check_drawable(record: Record) -> tuple[str, str]:
    """Clean letters and dot-bracket of a record.

    Raises:
        StructureError: no structure, or one or pair probabilities that do not fit the sequence.
        SequenceError: an empty sequence, or letters that are no nucleotides.
    """
    if record.dot_bracket is None:
        raise StructureError(f"{record.name}: no structure to draw ({record.error or 'fold it first'})")
    clean, probs = clean_sequence(record.sequence), record.base_pair_probs
    check_length(record.dot_bracket, clean, what=f"{record.name}: structure")
    if probs is not None and probs.shape != (len(clean), len(clean)):
        raise StructureError(f"{record.name}: pair probabilities {probs.shape} for {len(clean)} nt")
    return clean, record.dot_bracket


def caption_of(record: Record) -> str:
    """Length, and energy, confidence and engine where they are known."""
    facts = [f"{len(record.sequence):,} nt".replace(",", "\u202f")]
    if record.energy is not None:
        facts.append(f"{record.energy:.2f} kcal/mol".replace("-", "\u2212"))
    if record.confidence is not None:
        facts.append(f"confidence {record.confidence:.2f}")
    if record.engine is not None:
        facts.append(record.engine)
    return " \u00b7 ".join(facts)


def text_element(
    x: float,
    y: float,
    text: str,
    *,
    size: float,
    fill: str = DARK_TEXT,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    """A line of text, which is XML already; `y` is its base line."""
    return (
        f'<text x="{px(x)}" y="{px(y)}" font-size="{px(size)}" font-weight="{weight}" fill="{fill}" '
        f'text-anchor="{anchor}">{text}</text>'
    )


def printable(text: str) -> str:
    """XML text; long names are cut."""
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "\u2026"
    return xml_text(text)


def px(number: float) -> str:
    """Pixels: a tenth is enough, and keeps files small."""
    return f"{number:.1f}".removesuffix(".0")


def scale_bar_width(label: str) -> float:
    """Pixels of the colour scale and what stands beside it."""
    return _BAR[0] + 12 + 5.8 * len(label)


def scale_bar(
    x: float,
    y: float,
    label: str,
    *,
    palest: float = 0.0,
    scale: Scale = SCALE,
) -> Iterator[str]:
    """The colour scale from 0 to 1, with what it means beside it; `y` is the base line of its numbers.

    Args:
        palest: where on the scale the colour of 0 stands.
    """
    width, height = _BAR
    stops = np.linspace(0, 1, len(scale.stops))
    name = "mprna-pale-scale" if palest else scale.gradient  # several drawings may stand in one page
    yield f'<defs><linearGradient id="{name}">'
    for stop in stops.tolist():
        yield f'<stop offset="{stop:g}" stop-color="{scale_colour(palest + (1 - palest) * stop, scale)}"/>'
    yield "</linearGradient></defs>"
    yield (
        f'<rect x="{px(x)}" y="{px(y - 22)}" width="{px(width)}" height="{px(height)}" '
        f'fill="url(#{name})" stroke="{OUTLINE}" stroke-width="0.6"/>'
    )
    for value, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        yield text_element(x + value * width, y + 3, f"{value:g}", size=11, fill=QUIET, anchor=anchor)
    yield text_element(x + width + 12, y - 12, label, size=12, fill=QUIET)
