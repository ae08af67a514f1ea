"""Connectivity tables (CT) as RNAstructure, mfold and bpRNA write them; a file may hold several structures.

    12 ENERGY = -5.40 name description
    1 G 0 2 12 1
    2 G 1 3 11 2
    ...

Columns: position, nucleotide, position before, position after (0 at the end), partner (0 where unpaired),
position in the original numbering; all from 1. A record that failed becomes a `# error: reason` comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Final

from mprna.errors import FormatError
from mprna.io.pair_table import PairTable, rows_of
from mprna.io.records import Record, split_header
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.energy import round_energy

_TITLE: Final = re.compile(
    r"(?P<length>[0-9]{1,9})"
    r"(?:\s+(?:ENERGY|dG)\s*=\s*(?P<energy>[-+]?[0-9]{1,9}(?:\.[0-9]*)?)"
    r"(?:\s+\[[Ii]nitially[^\]]*\])?)?"  # mfold: by the simpler rules that it folds with
    r"(?:\s+(?P<header>.*))?"
)


def read_ct(source: Source) -> Iterator[Record]:
    """Structures of a CT file; blank lines and lines that start with `#` are skipped.

    Raises:
        FormatError: a row that does not fit, partners that disagree, or a file that ends too early.
    """
    with open_input(source) as file:
        table: PairTable | None = None
        length = number = line_number = 0
        for line_number, line in numbered_lines(file):
            if not line.strip() or line.startswith("#"):
                continue
            if table is None:
                number += 1
                length, table = _start(line.strip(), number, file.name, line_number)
            else:
                _add_row(table, line, line_number)
            if len(table.letters) == length:
                yield table.record(line_number)
                table = None
        if table is not None:
            message = f"the file ends after {len(table.letters)} of {length} nucleotides of {table.name!r}"
            raise FormatError(message, path=file.name, line=line_number)


def write_ct(records: Iterable[Record], stream: IO[str]) -> None:
    """Write one table after the other.

    Raises:
        FormatError: a record with neither structure nor error.
    """
    for record in records:
        if record.error is not None:
            stream.write(f"{record.error_comment} ({record.header})\n")
            continue
        rows = rows_of(record)
        energy = "" if record.energy is None else f" ENERGY = {round_energy(record.energy):.2f}"
        stream.write(f"{len(rows)}{energy} {record.header}\n")
        for position, letter, partner in rows:
            after = position + 1 if position < len(rows) else 0
            stream.write(f"{position} {letter} {position - 1} {after} {partner} {position}\n")


def _start(line: str, number: int, path: str, line_number: int) -> tuple[int, PairTable]:
    title = _TITLE.fullmatch(line)
    if title is None:
        message = f"expected a length and a name, found {line[:24]!r}"
        raise FormatError(message, path=path, line=line_number)
    name, description = split_header(title["header"] or "", number)
    energy = None if title["energy"] is None else float(title["energy"])
    return int(title["length"]), PairTable(path, name, description, energy=energy)


def _add_row(table: PairTable, line: str, line_number: int) -> None:
    cells = line.split()
    if len(cells) < 5:
        message = f"{len(cells)} columns, a CT row has 6"
        raise FormatError(message, path=table.path, line=line_number)
    table.add(cells[0], cells[1], cells[4], line_number)
