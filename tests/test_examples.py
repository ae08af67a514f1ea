"""examples/: what the files promise in their README."""

from __future__ import annotations

from pathlib import Path

import pytest

from mprna.alphabet import CANONICAL_PAIRS, clean_sequence
from mprna.io.dot_bracket import read_dot_bracket
from mprna.io.fasta import read_fasta
from mprna.io.records import Record
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import pairs_from_dot_bracket

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def sequences() -> dict[str, Record]:
    return {record.name: record for record in read_fasta(str(EXAMPLES / "rnas.fa"))}


@pytest.fixture(scope="module")
def structures() -> dict[str, Record]:
    return {record.name: record for record in read_dot_bracket(str(EXAMPLES / "rnas.dbn"))}


def canonical_share(record: Record) -> float:
    assert record.dot_bracket is not None
    pairs = pairs_from_dot_bracket(record.dot_bracket).tolist()
    return sum(record.sequence[i] + record.sequence[j] in CANONICAL_PAIRS for i, j in pairs) / len(pairs)


def test_sequences_are_clean_and_say_where_they_were_checked(sequences: dict[str, Record]) -> None:
    assert len(sequences) >= 12
    assert len({record.sequence for record in sequences.values()}) == len(sequences)
    for record in sequences.values():
        assert clean_sequence(record.sequence) == record.sequence, record.name
        assert "; checked: " in record.description, record.name


def test_structures_belong_to_the_sequences(
    sequences: dict[str, Record], structures: dict[str, Record]
) -> None:
    for record in structures.values():
        assert record.sequence == sequences[record.name].sequence, record.name
        assert len(record.dot_bracket or "") == len(record.sequence), record.name
        assert "; structure: " in record.description, record.name


def test_pairs_are_mostly_canonical(structures: dict[str, Record]) -> None:
    shares = {name: canonical_share(record) for name, record in structures.items()}
    assert min(shares.values()) >= 0.8  # the NMR structure of the RRE has G-A and G-G pairs
    assert sum(share == 1 for share in shares.values()) >= 0.75 * len(shares)


def test_there_are_pseudoknots_and_a_long_rna(structures: dict[str, Record]) -> None:
    pseudoknots = [
        r.name for r in structures.values() if has_pseudoknot(pairs_from_dot_bracket(r.dot_bracket or ""))
    ]
    assert {"SARS_CoV_2_frameshift", "BWYV_frameshift", "telomerase_pseudoknot"} <= set(pseudoknots)
    assert max(len(record.sequence) for record in structures.values()) > 500


def test_a_fact_that_everybody_knows(structures: dict[str, Record]) -> None:
    """Yeast tRNA-Phe: 21 pairs in four helices, anticodon GAA at 34, CCA at the end."""
    record = structures["yeast_tRNA_Phe"]
    pairs = pairs_from_dot_bracket(record.dot_bracket or "")
    assert len(record.sequence) == 76
    assert record.sequence[33:36] == "GAA"
    assert record.sequence.endswith("CCA")
    assert pairs[[0, 7, 11, 16]].tolist() == [[0, 71], [9, 24], [26, 42], [48, 64]]


def test_every_example_is_in_the_readme(sequences: dict[str, Record]) -> None:
    rows = [line.split("|") for line in (EXAMPLES / "README.md").read_text().splitlines() if "| `" in line]
    listed = {row[1].strip(" `"): int(row[2]) for row in rows}
    assert listed == {name: len(record.sequence) for name, record in sequences.items()}
