"""Numbers of a configuration that must lie in a range."""

from __future__ import annotations

from collections.abc import Mapping

from mprna.errors import UsageError


def check_ranges(config: object, ranges: Mapping[str, tuple[float, float]], *, prefix: str = "") -> None:
    """Check attributes by name; both ends of a range are in it, nan is in none.

    Raises:
        UsageError: a number outside of its range.
    """
    for name, (low, high) in ranges.items():
        value = getattr(config, name)
        if not low <= value <= high:
            raise UsageError(f"{prefix}{name}={value}: expected {low:.10g} to {high:.10g}")
