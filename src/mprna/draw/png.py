"""SVG to PNG through resvg (Rust, no system libraries); our own font makes text look alike everywhere."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from mprna.errors import MissingExtraError


def svg_to_png(svg: str, path: Path | str, *, scale: float = 2.0) -> None:
    """Rasterise a drawing.

    Args:
        svg: the document, as `draw_structure` returns it.
        path: the file to write; it appears only when it is complete.
        scale: pixels per SVG unit; 2 is sharp on screens of high density.

    Raises:
        MissingExtraError: resvg-py is not installed.
        OSError: the file cannot be written.
    """
    png = png_bytes(svg, scale=scale)
    partial = Path(f"{path}.part")
    partial.write_bytes(png)
    partial.replace(path)


def png_bytes(svg: str, *, scale: float = 2.0) -> bytes:
    """`svg_to_png` without a file; arguments and errors are the same."""
    try:
        import resvg_py
    except ImportError as error:
        raise MissingExtraError("PNG output", "draw") from error
    fonts = resources.files("mprna.draw") / "fonts"
    with resources.as_file(fonts) as directory:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, zoom=scale, font_dirs=[str(directory)]))
