from __future__ import annotations

import pytest

from mprna.corpus.clean import (
    Cleaner,
    CleanTranscript,
    SpeciesFilter,
    is_ambiguous,
    species_names,
)
from mprna.corpus.drops import DropReason
from mprna.corpus.species import species_rule
from mprna.io.records import Record


def clean(name: str, sequence: str, species: SpeciesFilter | None = None) -> CleanTranscript | DropReason:
    cleaner = Cleaner("x.fa", species_rule("header"), species or SpeciesFilter(), min_length=5)
    return cleaner.clean(Record(name=name, sequence=sequence))


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        ("acgtACGT", "ACGUACGU"),
        ("ACGUR", "ACGUN"),
        ("NNNNN", "NNNNN"),
        ("", DropReason.EMPTY_RECORD),
        ("ACGU", DropReason.SHORT_RECORD),
        ("ACGU-ACGU", DropReason.ILLEGAL_SYMBOL),
        ("ACGU*", DropReason.ILLEGAL_SYMBOL),
        ("MKVLAAG", DropReason.ILLEGAL_SYMBOL),
        ("ACGU1", DropReason.ILLEGAL_SYMBOL),
        ("ACGUÄ", DropReason.ILLEGAL_SYMBOL),
    ],
)
def test_records_are_taken_or_dropped_whole(sequence: str, expected: str | DropReason) -> None:
    transcript = clean("t|Zea_mays|cds", sequence)
    if isinstance(expected, DropReason):
        assert transcript is expected
    else:
        assert transcript == CleanTranscript("t", "Zea_mays", expected)


def test_species_are_kept_left_out_and_remembered() -> None:
    only = SpeciesFilter(only=frozenset({"A", "B"}), exclude=frozenset({"C"}))
    assert [only.keeps(name) for name in ("A", "C", "D", "")] == [True, False, False, False]
    assert only.missing() == ["B"]
    assert SpeciesFilter().keeps("anything")


def test_species_comes_before_every_other_reason() -> None:
    species = SpeciesFilter(exclude=frozenset({"Zea_mays"}))
    assert clean("t|Zea_mays|cds", "", species) is DropReason.EXCLUDED_SPECIES


def test_ambiguous_means_more_than_the_rate() -> None:
    assert not is_ambiguous("NACGUACGUA", max_rate=0.1)
    assert is_ambiguous("NNACGUACGU", max_rate=0.1)
    assert is_ambiguous("NACG", max_rate=0.0)


def test_species_names_may_have_blanks() -> None:
    assert species_names(["Zea mays", " Danio_rerio "]) == {"Zea_mays", "Danio_rerio"}
