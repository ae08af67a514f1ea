"""PNG output, read back byte by byte where no image library is needed."""

from __future__ import annotations

import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from mprna.draw.png import png_bytes, svg_to_png
from mprna.draw.svg import draw_structure
from mprna.errors import MissingExtraError
from mprna.io.records import Record

HAIRPIN = Record(name="hairpin", sequence="GGGGAAAACCCC", dot_bracket="((((....))))")
SQUARE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="4">'
    '<rect width="8" height="4" fill="#ffffff"/><rect width="4" height="4" fill="#ff0000"/></svg>'
)


def size_of(path: Path) -> tuple[int, int]:
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", header[16:24])
    return width, height


def compressed_bytes(path: Path) -> int:
    """How much there is to see: an empty page compresses to next to nothing."""
    data, place, pixels = path.read_bytes(), 8, b""
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            pixels += data[place + 8 : place + 8 + length]
        place += 12 + length
    raw = np.frombuffer(zlib.decompress(pixels), dtype=np.uint8)
    assert raw.size > 0
    return len(pixels)


@pytest.fixture(autouse=True)
def _needs_resvg() -> None:
    pytest.importorskip("resvg_py")


def test_size_is_the_drawing_times_the_scale(tmp_path: Path) -> None:
    svg_to_png(SQUARE, tmp_path / "one.png", scale=1)
    svg_to_png(SQUARE, str(tmp_path / "three.png"), scale=3)
    assert size_of(tmp_path / "one.png") == (8, 4)
    assert size_of(tmp_path / "three.png") == (24, 12)
    assert png_bytes(SQUARE, scale=3) == (tmp_path / "three.png").read_bytes()


def test_letters_are_drawn_with_our_own_font(tmp_path: Path) -> None:
    """The name must be visible on a machine without any fonts."""
    named, blank = tmp_path / "named.png", tmp_path / "blank.png"
    svg_to_png(draw_structure(HAIRPIN, title="WWWWWWWW"), named)
    svg_to_png(draw_structure(HAIRPIN, title=""), blank)
    assert size_of(named) == size_of(blank)
    assert compressed_bytes(named) > compressed_bytes(blank) + 100


def test_same_drawing_same_bytes(tmp_path: Path) -> None:
    svg = draw_structure(HAIRPIN)
    svg_to_png(svg, tmp_path / "a.png")
    svg_to_png(svg, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_unwritable_folder_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        svg_to_png(SQUARE, tmp_path / "missing" / "x.png")
    svg_to_png(SQUARE, tmp_path / "x.png")
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_missing_renderer_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'mprna\[draw\]'"):
        svg_to_png(SQUARE, tmp_path / "x.png")
    assert not (tmp_path / "x.png").exists()
