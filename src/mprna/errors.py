"""Every error that a user can cause, as one tree.

    MprnaError
    ├── DataError            the input is at fault: exit code 1
    │   ├── FormatError      a file breaks its format; knows path and line
    │   ├── SequenceError    letters that are no nucleotides, or no letters at all
    │   ├── StructureError   a dot-bracket or pair list that is no structure
    │   ├── FoldingError     ViennaRNA could not fold or evaluate
    │   ├── VariantError     a variant that is none, or none of this sequence
    │   ├── DesignError      a target that cannot be designed, or constraints that contradict each other
    │   ├── CorpusError      shards or a manifest that do not fit together
    │   ├── MissingDataError a split of a benchmark, or labels, that are not there
    │   ├── RunError         a training that diverges, a program that fails, answers that do not fit
    │   └── ModelError       weights that are missing, damaged or of another kind
    ├── StoppedError         SIGTERM stopped a training, which can go on: exit code 143
    └── UsageError           the call is at fault: exit code 2
        └── MissingExtraError    an optional dependency is not installed

Messages say what was given, what was expected and what to do, in one line. Anything else that is
raised is a bug in this package and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_SHOWN_NAMES: Final = 3


class MprnaError(Exception):
    """Base of all errors that end as one line on stderr; `exit_code` is the process status."""

    exit_code = 1


class DataError(MprnaError):
    """The input is at fault."""


class FormatError(DataError):
    """A file that breaks its format.

    Args:
        message: what is wrong and what to do.
        path: the file, or `<stdin>`.
        line: 1-based line number, where one is known.
    """

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        self.path, self.line = path, line
        place = ":".join(str(part) for part in (path, line) if part is not None)
        super().__init__(f"{place}: {message}" if place else message)


class SequenceError(DataError):
    """Letters that are no nucleotides, or no letters at all."""


class StructureError(DataError):
    """A dot-bracket or pair list that is no secondary structure."""


class FoldingError(DataError):
    """ViennaRNA could not fold or evaluate a sequence."""


class VariantError(DataError):
    """A variant that cannot be read, or that does not fit the sequence."""


class DesignError(DataError):
    """A target that cannot be designed, or constraints that contradict it or each other."""


class CorpusError(DataError):
    """Shards or a manifest that are damaged or do not fit together."""


class MissingDataError(DataError):
    """A split of a benchmark that is not there, or data without labels to learn from or to choose by."""


class RunError(DataError):
    """A training that diverges, a program that fails, or answers that do not fit the questions."""


class ModelError(DataError):
    """Weights that are missing, damaged or of another kind than asked for."""


class StoppedError(MprnaError):
    """SIGTERM stopped a training after a checkpoint; says how it goes on."""

    exit_code = 143  # 128 + SIGTERM, as shells report it


class UsageError(MprnaError):
    """The call itself is at fault: a bad option, a contradiction."""

    exit_code = 2


class MissingExtraError(UsageError):
    """An optional dependency is not installed; names the extra that brings it."""

    def __init__(self, feature: str, extra: str) -> None:
        self.feature, self.extra = feature, extra
        super().__init__(f"{feature} needs an optional dependency: pip install 'mprna[{extra}]'")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.feature, self.extra)  # so that a process can send it to another


def first_line(error: BaseException) -> str:
    """What an error of another library says first; its class where it says nothing."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def shorten(text: str, length: int = 24) -> str:
    """The start of a text, quoted for a message.

    >>> shorten("Lorem ipsum dolor sit amet, consectetur")
    "'Lorem ipsum dolor si...'"
    """
    return repr(text if len(text) <= length else text[: length - 3] + "...")


def a_few(names: Sequence[str]) -> str:
    """The first ones.

    >>> a_few(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    more = len(names) - _SHOWN_NAMES
    return ", ".join(names[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def unwrapped(text: str) -> str:
    """A text of several lines as one, with single blanks.

    >>> unwrapped("cannot be read:\\n  truncated")
    'cannot be read: truncated'
    """
    return " ".join(text.split())


class MprnaWarning(UserWarning):
    """Something that the user should know and that did not stop the work."""
