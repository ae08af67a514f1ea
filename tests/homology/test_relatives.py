"""Relatives of a piece of an RNA: the right ones, in order, and no strangers."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.errors import FormatError, MissingDataError
from mprna.homology.relatives import MAX_EXPECTED, MAX_RELATIVES, Relatives, read_relatives

from .conftest import random_rna


def changed(sequence: str, num_changes: int, seed: int) -> str:
    rng, letters = np.random.default_rng(seed), list(sequence)
    for place in rng.choice(len(letters), size=num_changes, replace=False):
        letters[place] = "ACGU"[("ACGU".index(letters[place]) + rng.integers(1, 4)) % 4]
    return "".join(letters)


GENE = random_rna(1_500, 1)
STRANGERS = [random_rna(1_500, seed) for seed in range(100, 160)]


def relatives(*sequences: str) -> Relatives:
    return Relatives([str(number) for number in range(len(sequences))], sequences)


def test_the_nearest_relative_comes_first_and_strangers_do_not_come():
    window = GENE[600:800]
    known = relatives(*STRANGERS, changed(GENE, 300, 2), changed(GENE, 100, 3))
    found = known.find(window)
    assert [relative.name for relative in found] == ["61", "60"]
    assert [relative.name for relative in known.find(window)] == ["61", "60"]
    assert found[0].alignment.score > found[1].alignment.score


def test_aligned_letters_are_those_of_the_relative():
    insert = GENE[:700] + "AC" + GENE[700:]
    (found,) = relatives(insert).find(GENE[600:800])
    first, second = found.alignment.first.tolist(), found.alignment.second.tolist()
    assert [GENE[600 + place] for place in first] == [found.sequence[place] for place in second]
    assert len(first) >= 198


def test_chance_makes_no_more_relatives_than_expected():
    known = relatives(*STRANGERS)
    found = [len(known.find(random_rna(256, seed))) for seed in range(1_000, 1_200)]
    assert 0.2 * MAX_EXPECTED < sum(found) / 200 < 2 * MAX_EXPECTED


def test_there_are_at_most_so_many():
    assert len(relatives(*(changed(GENE, 50, seed) for seed in range(30))).find(GENE[:200])) == MAX_RELATIVES


@pytest.mark.parametrize("sequence", ["A", "N" * 50, "ACGUACGU"])
def test_what_shares_no_word_has_no_relatives(sequence):
    assert relatives(GENE).find(sequence) == []


def test_files_of_several_formats_are_read_and_odd_letters_match_nothing(tmp_path):
    (tmp_path / "a.fa").write_text(
        f">x\n{GENE[:200].lower().replace('u', 't')}PPP{GENE[203:400]}\n>empty\n\n"
    )
    (tmp_path / "b.dbn").write_text(f">y\n{GENE[300:500]}\n{'.' * 200}\n")
    found = read_relatives([tmp_path / "a.fa", tmp_path / "b.dbn"]).find(GENE[100:400])
    assert [relative.name for relative in found] == ["x", "y"]
    assert "NNN" in found[0].sequence


@pytest.mark.parametrize("sequence", ["", "MKLVEELKKTLPQMKLVEELKKTLPQ", "ACGUACGUACGUACG"])
def test_files_without_nucleotides_enough_are_told(tmp_path, sequence):
    (tmp_path / "a.fa").write_text(f">x\n{sequence}\n")
    with pytest.raises(MissingDataError, match=r"a\.fa: no RNA with 16 nucleotides in a row; give relatives"):
        read_relatives([tmp_path / "a.fa"])


def test_missing_files_are_told(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_relatives([tmp_path / "none.fa"])
