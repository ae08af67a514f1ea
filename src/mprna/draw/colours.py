"""Colours of a drawing: chosen so that they survive the common kinds of colour blindness and grey print."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

LETTER_FILLS: Final = {"A": "#fbd48a", "C": "#a6d3f2", "G": "#94d6bd", "U": "#ecb9d5", "N": "#e4e7eb"}
"""Tints of the Okabe-Ito palette."""


class Scale(NamedTuple):
    """Colours for the values from 0 to 1."""

    gradient: str
    """Its name in a document."""
    stops: npt.NDArray[np.float64]
    """Red, green, blue at equal steps, from pale to dark. *Shape:* (9, 3)"""


SCALE: Final = Scale(
    "mprna-scale",
    np.array(
        [
            (255, 255, 217), (237, 248, 177), (199, 233, 180), (127, 205, 187), (65, 182, 196),
            (29, 145, 192), (34, 94, 168), (37, 52, 148), (8, 29, 88),
        ],
        dtype=np.float64,
    ),
)  # fmt: skip
"""ColorBrewer YlGnBu, for probabilities."""

WARM_SCALE: Final = Scale(
    "mprna-warm-scale",
    np.array(
        [
            (255, 255, 204), (255, 237, 160), (254, 217, 118), (254, 178, 76), (253, 141, 60),
            (252, 78, 42), (227, 26, 28), (189, 0, 38), (128, 0, 38),
        ],
        dtype=np.float64,
    ),
)  # fmt: skip
"""ColorBrewer YlOrRd, for reactivities: flexible nucleotides are red by custom."""

NO_DATA: Final = LETTER_FILLS["N"]

DARK_TEXT: Final = "#1f2933"
LIGHT_TEXT: Final = "#ffffff"


def scale_colour(value: float, scale: Scale = SCALE) -> str:
    """Colour of a value; what lies outside of 0..1 takes the nearest end, NaN is grey.

    >>> scale_colour(0.0), scale_colour(1.0)
    ('#ffffd9', '#081d58')
    """
    if math.isnan(value):
        return NO_DATA
    place = min(max(value, 0.0), 1.0) * (len(scale.stops) - 1)
    stops = np.arange(len(scale.stops))
    rgb = [round(float(np.interp(place, stops, channel))) for channel in scale.stops.T]
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def text_colour(fill: str) -> str:
    """Dark or light, whichever has more contrast with the fill (WCAG 2 relative luminance).

    >>> text_colour("#ffffd9"), text_colour("#081d58")
    ('#1f2933', '#ffffff')
    """
    dark, light, ground = (_luminance(colour) for colour in (DARK_TEXT, LIGHT_TEXT, fill))
    return LIGHT_TEXT if (light + 0.05) / (ground + 0.05) > (ground + 0.05) / (dark + 0.05) else DARK_TEXT


def _luminance(colour: str) -> float:
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))
