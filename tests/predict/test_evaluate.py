"""What a structure that somebody gives is worth."""

from __future__ import annotations

import pytest

from mprna.errors import SequenceError, StructureError
from mprna.predict.evaluate import evaluate, pairs_of

pytestmark = pytest.mark.usefixtures("turner_2004")


def test_pairs_and_energy_are_those_of_viennarna():
    import RNA

    sequence, dot_bracket = "GGGAAACGCUUCGGCGAAACCC", "(((...(((....)))...)))"
    found = evaluate(sequence.lower().replace("u", "t"), dot_bracket)
    assert found.energy == pytest.approx(RNA.fold_compound(sequence).eval_structure(dot_bracket), abs=0.005)
    assert found.pairs.tolist() == [[0, 21], [1, 20], [2, 19], [6, 15], [7, 14], [8, 13]]
    assert found.error is None


def test_a_structure_without_energy_still_has_pairs():
    found = evaluate("GGGAACCC", "((())())")
    assert found.energy is None
    assert found.error is not None
    assert "no finite energy" in found.error
    assert len(found.pairs) == 4


def test_energy_of_a_pseudoknot_is_that_of_its_round_brackets():
    sequence = "UGCCAGCUAUGAGGUAAAGUGUCAUAGC"
    knotted, nested = "((((.[[[[[[[)))).....]]]]]]]", "((((........)))............)"
    assert evaluate(sequence, knotted).energy == evaluate(sequence, "((((........))))............").energy
    assert len(pairs_of(sequence, knotted)) == 11
    assert len(pairs_of(sequence, nested)) == 4


@pytest.mark.parametrize(
    ("sequence", "dot_bracket", "error"),
    [
        ("GGGG", "...", StructureError),
        ("GGGG", "(...", StructureError),
        ("GGGG", "..%.", StructureError),
        ("", "", SequenceError),
        ("GGPG", "....", SequenceError),
    ],
)
def test_what_is_none(sequence, dot_bracket, error):
    with pytest.raises(error):
        evaluate(sequence, dot_bracket)
