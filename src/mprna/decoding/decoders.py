"""DECODERS: the ways from a prediction to a structure, by name.

To add one, write `decoding/<name>.py` and add a line here. The contract test demands that it always returns a
valid structure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_nested
from mprna.decoding.tokens import decode_tokens

HYBRID_WEIGHT = 0.15
NESTED_GAMMA = 8.0
"""Both were chosen on validation splits (docs/experiments.md). Gamma is high because the probabilities of the
masked language model's pair head are too low."""
PAIR_GAMMA = 1.5
"""`NESTED_GAMMA` for the probabilities of a pair network."""

CROSSING_GAMMA = 1.5
"""Gamma of pairs that cross the nested structure, chosen on validation structures (docs/experiments.md)."""
PAIR_CROSSING_GAMMA = 8.0
"""`CROSSING_GAMMA` for the probabilities of a pair network."""
PAIR_CROSSING_STEM = 0.75
"""The probabilities of a crossing stem must sum to at least this; chosen with `PAIR_CROSSING_GAMMA`."""


class StructurePrediction(Protocol):
    """The part of a `runtime` prediction that decoders read; L nucleotides."""

    @property
    def structure_probs(self) -> npt.NDArray[np.float32]:
        """(L, 3), columns `()` and `.`."""

    @property
    def base_pair_probs(self) -> npt.NDArray[np.float32]:
        """(L, L), symmetric."""


Decoder = Callable[[str, StructurePrediction], str]
"""From a clean sequence and its prediction to a dot-bracket."""


def _nested(sequence: str, prediction: StructurePrediction) -> str:
    return decode_nested(sequence, prediction.base_pair_probs, gamma=NESTED_GAMMA)


def _tokens(sequence: str, prediction: StructurePrediction) -> str:
    return decode_tokens(sequence, prediction.structure_probs)


def _hybrid(sequence: str, prediction: StructurePrediction) -> str:
    return decode_hybrid(sequence, prediction.base_pair_probs, weight=HYBRID_WEIGHT)


DECODERS: dict[str, Decoder] = {"nested": _nested, "tokens": _tokens, "hybrid": _hybrid}
"""The decoders with their default settings."""
