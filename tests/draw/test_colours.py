"""Colours against the published palettes and against ViennaRNA-style pair probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.draw.colours import LETTER_FILLS, NO_DATA, SCALE, WARM_SCALE, Scale, scale_colour, text_colour


def channels(colour: str) -> np.ndarray:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2, channel by channel."""
    total = 0.0
    for value, weight in zip(channels(colour).tolist(), (0.2126, 0.7152, 0.0722), strict=True):
        total += weight * (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)
    return total


def contrast(one: str, other: str) -> float:
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("scale", "ends"), [(SCALE, ("#ffffd9", "#081d58")), (WARM_SCALE, ("#ffffcc", "#800026"))]
)
def test_scales_go_through_their_stops(scale: Scale, ends: tuple[str, str]) -> None:
    stops = [scale_colour(value, scale) for value in np.linspace(0, 1, len(scale.stops)).tolist()]
    assert stops == ["#" + bytes(map(int, row)).hex() for row in scale.stops.tolist()]
    assert (stops[0], stops[-1]) == ends


def test_what_is_unknown_is_grey() -> None:
    assert scale_colour(float("nan")) == scale_colour(float("nan"), WARM_SCALE) == NO_DATA


def test_scale_darkens_all_the_way() -> None:
    """So that it also works in grey print and for every kind of colour blindness."""
    for scale in (SCALE, WARM_SCALE):
        values = [luminance(scale_colour(value, scale)) for value in np.linspace(0, 1, 101).tolist()]
        assert (np.diff(values) < 1e-3).all()
        assert values[0] - values[-1] > 0.85


def test_values_outside_take_the_nearest_end() -> None:
    assert scale_colour(-0.5) == scale_colour(0)
    assert scale_colour(1.5) == scale_colour(1)


@pytest.mark.parametrize(
    "fill",
    [scale_colour(v / 50, scale) for scale in (SCALE, WARM_SCALE) for v in range(51)]
    + list(LETTER_FILLS.values()),
)
def test_letters_can_be_read(fill: str) -> None:
    assert contrast(text_colour(fill), fill) > 3.5
