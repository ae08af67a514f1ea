"""Pictures as files, by the suffix of their names."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from mprna.errors import MissingExtraError, UsageError

FORMATS: Final = ("svg", "png")
PICTURES: Final = tuple(f".{name}" for name in FORMATS)
OTHER_PICTURES: Final = (".pdf", ".ps", ".eps", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp")
"""What users may ask for and we do not draw."""


def check_picture(option: str, path: str) -> None:
    """Complain now, and not after hours of work.

    Raises:
        FormatError: a folder that is not there, or not writable.
        MissingExtraError: PNG without resvg-py.
        UsageError: a name with another suffix.
    """
    from mprna.io.output import check_folder

    if not path.lower().endswith(PICTURES):
        raise UsageError(f"{option} {path}: expected a name that ends in .svg or .png")
    if picture_format(path) == "png":
        check_png()
    check_folder(path)


def check_png() -> None:
    """Raises `MissingExtraError` without resvg-py."""
    if find_spec("resvg_py") is None:
        raise MissingExtraError("PNG output", "draw")


def picture_format(path: str | None) -> str:
    """What the name of a picture says; SVG where it says nothing."""
    return "png" if path is not None and path.lower().endswith(".png") else "svg"


def write_picture(svg: str, path: str | None, format_name: str | None = None) -> None:
    """Write a drawing; None or `-` is standard output.

    Args:
        format_name: one of `FORMATS`; None leaves it to the name.

    Raises:
        FormatError: not writable.
        MissingExtraError: PNG without resvg-py.
    """
    from mprna.io.output import open_output

    if (format_name or picture_format(path)) == "svg":
        with open_output(path) as stream:
            stream.write(svg)
        return
    from mprna.draw.png import png_bytes

    png = png_bytes(svg)
    with open_output(path, binary=True) as stream:
        stream.write(png)
