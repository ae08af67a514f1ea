"""The contract of all decoders: a valid structure for every sequence, whatever the model says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_nested
from mprna.decoding.settings import HYBRID_WEIGHT, NESTED_GAMMA
from mprna.decoding.tokens import decode_tokens
from mprna.rna.canonical import check_structure


@dataclass(frozen=True)
class Prediction:
    structure_probs: np.ndarray
    base_pair_probs: np.ndarray


DECODERS = {
    "hybrid": lambda sequence, said: decode_hybrid(sequence, said.base_pair_probs, weight=HYBRID_WEIGHT),
    "nested": lambda sequence, said: decode_nested(sequence, said.base_pair_probs, gamma=NESTED_GAMMA),
    "tokens": lambda sequence, said: decode_tokens(sequence, said.structure_probs),
}


def confident(dot_bracket, pairs):
    base_pair_probs = np.zeros((len(dot_bracket), len(dot_bracket)), dtype=np.float32)
    for i, j in pairs:
        base_pair_probs[i, j] = base_pair_probs[j, i] = 0.95
    structure_probs = np.full((len(dot_bracket), 3), 0.02, dtype=np.float32)
    structure_probs[np.arange(len(dot_bracket)), ["().".index(symbol) for symbol in dot_bracket]] = 0.96
    return Prediction(structure_probs, base_pair_probs)


@pytest.mark.parametrize("decode", DECODERS.values(), ids=list(DECODERS))
@given(sequence=st.text("ACGUN", min_size=1, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_structure_is_always_valid(decode, sequence, seed, symmetric_probs):
    rng = np.random.default_rng(seed)
    prediction = Prediction(
        rng.dirichlet([0.3] * 3, size=len(sequence)).astype(np.float32),
        symmetric_probs(rng, len(sequence), sharpness=4.0),
    )
    check_structure(sequence, decode(sequence, prediction))


@pytest.mark.parametrize("decode", DECODERS.values(), ids=list(DECODERS))
def test_a_confident_prediction_is_followed(decode):
    """A stem that Turner 2004 alone would not form."""
    sequence, dot_bracket = "GAUUAAAAAAAUC", "((((.....))))"
    prediction = confident(dot_bracket, [(0, 12), (1, 11), (2, 10), (3, 9)])
    assert decode(sequence, prediction) == dot_bracket
