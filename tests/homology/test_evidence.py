"""What relatives say: their pairs at the right places, and nothing where they know nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.homology.evidence import MIN_TRUST, find_evidence, with_evidence
from mprna.homology.library import Library, Template
from mprna.rna.structure import pairs_from_dot_bracket

from .conftest import random_rna

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
CLOVER = "(((((((..((((........)))).((((.........)))).....(((((.......))))))))))))...."


def template(sequence: str = TRNA, dot_bracket: str = CLOVER, name: str = "known") -> Template:
    return Template(name, sequence, pairs_from_dot_bracket(dot_bracket))


def test_an_equal_rna_has_the_same_pairs():
    evidence = find_evidence(TRNA, Library([template()]))
    pairs = np.argwhere(np.triu(evidence.base_pair_probs) > 0.9)
    assert evidence.template == "known"
    assert pairs.tolist() == sorted(pairs_from_dot_bracket(CLOVER).tolist())
    assert evidence.known.min() > 0.9


def test_pairs_move_with_the_nucleotides_and_inserts_are_unknown():
    insert = "AAAAAA"
    evidence = find_evidence(TRNA[:46] + insert + TRNA[46:], Library([template()]))
    moved = [[i + 6 * (i >= 46), j + 6 * (j >= 46)] for i, j in pairs_from_dot_bracket(CLOVER).tolist()]
    assert np.argwhere(np.triu(evidence.base_pair_probs) > 0.5).tolist() == sorted(moved)
    assert (evidence.known < 0.5).sum() == len(insert)


def test_a_pair_that_the_letters_forbid_is_not_taken_over():
    changed = "C" + TRNA[1:]  # the first pair was G-C
    evidence = find_evidence(changed, Library([template()]))
    first, last = pairs_from_dot_bracket(CLOVER)[0]
    assert evidence.base_pair_probs[first, last] == 0
    assert evidence.base_pair_probs[first + 1, last - 1] > 0.9


def test_strangers_are_not_listened_to():
    strangers = [template(random_rna(76, seed), CLOVER, str(seed)) for seed in range(300)]
    assert find_evidence(TRNA, Library(strangers)) is None


def test_the_best_relative_is_named_and_weighs_most():
    far = TRNA[:20] + random_rna(8, 1) + TRNA[28:60] + random_rna(6, 2) + TRNA[66:]
    evidence = find_evidence(TRNA, Library([template(far, "." * len(far), "far"), template(name="near")]))
    assert evidence.template == "near"
    assert evidence.base_pair_probs[0, pairs_from_dot_bracket(CLOVER)[0][1]] > 0.5


@given(st.integers(0, 10_000), st.integers(0, 40))
def test_probabilities_stay_probabilities(seed, num_changes):
    rng = np.random.default_rng(seed)
    letters = list(TRNA)
    for place in rng.integers(len(TRNA), size=num_changes):
        letters[place] = rng.choice(list("ACGUN"))
    sequence = "".join(letters)
    evidence = find_evidence(sequence, Library([template(), template(TRNA, "." * len(TRNA))]))
    if evidence is None:
        return
    length = len(sequence)
    before = rng.random((length, length)).astype(np.float32)
    before += before.T
    before /= before.sum(1).max()
    after = with_evidence(before, evidence)
    assert MIN_TRUST <= evidence.known.max() <= 1
    assert np.array_equal(after, after.T)
    assert after.min() >= 0
    assert after.sum(1).max() <= 1 + 1e-5


def test_where_nothing_is_known_everything_stays():
    evidence = find_evidence("A" * 30 + TRNA, Library([template()]))
    before = np.full((106, 106), 1 / 106, dtype=np.float32)
    after = with_evidence(before, evidence)
    assert np.array_equal(after[:30, :30], before[:30, :30])
    assert after[40, 41] < before[40, 41]


@pytest.mark.parametrize("sequence", ["A", "ACGUACGU", "N" * 50, "A" * 50])
def test_odd_sequences_have_no_relatives(sequence):
    assert find_evidence(sequence, Library([template()])) is None
