"""What a record is called and what species it is of, by one of four rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal

from mprna.errors import FormatError, UsageError
from mprna.io.records import Record
from mprna.io.source import numbered_lines, open_input

SpeciesFrom = Literal["header", "source"]
SpeciesRule = Callable[[Record, str], tuple[str, str]]
"""Takes a record and the name of its file; returns the transcript's id and its species."""

UNKNOWN_SPECIES: Final = ""


def species_rule(
    species_from: SpeciesFrom, *, pattern: str | None = None, table: Mapping[str, str] | None = None
) -> SpeciesRule:
    """The rule of a build: the table, else the pattern, else `species_from`."""
    if table is not None:
        return lambda record, _: (record.name, table.get(record.name, UNKNOWN_SPECIES))
    if pattern is not None:
        compiled = compile_pattern(pattern)
        return lambda record, _: (record.name, _matched_species(compiled, record.header))
    return lambda record, source: parse_header(record.name, source=source, species_from=species_from)


def parse_header(name: str, *, source: str, species_from: SpeciesFrom) -> tuple[str, str]:
    """Transcript id and species of a record called `name` in the file `source`.

    `header` reads `id|species|type` and leaves the species unknown (empty) in other headers; `source`
    takes the file's name up to its first dot, blanks as underscores.

    >>> parse_header("AJFN-4471|AJFN|cds", source="many.fa.gz", species_from="header")
    ('AJFN-4471', 'AJFN')
    >>> parse_header("AJFN-4471", source="onekp/AJFN.fa.gz", species_from="source")
    ('AJFN-4471', 'AJFN')
    """
    if species_from == "source":
        return name, underscored(source.rsplit("/", 1)[-1].split(".", 1)[0])
    fields = name.split("|")
    return fields[0], fields[1] if len(fields) > 1 else UNKNOWN_SPECIES


def compile_pattern(pattern: str) -> re.Pattern[str]:
    """A regular expression that is searched for in the whole header.

    Raises:
        UsageError: it is none, or has no group `species`.
    """
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError) as error:
        raise UsageError(f"species pattern {pattern!r} is no regular expression: {error}") from None
    if "species" not in compiled.groupindex:
        raise UsageError(
            f"species pattern {pattern!r} has no group `species`: write (?P<species>...) around it"
        )
    return compiled


def read_species_table(path: Path) -> dict[str, str]:
    """Species by id, from lines `id<TAB>species`; further columns, and lines that start with #, are ignored.

    Raises:
        FormatError: another line, an id with two species, no line at all, or a file that cannot be read.
    """
    species: dict[str, str] = {}
    with open_input(path) as file:
        for number, line in numbered_lines(file):
            if not line.strip() or line.startswith("#"):
                continue
            cells = [cell.strip() for cell in line.split("\t")]
            if len(cells) < 2 or not all(cells[:2]):
                raise FormatError("expected id<TAB>species", path=file.name, line=number)
            name = underscored(cells[1])
            if species.setdefault(cells[0], name) != name:
                message = f"{cells[0]!r} is {name}, but was {species[cells[0]]} before"
                raise FormatError(message, path=file.name, line=number)
    if not species:
        raise FormatError("no line with id<TAB>species in this file", path=str(path))
    return species


def underscored(name: str) -> str:
    """A species with blanks as the underscores that headers use.

    >>> underscored(" Zea mays ")
    'Zea_mays'
    """
    return "_".join(name.split())


def _matched_species(pattern: re.Pattern[str], header: str) -> str:
    match = pattern.search(header)
    return underscored(match["species"] or "") if match else UNKNOWN_SPECIES
