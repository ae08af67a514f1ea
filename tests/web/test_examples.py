"""The page's examples are those of the repository."""

from __future__ import annotations

from pathlib import Path

from mprna.io.dot_bracket import read_dot_bracket
from mprna.io.fasta import read_fasta
from mprna.web.examples import read_examples

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_they_are_those_of_the_repository() -> None:
    files = ("rnas.fa", "utr.fa")
    sequences = {rna.name: rna.sequence for file in files for rna in read_fasta(str(EXAMPLES / file))}
    structures = {record.name: record.dot_bracket for record in read_dot_bracket(str(EXAMPLES / "rnas.dbn"))}
    found = read_examples()
    assert {example.id: example.sequence for example in found} == sequences
    assert {example.id: example.dot_bracket for example in found if example.dot_bracket} == structures


def test_they_say_what_they_are() -> None:
    for example in read_examples():
        assert example.description
        assert "\n" not in example.description
