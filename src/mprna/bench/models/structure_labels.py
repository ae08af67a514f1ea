"""Structures as labels of nucleotides, for networks that are given nothing of pairs.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mprna.decoding.tokens import decode_tokens
from mprna.softmax import softmax


def structure_of(sequence: str, logits: npt.NDArray[np.float64]) -> str:
    """The most probable valid structure. *Shape:* (L, 3), columns in the order of `STRUCTURE_SYMBOLS`"""
    return decode_tokens(sequence, softmax(logits))
