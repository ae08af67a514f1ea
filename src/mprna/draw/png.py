"""SVG to PNG by resvg (Rust, no system libraries); with a font of our own, text looks the same everywhere."""

from __future__ import annotations

from importlib import resources

from mprna.errors import MissingExtraError


def png_bytes(svg: str, *, scale: float = 2.0) -> bytes:
    """A drawing as pixels.

    Args:
        svg: the document, as `draw_structure` returns it.
        scale: pixels per SVG unit; 2 is sharp on screens of high density.

    Raises:
        MissingExtraError: resvg-py is not installed.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise MissingExtraError("PNG output", "draw") from error
    fonts = resources.files("mprna.draw") / "fonts"
    with resources.as_file(fonts) as directory:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, font_dirs=[str(directory)]))
