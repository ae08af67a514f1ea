"""PNG output, read back byte by byte where no image library is needed."""

from __future__ import annotations

import struct
import sys
import zlib

import numpy as np
import pytest

from mprna.draw.png import png_bytes
from mprna.draw.svg import draw_structure
from mprna.errors import MissingExtraError
from mprna.io.records import Record

HAIRPIN = Record(name="hairpin", sequence="GGGGAAAACCCC", dot_bracket="((((....))))")
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4">'
    '<rect width="8" height="4" fill="#ffffff"/><rect width="4" height="4" fill="#ff0000"/></svg>'
)


def size_of(png: bytes) -> tuple[int, int]:
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def compressed_bytes(png: bytes) -> int:
    """How much there is to see: an empty page compresses to next to nothing."""
    place, pixels = 8, b""
    while place < len(png):
        (length,) = struct.unpack(">I", png[place : place + 4])
        if png[place + 4 : place + 8] == b"IDAT":
            pixels += png[place + 8 : place + 8 + length]
        place += 12 + length
    raw = np.frombuffer(zlib.decompress(pixels), dtype=np.uint8)
    assert raw.size > 0
    return len(pixels)


@pytest.fixture(autouse=True)
def _needs_resvg() -> None:
    pytest.importorskip("resvg_py")


def test_size_is_the_drawing_times_the_scale() -> None:
    assert size_of(png_bytes(SQUARE, scale=1)) == (8, 4)
    assert size_of(png_bytes(SQUARE, scale=3)) == (24, 12)


def test_letters_are_drawn_with_our_own_font() -> None:
    """The name must be visible on a machine without any fonts."""
    named, blank = (png_bytes(draw_structure(HAIRPIN, title=title)) for title in ("WWWWWWWW", ""))
    assert size_of(named) == size_of(blank)
    assert compressed_bytes(named) > compressed_bytes(blank) + 100


def test_same_drawing_same_bytes() -> None:
    svg = draw_structure(HAIRPIN)
    assert png_bytes(svg) == png_bytes(svg)


def test_missing_renderer_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[draw\]'"):
        png_bytes(SQUARE)
