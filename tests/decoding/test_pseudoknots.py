"""Crossing pairs and constraints in the decoders of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.decoding.nested import decode_nested
from mprna.decoding.pseudoknots import add_crossing_pairs
from mprna.decoding.tokens import decode_tokens
from mprna.errors import StructureError
from mprna.rna.canonical import check_structure
from mprna.rna.constraints import parse_constraint
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket

PSEUDOKNOTS = {  # stems in the loops of others
    "H-type": ("GGGGAAACCCAACCCCAAGGGAA", "((((...[[[..))))..]]].."),
    "H-type of longer stems": ("GGGGGAACCCCAACCCCCAAGGGG", "(((((..[[[[..)))))..]]]]"),
    "kissing loops": ("GGGGAACCCCAACCCCAAAAGGGGAAGGGGAACCCC", "((((..[[[[..))))....((((..]]]]..))))"),
}


def probs_of(dot_bracket, p=0.9):
    probs = np.zeros((len(dot_bracket),) * 2, dtype=np.float32)
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        probs[i, j] = probs[j, i] = p
    return probs


def decode(sequence, probs, gamma=1.5, constraint=None, nested=None, **options):
    nested = nested or decode_nested(sequence, probs, gamma=gamma, constraint=constraint)
    pairs = np.argwhere(np.triu(probs, k=1) > 0.001)
    unpaired = (1.0 - probs.sum(axis=1)).clip(0.0)
    return nested, add_crossing_pairs(
        *(sequence, nested, pairs, probs[pairs[:, 0], pairs[:, 1]], unpaired),
        gamma=gamma,
        constraint=constraint,
        **options,
    )


@pytest.mark.parametrize("name", PSEUDOKNOTS)
def test_a_pseudoknot_with_probabilities_is_found(name):
    sequence, known = PSEUDOKNOTS[name]
    nested, found = decode(sequence, probs_of(known))
    assert found == known
    assert "[" not in nested


def test_a_single_crossing_pair_is_no_pseudoknot():
    sequence, known = "GGGGAAACCCAACCCCAAGGGAA", "((((...[....))))....].."
    _, found = decode(sequence, probs_of(known))
    assert found == "((((........))))......."


def test_a_crossing_stem_must_be_as_sure_as_asked_for():
    sequence, known = PSEUDOKNOTS["H-type"]
    nested = known.translate(str.maketrans("[]", ".."))
    probs = probs_of(nested)
    for i, j in ((7, 20), (8, 19), (9, 18)):
        probs[i, j] = probs[j, i] = 0.3
    found = [decode(sequence, probs, gamma=8.0, min_helix_prob=least)[1] for least in (0.0, 0.85, 0.95)]
    assert found == [known, known, nested]


def test_nothing_is_added_that_does_not_cross():
    sequence, given = "GGGGAAGGGGAAAACCCCAACCCC", "((((................))))"
    assert decode(sequence, probs_of("((((..((((....))))..))))"), nested=given)[1] == given


def test_crossing_pairs_have_a_longest_span():
    sequence, known = PSEUDOKNOTS["H-type"]  # from nucleotide 8 to 21
    nested = "((((........))))......."
    found = [decode(sequence, probs_of(known), nested=nested, max_span=span)[1] for span in (14, 13)]
    assert found == [known, nested[:7] + ".[[" + nested[10:18] + "]]..."]


def test_there_are_brackets_for_four_layers():
    """Of five that all cross each other the least probable is left out."""
    sequence, given = "GG" * 5 + "AAA" + "CC" * 5, "((........AAA))........".replace("A", ".")
    probs = sum(
        probs_of("." * 2 * k + "((" + "." * 11 + "))" + "." * (8 - 2 * k), p)
        for k, p in enumerate((0.95, 0.9, 0.7, 0.85, 0.8))
    )
    assert decode(sequence, probs, nested=given)[1] == "(([[..{{<<...))]]..}}>>"


@given(sequence=st.text("ACGUN", min_size=1, max_size=50), seed=st.integers(0, 2**32 - 1))
def test_is_always_valid_and_keeps_the_nested_part(sequence, seed, symmetric_probs):
    probs = symmetric_probs(np.random.default_rng(seed), len(sequence), sharpness=5.0)
    nested, found = decode(sequence, probs, gamma=8.0)
    check_structure(sequence, found)
    assert set(found) <= set(".()[]{}<>")
    before = set(map(tuple, pairs_from_dot_bracket(nested).tolist()))
    assert before <= set(map(tuple, pairs_from_dot_bracket(found).tolist()))


# Constraints


def constraint_of(rng, sequence, structures):
    """Symbols that one of the structures meets."""
    pairs = structures[rng.integers(len(structures))]
    model = dot_bracket_from_pairs(list(pairs), len(sequence))
    text = [str(rng.choice(list({".": "..x", "(": ".|<", ")": ".|>"}[symbol]))) for symbol in model]
    for i, j in pairs:
        if rng.random() < 0.3:
            text[i], text[j] = "(", ")"
    return parse_constraint("".join(text), sequence)


def meets(constraint, dot_bracket):
    try:
        constraint.check(dot_bracket)
    except StructureError:
        return False
    return True


@pytest.mark.parametrize("decoder", ["nested", "tokens"])
@pytest.mark.parametrize("seed", range(30))
def test_the_best_of_what_meets_the_constraint(seed, decoder, valid_structures, symmetric_probs):
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGU"), p=[0.1, 0.4, 0.4, 0.1], size=13))
    structures = valid_structures(sequence)
    constraint = constraint_of(rng, sequence, structures)
    probs = symmetric_probs(rng, 13, sharpness=4.0)
    tokens = rng.dirichlet([0.3] * 3, size=13).astype(np.float32)

    def score(dot_bracket):
        if decoder == "tokens":
            chosen = tokens[np.arange(13), ["().".index(symbol) for symbol in dot_bracket]]
            return np.log(np.maximum(chosen.astype(float), 1e-9)).sum()
        pairs = pairs_from_dot_bracket(dot_bracket)
        alone = np.array(list(dot_bracket)) == "."
        unpaired = (1.0 - probs.sum(axis=1, dtype=float)).clip(0.0)
        return 4.0 * probs[pairs[:, 0], pairs[:, 1]].sum(dtype=float) + unpaired[alone].sum()

    if decoder == "tokens":
        found = decode_tokens(sequence, tokens, constraint=constraint)
    else:
        found = decode_nested(sequence, probs, gamma=2.0, constraint=constraint)
    constraint.check(found)
    allowed = (dot_bracket_from_pairs(list(s), 13) for s in structures)
    best = max(score(text) for text in allowed if meets(constraint, text))
    assert score(found) == pytest.approx(best, abs=1e-5)


def test_crossing_pairs_obey_the_constraint():
    sequence, known = PSEUDOKNOTS["H-type"]
    forced = parse_constraint("((((........))))" + "." * 7, sequence)
    assert decode(sequence, probs_of(known), constraint=forced)[1] == known
    lonely = parse_constraint("." * 18 + "xxx..", sequence)
    assert decode(sequence, probs_of(known), constraint=lonely)[1] == "((((........))))......."
