"""Progress and the count of failures, on standard error."""

from __future__ import annotations

import os
import sys
import time
from typing import TypeVar

from mprna.cli.messages import tell
from mprna.io.output import file_behind

Result = TypeVar("Result")

PROGRESS_SECONDS = 0.5
LONGEST_NAME = 100
"""Of a name, in a message."""


class Tally:
    """Counts results; draws a progress line where standard error is a terminal.

    Args:
        complaint: what is said of failed records, after their number.
        quiet: say nothing.
        output: where the results go, None for standard output, where progress would disturb them.
        noun: what is counted.
    """

    def __init__(self, complaint: str, *, quiet: bool, output: str | None, noun: str = "records") -> None:
        self._complaint = complaint
        self._noun = noun
        self._quiet = quiet
        is_file = output is not None and (os.path.isdir(output) or file_behind(output.rstrip(os.sep)))
        disturbs = not is_file and sys.stdout and sys.stdout.isatty()
        self._live = not quiet and sys.stderr.isatty() and not disturbs
        self._done = self._failed = 0
        self._first = ""
        self._start = self._shown = time.monotonic()

    def seen(self, result: Result, name: str, error: str | None) -> Result:
        """Count a result and pass it on."""
        self.add(name, error)
        return result

    def add(self, name: str, error: str | None) -> None:
        self._done += 1
        if error is not None:
            self._failed += 1
            self._first = self._first or (f"{_shown(name)}: {error}" if name else error)
        if self._live and time.monotonic() - self._shown > PROGRESS_SECONDS:
            self._shown = time.monotonic()
            rate = self._done / (self._shown - self._start)
            print(f"\r{self._done:,} {self._noun}, {rate:,.1f}/s ", end="", file=sys.stderr, flush=True)

    def finish(self) -> int:
        """Report failures; the exit status."""
        if self._live and self._shown > self._start:
            print(file=sys.stderr)
        if self._failed and not self._quiet:
            counts = f"{self._failed:,} of {self._done:,}"
            tell(f"{counts} {self._complaint}; the first: {self._first}")
        return 1 if self._failed else 0


def _shown(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 3] + "..."
