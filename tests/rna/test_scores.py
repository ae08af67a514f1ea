"""Scores against their textbook definitions, written another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.errors import StructureError
from mprna.rna.scores import (
    PairScores,
    label_confusion,
    labels_of,
    matthews_correlation,
    pair_scores,
    token_macro_f1,
)
from mprna.rna.structure import contact_map_from_pairs, pairs_from_dot_bracket

LENGTH = 16


@st.composite
def structures(draw):
    order = draw(st.permutations(range(LENGTH)))
    num_pairs = draw(st.integers(0, LENGTH // 2))
    return sorted(tuple(sorted(order[2 * k : 2 * k + 2])) for k in range(num_pairs))


dot_brackets = st.text("().[]A", min_size=1, max_size=12)


@given(structures(), structures())
def test_strict_scores_equal_the_contact_map_counts(true, predicted):
    a, b = contact_map_from_pairs(true, LENGTH), contact_map_from_pairs(predicted, LENGTH)
    scores = pair_scores(true, predicted)
    hits = (a & b).sum()
    if true and predicted:
        assert scores.precision == pytest.approx(hits / b.sum())
        assert scores.recall == pytest.approx(hits / a.sum())
        assert scores.f1 == pytest.approx(2 * hits / (a.sum() + b.sum()))


@given(structures(), structures())
def test_tolerant_scores_equal_a_count_of_neighbours(true, predicted):
    def near(pair, others):
        return any(sorted((abs(pair[0] - i), abs(pair[1] - j))) <= [0, 1] for i, j in others)

    scores = pair_scores(true, predicted, tolerance=1)
    if true and predicted:
        assert scores.precision == pytest.approx(sum(near(pair, true) for pair in predicted) / len(predicted))
        assert scores.recall == pytest.approx(sum(near(pair, predicted) for pair in true) / len(true))
        assert scores.f1 >= pair_scores(true, predicted).f1


@given(structures(), structures())
def test_precision_of_one_direction_is_recall_of_the_other(true, predicted):
    there, back = pair_scores(true, predicted), pair_scores(predicted, true)
    assert (there.precision, there.recall) == (back.recall, back.precision)


@given(structures())
def test_a_structure_agrees_with_itself(pairs):
    assert pair_scores(pairs, pairs) == PairScores(1.0, 1.0, 1.0)
    assert matthews_correlation(pairs, pairs, LENGTH) == 1.0


@pytest.mark.parametrize(("true", "predicted"), [([], [(0, 5)]), ([(0, 5)], [])])
def test_nothing_is_found_against_an_empty_structure(true, predicted):
    assert pair_scores(true, predicted) == PairScores(0.0, 0.0, 0.0)
    assert matthews_correlation(true, predicted, 9) == 0.0


def test_two_empty_structures_agree():
    assert pair_scores([], []) == PairScores(1.0, 1.0, 1.0)
    assert matthews_correlation([], [], 9) == 1.0


def test_both_ends_may_not_slip_together():
    assert pair_scores([(1, 8)], [(2, 8)], tolerance=1).f1 == 1.0
    assert pair_scores([(1, 8)], [(1, 7)], tolerance=1).f1 == 1.0
    assert pair_scores([(1, 8)], [(2, 7)], tolerance=1).f1 == 0.0
    assert pair_scores([(1, 8)], [(2, 9)], tolerance=1).f1 == 0.0
    assert pair_scores([(1, 8)], [(2, 8)]).f1 == 0.0


def test_a_pair_is_the_same_from_either_end():
    assert pair_scores([(0, 8), (1, 7)], [(8, 0), (7, 1)]).f1 == 1.0
    assert pair_scores([(0, 8)], [(8, 0), (0, 8)]).precision == 1.0
    assert matthews_correlation([(0, 8)], [(8, 0)], 9) == 1.0


def test_pseudoknots_count_as_pairs():
    true = pairs_from_dot_bracket("((..[[..))..]]")
    predicted = pairs_from_dot_bracket("((......))....")
    assert pair_scores(true, predicted) == PairScores(1.0, 0.5, 2 / 3)


@given(structures().filter(bool), structures().filter(bool))
def test_matthews_correlation_is_pearsons_of_the_upper_triangles(true, predicted):
    upper = np.triu_indices(LENGTH, k=1)
    a, b = (contact_map_from_pairs(pairs, LENGTH)[upper] for pairs in (true, predicted))
    assert matthews_correlation(true, predicted, LENGTH) == pytest.approx(np.corrcoef(a, b)[0, 1])


def macro_f1_by_hand(true, predicted):
    """Precision and recall label by label, from plain lists of letters."""
    letters = [(t, p) for t, p in zip(true, predicted, strict=True) if t in "()."]
    f1s = []
    for label in "().":
        tp = sum(t == p == label for t, p in letters)
        num_true, num_predicted = (sum(pair[k] == label for pair in letters) for k in (0, 1))
        if num_true + num_predicted:
            precision, recall = tp / max(num_predicted, 1), tp / max(num_true, 1)
            f1s.append(2 * precision * recall / (precision + recall) if tp else 0.0)
    return sum(f1s) / len(f1s) if f1s else None


@given(st.lists(dot_brackets, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_macro_f1_equals_precision_and_recall_by_hand(true, random):
    predicted = ["".join(random.choices("().[", k=len(text))) for text in true]
    expected = macro_f1_by_hand("".join(true), "".join(predicted))
    if expected is None:
        with pytest.raises(StructureError, match=r"^no nucleotide to score$"):
            token_macro_f1(true, predicted)
    else:
        assert token_macro_f1(true, predicted) == pytest.approx(expected)


def test_macro_f1_leaves_out_pseudoknots_of_the_truth():
    assert token_macro_f1(["((.[[.)).]]"], ["((....))..."]) == 1.0


def test_label_confusion_by_hand():
    counts = label_confusion("((.[.))]", "(.[)))..")
    assert counts.tolist() == [[1, 0, 1, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    assert label_confusion("", "").sum() == 0
    with pytest.raises(ValueError, match="1 symbols predicted for 2 nt"):
        label_confusion("..", ".")


def test_symbols_that_are_no_labels():
    assert labels_of("(é]").tolist() == [0, -1, -1]


def test_macro_f1_is_pooled_over_the_set_not_averaged():
    # One RNA right, one wrong: 4/6 of the dots, 1/2 of the brackets are found.
    score = token_macro_f1(["(..)", "(..)"], ["(..)", "...."])
    assert score == pytest.approx(np.mean([2 / 3, 2 / 3, 2 * 4 / (4 + 6)]))


def test_macro_f1_refuses_unequal_lengths_and_empty_sets():
    with pytest.raises(StructureError, match=r"^structure 2: 3 symbols predicted for 4 nt$"):
        token_macro_f1(["....", "...."], ["....", "..."])
    with pytest.raises(StructureError, match=r"^no nucleotide to score$"):
        token_macro_f1([], [])
    with pytest.raises(ValueError, match="shorter"):
        token_macro_f1(["....", "...."], ["...."])
