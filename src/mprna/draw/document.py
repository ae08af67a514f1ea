"""What all figures share: the frame of the SVG document, its font and its quiet colours."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

FONT: Final = "Roboto, 'Helvetica Neue', Helvetica, Arial, sans-serif"
QUIET: Final = "#52606d"
"""Text beside the data."""
AXIS: Final = "#9aa5b1"
BLUE: Final = "#0072b2"
"""The first line of a figure; this and the next are Okabe and Ito's."""
VERMILION: Final = "#d55e00"
"""The second, or what is to be seen first."""

_SIZE: Final = re.compile(r'width="([\d.]+)" height="([\d.]+)"')
_ILLEGAL_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(text: str) -> str:
    """Any text for an element: markup escaped, characters that XML forbids replaced."""
    return escape(_ILLEGAL_XML.sub("\ufffd", text))


def svg_document(
    width: float, height: float, body: Iterable[str], *, font_size: int = 12, label: str | None = None
) -> str:
    """A figure on its own white ground.

    Args:
        width, height: pixels.
        body: its elements, one per line.
        font_size: of text that does not say otherwise, pixels.
        label: what it shows, for screen readers.
    """
    role, title = ("", []) if label is None else ('role="img" ', [f"<title>{xml_text(label)}</title>"])
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" {role}font-family="{FONT}" font-size="{font_size}" '
        f'fill="{QUIET}">'
    )
    ground = f'<rect width="{width:g}" height="{height:g}" fill="#ffffff"/>'
    return "\n".join([head, *title, ground, *body, "</svg>", ""])


def svg_size(svg: str) -> tuple[float, float]:
    """Width and height of a drawing of ours, in pixels.

    >>> svg_size(svg_document(30, 20.5, []))
    (30.0, 20.5)
    """
    found = _SIZE.search(svg)
    assert found is not None, "our own SVGs have a size"
    return float(found[1]), float(found[2])
