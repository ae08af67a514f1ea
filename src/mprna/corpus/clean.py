"""Which input records enter a corpus, and as what letters.

Policy: a record is taken whole or dropped whole. Case is dropped, T becomes U, ambiguity codes become N;
a gap, digit, protein letter or any other symbol drops the record, because removing it would join
nucleotides that are no neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mprna.alphabet import clean_sequence
from mprna.corpus.drops import DropReason
from mprna.corpus.species import SpeciesRule, underscored
from mprna.errors import SequenceError
from mprna.io.records import Record


@dataclass(frozen=True, slots=True)
class CleanTranscript:
    """A record that entered the corpus: its sequence has the letters `ACGUN` only."""

    id: str
    species: str
    sequence: str


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


@dataclass
class Cleaner:
    """Turns the records of one file into transcripts or reasons.

    Args:
        source: name of the file.
        species_rule: finds id and species of a record.
        species_filter: shared by all files of a build.
        min_length: shorter records are dropped, in nucleotides.
        unknown_species: number of records, so far, for which the rule found no species.
    """

    source: str
    species_rule: SpeciesRule
    species_filter: SpeciesFilter
    min_length: int
    unknown_species: int = 0

    def clean(self, record: Record) -> CleanTranscript | DropReason:
        """The transcript of `record`, or why there is none."""
        transcript_id, species = self.species_rule(record, self.source)
        self.unknown_species += not species
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
        return CleanTranscript(transcript_id, species, sequence)


def is_ambiguous(sequence: str, *, max_rate: float) -> bool:
    """Whether more than the share `max_rate` of a clean sequence is N."""
    return sequence.count("N") > max_rate * len(sequence)


def species_names(names: Iterable[str]) -> frozenset[str]:
    """Names as given on a command line, with blanks as the underscores that headers use."""
    return frozenset(underscored(name) for name in names)
