"""Transcripts on a genome: GTF (its `exon` lines) and BED (one per line; fewer than 12 columns: one exon)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mprna.errors import FormatError, shorten
from mprna.io.source import Source, numbered_lines, open_input

_TRANSCRIPT_ID: Final = re.compile(r'\btranscript_id\s+"([^"]+)"')
_HEADERS: Final = ("track", "browser")
_GTF_COLUMNS: Final = 9


@dataclass(frozen=True, slots=True)
class Transcript:
    """Where an RNA lies on a genome."""

    name: str
    contig: str
    strand: str
    """`+` or `-`."""
    exons: tuple[tuple[int, int], ...]
    """0-based, the end excluded; by position, none overlaps another."""

    @property
    def start(self) -> int:
        return self.exons[0][0]

    @property
    def end(self) -> int:
        return self.exons[-1][1]

    @property
    def length(self) -> int:
        """Nucleotides of all exons."""
        return sum(end - start for start, end in self.exons)

    def position_of(self, genomic: int) -> int | None:
        """0-based position in the RNA of a 0-based position on the contig; None in an intron or outside.

        >>> transcript = Transcript("t", "chr1", "-", ((10, 12), (20, 23)))
        >>> [transcript.position_of(i) for i in (22, 20, 15, 11, 10)]
        [0, 2, None, 3, 4]
        """
        before = 0
        for start, end in self.exons:
            if start <= genomic < end:
                place = before + genomic - start
                return place if self.strand == "+" else self.length - 1 - place
            before += end - start
        return None


def read_transcripts(source: Source) -> list[Transcript]:
    """All transcripts of a file, in the order of their first lines.

    Exons of one id on both strands, as of genes that are trans-spliced, are two transcripts: two RNAs that
    are made apart. So are lines of BED that share a name, as of a gene with several loci.

    Raises:
        FormatError: neither GTF nor BED, a broken line, or no transcript.
    """
    with open_input(source) as file:
        found: dict[_Key, tuple[list[tuple[int, int]], int]] = {}
        for number, line in numbered_lines(file):
            if not line.strip() or line.startswith("#") or line.split(maxsplit=1)[0] in _HEADERS:
                continue
            for key, exons in _exons(line, file.name, number):
                found.setdefault(key, ([], number))[0].extend(exons)
        if not found:
            raise FormatError("no exons in this file; expected GTF or BED", path=file.name)
        return [
            Transcript(name, contig, strand, _ordered(exons, name, file.name, number))
            for (name, contig, strand, _), (exons, number) in found.items()
        ]


_Key = tuple[str, str, str, int]
"""Name, contig, strand, and the line in BED, where lines are not to be joined."""

_Part = tuple[_Key, list[tuple[int, int]]]


def _exons(line: str, path: str, number: int) -> Iterator[_Part]:
    cells = line.split("\t")
    try:
        if len(cells) == _GTF_COLUMNS and not cells[1].isdecimal():
            if cells[2] == "exon":
                yield _gtf(cells)
        else:
            yield _bed(cells, number)
    except (ValueError, IndexError) as error:
        reason = str(error) if isinstance(error, ValueError) else "too few columns"
        message = f"neither GTF nor BED ({reason}): {shorten(line)}"
        raise FormatError(message, path=path, line=number) from error


def _gtf(cells: list[str]) -> _Part:
    match = _TRANSCRIPT_ID.search(cells[8])
    if match is None:
        is_gff3 = "Parent=" in cells[8]
        raise ValueError("GFF3; make it GTF, as by gffread -T" if is_gff3 else "no transcript_id")
    start, end = _position(cells[3]), _position(cells[4])
    if start < 1:
        raise ValueError("positions of GTF count from 1")
    return (match[1], cells[0], _strand(cells[6]), 0), [(start - 1, end)]


def _bed(cells: list[str], number: int) -> _Part:
    start, end = _position(cells[1]), _position(cells[2])
    name = cells[3] if len(cells) > 3 else f"{cells[0]}:{start + 1}-{end}"
    strand = _strand(cells[5]) if len(cells) > 5 else "+"
    key = name, cells[0], strand, number
    if len(cells) < 12:
        return key, [(start, end)]
    sizes, starts = ([_position(cell) for cell in cells[k].strip(",").split(",")] for k in (10, 11))
    if not _position(cells[9]) == len(sizes) == len(starts):
        raise ValueError(f"{cells[9]} blocks with {len(sizes)} sizes and {len(starts)} starts")
    if starts[0] != 0 or starts[-1] + sizes[-1] != end - start:
        raise ValueError("blocks that do not reach from start to end")
    return key, [(start + first, start + first + size) for first, size in zip(starts, sizes, strict=True)]


def _position(cell: str) -> int:
    if not re.fullmatch("[0-9]{1,12}", cell.strip()):
        raise ValueError(f"{shorten(cell)} is no position or number of nucleotides")
    return int(cell)


def _strand(cell: str) -> str:
    if cell not in ("+", "-"):
        raise ValueError(f"strand {cell!r}, expected + or -")
    return cell


def _ordered(exons: list[tuple[int, int]], name: str, path: str, line: int) -> tuple[tuple[int, int], ...]:
    exons = sorted(exons)
    ends = [0, *(end for _, end in exons)]
    if any(start < before or end <= start for (start, end), before in zip(exons, ends, strict=False)):
        raise FormatError(f"exons of {name!r} are empty or overlap", path=path, line=line)
    return tuple(exons)
