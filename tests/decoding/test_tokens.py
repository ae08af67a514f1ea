"""Token decoding against every valid structure of short sequences."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.decoding.tokens import MIN_SYMBOL_PROB, decode_tokens
from mprna.rna.canonical import check_structure
from mprna.rna.structure import dot_bracket_from_pairs


def log_probability(dot_bracket, probs):
    columns = ["().".index(symbol) for symbol in dot_bracket]
    return np.log(np.maximum(probs[np.arange(len(probs)), columns], MIN_SYMBOL_PROB)).sum()


def random_probs(rng, length, sharpness):
    scores = np.exp(sharpness * rng.normal(size=(length, 3)))
    return scores / scores.sum(axis=1, keepdims=True)


def best_log_probability(sequence, probs, valid_structures):
    texts = (dot_bracket_from_pairs(list(s), len(sequence)) for s in valid_structures(sequence))
    return max(log_probability(text, probs) for text in texts)


@pytest.mark.parametrize("sharpness", [0.5, 3.0])
@pytest.mark.parametrize("seed", range(30))
def test_is_the_most_probable_valid_structure(seed, sharpness, valid_structures):
    rng = np.random.default_rng(seed)
    sequence = "".join(rng.choice(list("ACGU"), size=13))
    probs = random_probs(rng, 13, sharpness)
    found = log_probability(decode_tokens(sequence, probs), probs)
    assert found == pytest.approx(best_log_probability(sequence, probs, valid_structures), abs=1e-9)


def test_all_short_sequences(valid_structures):
    """Every sequence over three letters of up to 6 nt, with brackets more probable than dots."""
    rng = np.random.default_rng(1)
    for length in range(1, 7):
        probs = random_probs(rng, length, 1.0) * [1, 1, 0.3]
        for letters in itertools.product("GCU", repeat=length):
            sequence = "".join(letters)
            found = log_probability(decode_tokens(sequence, probs), probs)
            assert found == pytest.approx(best_log_probability(sequence, probs, valid_structures), abs=1e-9)


@given(sequence=st.text("ACGUN", min_size=1, max_size=60), seed=st.integers(0, 2**32 - 1))
def test_is_always_valid(sequence, seed):
    probs = random_probs(np.random.default_rng(seed), len(sequence), 3.0).astype(np.float32)
    check_structure(sequence, decode_tokens(sequence, probs))


@given(sequence=st.text("ACGUN", min_size=1, max_size=60), column=st.integers(0, 2))
def test_one_certain_symbol_everywhere_is_still_valid(sequence, column):
    probs = np.zeros((len(sequence), 3))
    probs[:, column] = 1.0
    dot_bracket = decode_tokens(sequence, probs)
    check_structure(sequence, dot_bracket)
    if column == 2:
        assert dot_bracket == "." * len(sequence)


def test_a_certain_valid_structure_comes_back():
    sequence, dot_bracket = "GGGAAAUCCAAAGGAAACCAAACAA", "(((....))...((...))...).."
    probs = np.eye(3)[["().".index(symbol) for symbol in dot_bracket]]
    assert decode_tokens(sequence, probs) == dot_bracket


def test_max_span_forbids_long_pairs():
    probs = np.array([[0.9, 0.05, 0.05]] * 2 + [[0.05, 0.05, 0.9]] * 4 + [[0.05, 0.9, 0.05]] * 2)
    assert decode_tokens("GGAAAACC", probs) == "((....))"
    assert decode_tokens("GGAAAACC", probs, max_span=7) == ".(....)."


@pytest.mark.parametrize(
    "probs", [np.zeros((4, 2)), np.zeros((3, 3)), np.full((4, 3), np.nan), np.full((4, 3), 2.0)]
)
def test_bad_input(probs):
    with pytest.raises(ValueError, match="structure_probs"):
        decode_tokens("ACGU", probs)
