"""Constraints of structures that stand apart from the sequences: one line each, by name or in order."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence

from mprna.errors import FormatError, MprnaWarning, UsageError
from mprna.io.records import Record
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.constraints import SYMBOLS


def looks_like_one(text: str) -> bool:
    """Whether a text is a constraint rather than the name of a file."""
    return bool(text) and set(text) <= set(SYMBOLS)


def read_constraints(source: Source) -> tuple[dict[str, str], list[str]]:
    """Constraints by name, of lines that follow a `>name`; and those without a name, one a line.

    Raises:
        FormatError: a name that comes twice or has no constraint, names on some lines only, or no
            constraint at all.
    """
    named: dict[str, str] = {}
    nameless: list[str] = []
    with open_input(source) as file:
        name: str | None = None
        for number, line in numbered_lines(file):
            text = line.strip()
            if text.startswith(">"):
                name = (text[1:].split() or [""])[0]
                if name in named:
                    message = f"a second constraint of {name!r}"
                    raise FormatError(message, path=file.name, line=number)
                named[name] = ""
            elif text and text[0] != "#":
                if name is None:
                    nameless.append(text.split()[0])
                else:
                    named[name] += text.split()[0]
    if bool(named) == bool(nameless):
        raise FormatError("expected constraints, either all of them below a '>name' or none", path=file.name)
    if empty := [name for name, text in named.items() if not text]:
        raise FormatError(f"no constraint below '>{empty[0]}'", path=file.name)
    return named, nameless


def constrain_by_name(records: Iterable[Record], constraints: Mapping[str, str]) -> Iterator[Record]:
    """Records with the constraints of their names; others stay as they are.

    Warns of names that no record has.
    """
    unused = set(constraints)
    for record in records:
        unused.discard(record.name)
        text = constraints.get(record.name)
        yield record if text is None else dataclasses.replace(record, constraint=text)
    if unused:
        message = f"constraints of no record: {len(unused)}; the first: {min(unused)}"
        warnings.warn(message, MprnaWarning, stacklevel=1)


def constrain_in_order(records: Iterable[Record], constraints: Sequence[str]) -> Iterator[Record]:
    """Records with one constraint each.

    Raises:
        UsageError: more or fewer records than constraints.
    """
    number = 0
    for number, record in enumerate(records, 1):
        if number > len(constraints):
            raise UsageError(f"more records than the {len(constraints)} constraints without names")
        yield dataclasses.replace(record, constraint=constraints[number - 1])
    if number < len(constraints):
        raise UsageError(f"{len(constraints)} constraints without names for {number} records")
