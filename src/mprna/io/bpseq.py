"""BPSEQ as the Comparative RNA Web site and bpRNA write it; a file may hold several structures.

    # name description
    # energy: -5.40
    1 G 12
    2 G 11
    ...

Columns: position, nucleotide, partner (0 where unpaired), from 1. Position 1 starts a structure. A record
that failed becomes a `# error: reason` comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, Final

from mprna.errors import FormatError
from mprna.io.pair_table import PairTable, rows_of
from mprna.io.records import ERROR_COMMENT, Record, split_header
from mprna.io.source import Source, numbered_lines, open_input
from mprna.rna.energy import round_energy

_TITLE: Final = re.compile(r"^#*\s*(?:Filename:|Name:|File\s+(?=\S+\.bpseq\s*$))?")
_ENERGY: Final = re.compile(r"# energy: ([-+]?\d+(?:\.\d*)?)$")


def read_bpseq(source: Source) -> Iterator[Record]:
    """Structures of a BPSEQ file.

    Lines with `#` or `:` before the rows are a header; the first one names the structure (`# name`, CRW's
    `Filename: name`, bpRNA's `#Name: name`, RNA STRAND's `# File name.bpseq`).

    Raises:
        FormatError: a row that does not fit, or partners that disagree.
    """
    with open_input(source) as file:
        table: PairTable | None = None
        header: list[str] = []
        number = last_line = 0
        for line_number, line in numbered_lines(file):
            cells = line.split()
            if not cells or line.startswith(ERROR_COMMENT):
                continue
            if not cells[0].isdecimal() and ("#" in line or ":" in line):
                header.append(line)
                continue
            if table is None or header or cells[0] == "1":
                if table:
                    yield table.record(last_line)
                number += 1
                table, header = _start(header, number, file.name), []
            _add_row(table, cells, line_number)
            last_line = line_number
        if table:
            yield table.record(last_line)


def write_bpseq(records: Iterable[Record], stream: IO[str]) -> None:
    """Write one structure after the other.

    Raises:
        FormatError: a record with neither structure nor error.
    """
    for record in records:
        if record.error is not None:
            stream.write(f"{record.error_comment} ({record.header})\n")
            continue
        rows = rows_of(record)
        stream.write(f"# {record.header}\n")
        if record.energy is not None:
            stream.write(f"# energy: {round_energy(record.energy):.2f}\n")
        for position, letter, partner in rows:
            stream.write(f"{position} {letter} {partner}\n")


def _start(header: list[str], number: int, path: str) -> PairTable:
    title = _TITLE.sub("", header[0]) if header else ""
    name, description = split_header(title, number)
    energies = [float(energy[1]) for line in header[1:] if (energy := _ENERGY.match(line))]
    return PairTable(path, name, description, energy=energies[0] if energies else None)


def _add_row(table: PairTable, cells: list[str], line_number: int) -> None:
    if len(cells) != 3:
        message = f"{len(cells)} columns, a BPSEQ row has 3"
        raise FormatError(message, path=table.path, line=line_number)
    table.add(cells[0], cells[1], cells[2], line_number)
