"""The part of a long RNA that is folded to judge a site in it."""

from __future__ import annotations

from typing import Final, NamedTuple

_WINDOWS_PER_WIDTH: Final = 16
"""Windows begin at multiples of their width over this, so that a reference fold serves many sites."""


class Window(NamedTuple):
    """0-based, the end excluded."""

    start: int
    end: int


def window_around(first: int, last: int, length: int, width: int) -> Window:
    """The window of a site from `first` to `last`, which depends on nothing else.

    The site is near the middle, as far as the ends of the RNA allow; neighbouring sites share a window. A
    site wider than half the window gets half a width on both sides instead.

    >>> window_around(50, 50, length=200, width=40), window_around(3, 3, length=200, width=40)
    (Window(start=30, end=70), Window(start=0, end=40))
    """
    if last - first + 1 > width // 2:
        return Window(max(first - width // 2, 0), min(last + 1 + width // 2, length))
    step = max(width // _WINDOWS_PER_WIDTH, 1)
    start = ((first + last) // 2 // step * step) - width // 2
    start = min(max(start, 0), max(length - width, 0))
    return Window(start, min(start + width, length))
