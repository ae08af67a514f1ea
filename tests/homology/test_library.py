"""Known structures from files, and the search for likely relatives."""

from __future__ import annotations

import numpy as np
import pytest

from mprna.errors import FormatError, MissingDataError
from mprna.homology.library import NUM_CANDIDATES, Library, Template, read_library, read_sequences

from .conftest import random_rna

NO_PAIRS = np.zeros((0, 2), dtype=np.int64)


def library(*sequences: str) -> Library:
    return Library([Template(str(n), sequence, NO_PAIRS) for n, sequence in enumerate(sequences)])


def names(found: list[Template]) -> list[str]:
    return [template.name for template in found]


def test_the_relative_comes_first_and_the_order_of_the_rest_is_fixed():
    others = [random_rna(120, seed) for seed in range(60)]
    relative = others[33][:50] + random_rna(20, 99) + others[33][70:]
    found = names(library(*others).candidates(relative))
    assert found[0] == "33"
    assert len(found) <= NUM_CANDIDATES
    assert found == names(library(*others).candidates(relative))


def test_as_many_common_words_as_counted_by_hand():
    """Rare words count more, and a word counts once however often it stands there."""
    known = ["ACGUACGUAC" * 3, "GGGGGGGGGGGG", "GGGGGGGGAACC", "UUUUCCCCAAAA"]
    assert names(library(*known).candidates("GGGGGGGGAACC")) == ["2", "1"]
    assert names(library(*known).candidates("GGGGGGGG" * 5)) == ["1", "2"]


@pytest.mark.parametrize("sequence", ["", "ACGUACG", "N" * 40, "ACGUNACGUNACGUN"])
def test_without_a_whole_word_nobody_is_found(sequence):
    assert library("ACGUACGUACGU", "N" * 12, "ACG").candidates(sequence) == []


def test_files_of_several_formats_make_one_library(tmp_path):
    (tmp_path / "a.dbn").write_text(">x\nGGGAAACCC\n(((...)))\n>y\nACGU\n....\n")
    (tmp_path / "b.jsonl").write_text('{"seq": "gggtttccc", "label": "(((...)))"}\n{"seq": "ACGU"}\n')
    found = read_library([tmp_path / "a.dbn", str(tmp_path / "b.jsonl")])
    assert len(found) == 3
    (best,) = read_library([tmp_path / "b.jsonl"]).candidates("GGGUUUCCC")
    assert (best.sequence, best.pairs.tolist()) == ("GGGUUUCCC", [[0, 8], [1, 7], [2, 6]])


def test_files_without_a_structure_are_told(tmp_path):
    (tmp_path / "a.fa").write_text(">x\nGGGAAACCC\n")
    with pytest.raises(MissingDataError, match=r"a\.fa: no RNA with a structure; give templates"):
        read_library([tmp_path / "a.fa"])


def test_letters_that_are_no_nucleotides_match_nothing(tmp_path):
    """RNA STRAND, for one, has P for pseudouridine. Some letters have two in upper case."""
    (tmp_path / "a.dbn").write_text(">odd\nGGGßaaatcccGG\n(((.....)))..\n")
    (found,) = read_library([tmp_path / "a.dbn"]).candidates("AAAUCCCGG")
    assert found.sequence == "GGGNAAAUCCCGG"


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FormatError, match="No such file"):
        read_library([tmp_path / "none.dbn"])


def test_sequences_need_no_structure_and_copies_count_once(tmp_path):
    (tmp_path / "a.fa").write_text(">x\nGGGAAACCC\n>copy\ngggaaaccc\n>long\n" + "ACGU" * 30 + "\n>empty\n\n")
    (tmp_path / "b.dbn").write_text(">y\nGGGUUUCCC\n(((...)))\n")
    found = read_sequences([tmp_path / "a.fa", tmp_path / "b.dbn"], max_length=100)
    assert len(found) == 2
    (best,) = found.candidates("GGGAAACCC")
    assert (best.name, len(best.pairs)) == ("x", 0)
    with pytest.raises(MissingDataError, match=r"a\.fa: no RNA of 1 to 5 nt; give relatives"):
        read_sequences([tmp_path / "a.fa"], max_length=5)
