"""Structures as labels of nucleotides, for networks that are given nothing of pairs.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mprna.decoding.tokens import decode_tokens
from mprna.rna.scores import LABELS


def labels_of(structure: str) -> npt.NDArray[np.int64]:
    """Place of every symbol in `LABELS`, `( ) .`; -1, not scored, for other brackets. *Shape:* (L,)"""
    return np.array([LABELS.find(symbol) for symbol in structure], dtype=np.int64)


def structure_of(sequence: str, logits: npt.NDArray[np.float64]) -> str:
    """The most probable valid structure. *Shape:* (L, 3), columns in the order of `LABELS`"""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return decode_tokens(sequence, powers / powers.sum(axis=1, keepdims=True))
