"""What relatives without structures say: shares of probability, at the right places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.homology.alignment import align
from mprna.homology.consensus import PIECE_MARGIN, RelativePairs, Weights, find_consensus, likely_pairs
from mprna.homology.evidence import pair_trust, with_evidence
from mprna.homology.library import Library, Template
from mprna.rna.structure import contact_map_from_pairs, pairs_from_dot_bracket

TRNA = "GCGGAUUUAGCUCAGUUGGGAGAGCGCCAGACUGAAGAUCUGGAGGUCCUGUGUUCGAUCCACAGAAUUCGCACCA"
CLOVER = "(((((((..((((........)))).((((.........)))).....(((((.......))))))))))))...."
WEIGHTS = Weights(own=2.0, together=0.25)
NO_PAIRS = np.zeros((0, 2), dtype=np.int64)
RELATIVE = TRNA[:16] + "AC" + TRNA[16:74] + "GG"
MOVED = CLOVER[:16] + ".." + CLOVER[16:]


def contacts(dot_bracket: str) -> np.ndarray:
    pairs = pairs_from_dot_bracket(dot_bracket)
    return contact_map_from_pairs(pairs, len(dot_bracket)).astype(np.float32)


def library(*sequences: str) -> Library:
    return Library([Template(str(number), sequence, NO_PAIRS) for number, sequence in enumerate(sequences)])


def always(dot_bracket: str, prob: float = 1.0):
    return lambda sequence: likely_pairs(prob * contacts(dot_bracket))


def consensus(sequence: str, library: Library, pairs_of, probs_of_alignment=None):
    """By default the alignment as a whole has no pairs."""
    nothing = np.zeros((len(sequence),) * 2, dtype=np.float32)
    return find_consensus(sequence, library, pairs_of, probs_of_alignment or (lambda rows: nothing), WEIGHTS)


def test_pairs_of_a_relative_count_as_far_as_it_is_trusted():
    found = consensus(TRNA, library(RELATIVE), always(MOVED, 0.8))
    i, j = pairs_from_dot_bracket(CLOVER).T
    weight = pair_trust(align(TRNA, RELATIVE).score, 1.0)
    prob = (1 - WEIGHTS.together) * 0.8 * weight / (WEIGHTS.own + weight)
    np.testing.assert_allclose(found.base_pair_probs[i, j], prob, rtol=1e-5)
    assert found.base_pair_probs.sum() == pytest.approx(2 * len(i) * prob, rel=1e-5)
    assert found.template == "0"
    np.testing.assert_array_equal(found.base_pair_probs, found.base_pair_probs.T)


def test_what_is_not_aligned_is_left_to_the_rna_itself():
    insert = "AACCAA"
    found = consensus(TRNA[:46] + insert + TRNA[46:], library(TRNA), always(CLOVER))
    alone = np.flatnonzero(np.isclose(found.known, WEIGHTS.together))
    assert alone.tolist() == list(range(46, 52))


def test_the_alignment_is_folded_as_one_with_gaps_below_the_rna():
    asked = []

    def probs_of_alignment(rows):
        asked.append(rows)
        return contacts(CLOVER)

    whole = consensus(TRNA, library(RELATIVE), always("." * len(MOVED)), probs_of_alignment)
    without = consensus(TRNA, library(RELATIVE), always("." * len(MOVED)))
    assert asked == [[TRNA, TRNA[:-2] + "--"]]  # the relative has two letters more, which pair with nobody
    np.testing.assert_allclose(
        whole.base_pair_probs - without.base_pair_probs, WEIGHTS.together * contacts(CLOVER)
    )


def test_columns_that_cannot_pair_in_the_rna_are_left_out():
    broken = "A" + TRNA[1:]  # its partner is a C
    found = consensus(broken, library(RELATIVE), always("." * len(MOVED)), lambda rows: contacts(CLOVER))
    i, j = pairs_from_dot_bracket(CLOVER)[1:].T
    assert found.base_pair_probs[0].sum() == 0
    np.testing.assert_allclose(found.base_pair_probs[i, j], WEIGHTS.together)


def test_of_a_long_relative_the_piece_below_is_folded():
    flank = "ACACAACCAAACCAACACAA" * 10
    folded = []

    def pairs_of(sequence: str) -> RelativePairs:
        folded.append(sequence)
        start = sequence.index(RELATIVE)
        return always("." * start + MOVED + "." * (len(sequence) - start - len(MOVED)))(sequence)

    found = consensus(TRNA, library(flank + RELATIVE + flank), pairs_of)
    alone = consensus(TRNA, library(RELATIVE), always(MOVED))
    np.testing.assert_allclose(found.base_pair_probs, alone.base_pair_probs)
    (piece,) = folded
    assert piece in flank + RELATIVE + flank
    assert len(TRNA) <= len(piece) <= len(TRNA) + 2 * PIECE_MARGIN + 4


def test_the_rna_itself_is_no_relative():
    assert consensus(TRNA, library(TRNA), always(CLOVER)) is None
    both = consensus(TRNA, library(TRNA, RELATIVE), lambda s: always(CLOVER if s == TRNA else MOVED)(s))
    alone = consensus(TRNA, library(RELATIVE), always(MOVED))
    np.testing.assert_allclose(both.base_pair_probs, alone.base_pair_probs)
    assert both.template == "1"


def test_a_relative_whose_pairs_do_not_fit_counts_less():
    swapped = TRNA.translate(str.maketrans("GC", "CG"))[:7] + TRNA[7:]  # the first stem pairs no more
    whole, part = (
        consensus(sequence, library(RELATIVE), always(MOVED)).known.max() for sequence in (TRNA, swapped)
    )
    assert part < whole


def test_improbable_pairs_are_left_out():
    probs = np.zeros((9, 9), dtype=np.float32)
    probs[0, 8] = probs[8, 0] = 0.5
    probs[1, 7] = probs[7, 1] = 0.001
    first, second, kept = likely_pairs(probs)
    assert (first.tolist(), second.tolist(), kept.tolist()) == ([0], [8], [0.5])


def test_a_relative_without_pairs_speaks_for_unpaired_nucleotides():
    nothing = RelativePairs(*(np.zeros(0, dtype=np.int64),) * 2, np.zeros(0, dtype=np.float32))
    found = consensus(TRNA, library(RELATIVE), lambda sequence: nothing)
    probs = contacts(CLOVER)
    mixed = with_evidence(probs, found)
    assert (found.base_pair_probs == 0).all()
    assert 0 < mixed[0, 71] < 1


@given(st.integers(0, 10_000))
def test_probabilities_stay_probabilities(seed):
    rng = np.random.default_rng(seed)
    letters = np.array(list(TRNA))
    sequences = []
    for _ in range(6):
        changed = np.where(rng.random(len(TRNA)) < 0.2, rng.choice(list("ACGUN"), len(TRNA)), letters)
        sequences.append("".join(changed[rng.integers(20) : len(TRNA) - rng.integers(20)]))

    def pairs_of(sequence: str) -> RelativePairs:
        probs = np.triu(np.random.default_rng(len(sequence)).random((len(sequence),) * 2), 1)
        probs += probs.T
        return likely_pairs((probs / probs.sum(axis=1).max()).astype(np.float32))

    found = consensus(sequences[0], library(*sequences[1:]), pairs_of)
    if found is None:
        return
    own = contacts("." * len(sequences[0]))
    own[0, -1] = own[-1, 0] = 1
    mixed = with_evidence(own, found)
    assert (mixed >= 0).all()
    assert mixed.sum(axis=1).max() <= 1 + 1e-5
    np.testing.assert_allclose(mixed, mixed.T)
