"""One-line messages on standard error, whatever names and paths are in them."""

from __future__ import annotations

import re
import sys
from typing import Final

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def tell(message: str) -> None:
    """Print `mprna: message` on standard error."""
    print(f"mprna: {one_line(message)}", file=sys.stderr)


def one_line(text: str) -> str:
    r"""The text with control characters as escapes, so that it breaks no line and moves no cursor.

    >>> print(one_line("a\nb\x1b[31m"))
    a\nb\x1b[31m
    """
    return _CONTROL.sub(lambda match: repr(match[0])[1:-1], text)
