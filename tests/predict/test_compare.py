"""Two files of structures: every known record has a row, with the scores of `rna.scores` or a reason."""

from __future__ import annotations

import pytest

from mprna.io.records import Record
from mprna.predict.compare import Comparison, compare
from mprna.rna.scores import matthews_correlation, pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

SEQUENCE = "GGGGAAAACCCCAAAAGGGG"


def structure(dot_bracket: str | None, name: str = "a", sequence: str = SEQUENCE) -> Record:
    return Record(name=name, sequence=sequence, dot_bracket=dot_bracket)


def test_the_numbers_are_those_of_the_scores() -> None:
    known, predicted = "((((....))))........", "(((......)))..(...)."
    (found,) = compare([structure(known)], [structure(predicted, sequence=SEQUENCE.lower())])
    own, theirs = map(pairs_from_dot_bracket, (known, predicted))
    scores = pair_scores(own, theirs)
    assert (found.known_pairs, found.predicted_pairs, found.shared_pairs) == (4, 4, 3)
    assert (found.precision, found.recall, found.f1) == (scores.precision, scores.recall, scores.f1)
    assert found.f1_within_1 == pair_scores(own, theirs, tolerance=1).f1
    assert found.mcc == matthews_correlation(own, theirs, len(SEQUENCE))
    assert found.shared == "(((......)))........"


def test_pairs_of_pseudoknots_are_shared_whatever_their_brackets() -> None:
    known, predicted = "((((..[[))))......]]", "[[[[..((]]]]......))"
    (found,) = compare([structure(known)], [structure(predicted)])
    assert (found.shared_pairs, found.shared) == (6, known)


def test_records_belong_together_by_name() -> None:
    hairpin, open_chain = "((((....))))........", "." * 20
    known = [structure(hairpin, "a"), structure(open_chain, "b")]
    found = compare(known, [structure(open_chain, "b"), structure(hairpin, "a"), structure(hairpin, "c")])
    assert [(one.name, one.f1) for one in found] == [("a", 1.0), ("b", 1.0)]


@pytest.mark.parametrize(
    ("known", "predicted", "reason"),
    [
        (structure(None), [structure("." * 20)], "no known structure"),
        (structure("." * 20), [], "no predicted structure of this name"),
        (structure("." * 20), [structure(None)], "no predicted structure"),
        (
            structure("." * 20),
            [structure(".", sequence="A")],
            "the predicted structure is of another sequence",
        ),
        (structure("." * 20), [Record(name="a", sequence=SEQUENCE, error="too long")], "too long"),
    ],
)
def test_what_cannot_be_compared_has_its_reason(known: Record, predicted: list[Record], reason: str) -> None:
    assert list(compare([known], predicted)) == [Comparison(name="a", error=reason)]


def test_every_prediction_of_a_name_has_its_row() -> None:
    hairpin, shorter, open_chain = "((((....))))........", "(((......)))........", "." * 20
    mutant = "C" + SEQUENCE[1:]
    predicted = [structure(hairpin), structure(open_chain, sequence=mutant), structure(shorter)]
    known = [structure(hairpin), structure(open_chain, sequence=mutant)]
    found = compare(known, predicted)
    assert [(one.known_pairs, one.predicted_pairs) for one in found] == [(4, 4), (4, 3), (0, 0)]
