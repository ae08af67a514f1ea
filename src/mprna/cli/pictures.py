"""Pictures as files, by the suffix of their names."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

from mprna.errors import MissingExtraError, UsageError

PICTURES: Final = (".svg", ".png")
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
    if path.lower().endswith(".png") and find_spec("resvg_py") is None:
        raise MissingExtraError("PNG output", "draw")
    check_folder(path)


def write_picture(svg: str, path: str | None) -> None:
    """Write a drawing as SVG, or as PNG where the name says so; None or `-` is standard output.

    Raises:
        FormatError: not writable.
        MissingExtraError: PNG without resvg-py.
    """
    from mprna.io.output import open_output

    if path is None or not path.lower().endswith(".png"):
        with open_output(path) as stream:
            stream.write(svg)
        return
    from mprna.draw.png import png_bytes

    png = png_bytes(svg)
    with open_output(path, binary=True) as stream:
        stream.write(png)
