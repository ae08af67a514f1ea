from __future__ import annotations

from pathlib import Path

import pytest

from mprna.corpus.species import (
    SpeciesFrom,
    compile_pattern,
    parse_header,
    read_species_table,
    species_rule,
)
from mprna.errors import FormatError, UsageError
from mprna.io.records import Record


@pytest.mark.parametrize(
    ("name", "source", "species_from", "expected"),
    [
        ("id|Zea_mays|cds", "x.fa", "header", ("id", "Zea_mays")),
        ("id|Zea_mays", "x.fa", "header", ("id", "Zea_mays")),
        ("id", "x.fa", "header", ("id", "")),
        ("id||cds", "x.fa", "header", ("id", "")),
        ("id|Zea_mays|cds", "FCHS.v2.fa.gz", "source", ("id|Zea_mays|cds", "FCHS")),
        ("id", "ferns/FCHS.fa", "source", ("id", "FCHS")),
        ("id", "Zea mays.fa", "source", ("id", "Zea_mays")),
    ],
)
def test_parse_header(name: str, source: str, species_from: SpeciesFrom, expected: tuple[str, str]) -> None:
    assert parse_header(name, source=source, species_from=species_from) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("scaffold-AALA-2000001-Meliosma_cuneifolia", "Meliosma_cuneifolia"),
        ("t1 [organism=Zea mays]", "Zea_mays"),
        ("t1", ""),
    ],
)
def test_pattern_is_searched_for_in_the_whole_header(header: str, expected: str) -> None:
    name, _, description = header.partition(" ")
    rule = species_rule("header", pattern=r"(-|organism=)(?P<species>[^]-]+)\]?$")
    record = Record(name=name, description=description, sequence="ACGU")
    assert rule(record, "x.fa") == (name, expected)


def test_table_wins_and_lacks_what_it_lacks(tmp_path: Path) -> None:
    path = tmp_path / "species.tsv"
    path.write_bytes(
        b"# id\tspecies\r\nt1|x\tZea mays\tignored\r\n\r\nt2\tDanio_rerio\r\nt2\tDanio_rerio\r\n"
    )
    table = read_species_table(path)
    assert table == {"t1|x": "Zea_mays", "t2": "Danio_rerio"}
    rule = species_rule("header", table=table)
    assert rule(Record(name="t1|x", sequence=""), "x.fa") == ("t1|x", "Zea_mays")
    assert rule(Record(name="t3|Zea_mays", sequence=""), "x.fa") == ("t3|Zea_mays", "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no line with id<TAB>species"),
        (b"t1\tA\nt2 B\n", r"species\.tsv:2: expected id<TAB>species"),
        (b"t1\t\n", "expected id<TAB>species"),
        (b"t1\tA\nt1\tB\n", r"species\.tsv:2: 't1' is B, but was A before"),
        (b"\x1f\x8b\x00\x00", r"species\.tsv: "),
        (b"t1\tA\0\n", "binary or UTF-16"),
        (None, r"species\.tsv: No such file"),
    ],
)
def test_table_that_cannot_be_read(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "species.tsv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        read_species_table(path)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "is no regular expression"),
        ("a{9999999999}", "is no regular expression"),
        ("(a)", "no group `species`"),
    ],
)
def test_pattern_that_is_none(pattern: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        compile_pattern(pattern)
