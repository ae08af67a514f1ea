"""Which input records enter a corpus, as what letters, of what species.

Policy: a record is taken whole or dropped whole. Case is dropped, T becomes U, ambiguity codes become N;
a gap, digit, protein letter or any other symbol drops the record, because removing it would join
nucleotides that are no neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from mprna.alphabet import clean_sequence
from mprna.corpus.drops import DropReason
from mprna.errors import SequenceError
from mprna.io.records import Record

SpeciesFrom = Literal["header", "source"]
UNKNOWN_SPECIES: Final = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A record that entered the corpus: its sequence has the letters `ACGUN` only."""

    id: str
    species: str
    sequence: str


def parse_header(name: str, *, source: str, species_from: SpeciesFrom) -> tuple[str, str]:
    """Transcript id and species of a record called `name` in the file `source`.

    `header` reads `id|species|type` and leaves the species unknown (empty) in other headers; `source`
    takes the file's name up to its first dot.

    >>> parse_header("AJFN-4471|AJFN|cds", source="many.fa.gz", species_from="header")
    ('AJFN-4471', 'AJFN')
    >>> parse_header("AJFN-4471", source="onekp/AJFN.fa.gz", species_from="source")
    ('AJFN-4471', 'AJFN')
    """
    if species_from == "source":
        return name, source.rsplit("/", 1)[-1].split(".", 1)[0]
    fields = name.split("|")
    return fields[0], fields[1] if len(fields) > 1 else UNKNOWN_SPECIES


@dataclass
class SpeciesFilter:
    """Keeps or leaves out whole species, and remembers which of the named ones it has met.

    A name that never occurs is most likely misspelt, and a misspelt held-out species would leak into
    training: ask `missing()` at the end.
    """

    only: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()
    met: set[str] = field(default_factory=set)

    def keeps(self, species: str) -> bool:
        """Whether records of `species` enter the corpus."""
        self.met.add(species)
        return species not in self.exclude and (not self.only or species in self.only)

    def missing(self) -> list[str]:
        """Named species that never occurred."""
        return sorted((self.only | self.exclude) - self.met)


@dataclass(frozen=True)
class Cleaner:
    """Turns the records of one file into transcripts or reasons.

    Args:
        source: name of the file.
        species_from: see `parse_header`.
        species_filter: shared by all files of a build.
        min_length: shorter records are dropped, in nucleotides.
    """

    source: str
    species_from: SpeciesFrom
    species_filter: SpeciesFilter
    min_length: int

    def clean(self, record: Record) -> Transcript | DropReason:
        """The transcript of `record`, or why there is none."""
        transcript_id, species = parse_header(record.name, source=self.source, species_from=self.species_from)
        if not self.species_filter.keeps(species):
            return DropReason.EXCLUDED_SPECIES
        if not record.sequence:
            return DropReason.EMPTY_RECORD
        try:
            sequence = clean_sequence(record.sequence)
        except SequenceError:
            return DropReason.ILLEGAL_SYMBOL
        if len(sequence) < self.min_length:
            return DropReason.SHORT_RECORD
        return Transcript(transcript_id, species, sequence)


def is_ambiguous(sequence: str, *, max_rate: float) -> bool:
    """Whether more than the share `max_rate` of a clean sequence is N."""
    return sequence.count("N") > max_rate * len(sequence)


def species_names(names: Iterable[str]) -> frozenset[str]:
    """Names as given on a command line, with blanks as the underscores that headers use."""
    return frozenset(name.strip().replace(" ", "_") for name in names)
