"""Slices to one padded batch of token streams, before anything is corrupted.

Shape letters: L nucleotides, B sequences, T tokens, P pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.alphabet import CLS_ID, EOS_ID, PAD_ID
from mprna.rna.sparse_pairs import SparsePairs
from mprna.tokenizer import Tokenizer

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


class Annotation(NamedTuple):
    """The structure of a slice."""

    dot_bracket: Bytes
    """Dot-bracket as ASCII codes. *Shape:* (L,)"""
    confidence: Bytes
    """Probability of each nucleotide's assigned state, in units of 1/255. *Shape:* (L,)"""
    pair_probs: SparsePairs | None = None
    """Of the ensemble; None where not known. *Shape:* (P,)"""


class TrainingSlice(NamedTuple):
    """A clean sequence, and its structure where it was annotated."""

    nucleotide_ids: npt.NDArray[np.int8]
    """Token ids without `<cls>` and `<eos>`. *Shape:* (L,)"""
    annotation: Annotation | None = None


@dataclass(frozen=True, slots=True)
class CleanBatch:
    """Token streams, padded on the right, and the annotation at the tokens of the nucleotides."""

    input_ids: npt.NDArray[np.int8]
    """`<cls> sequence <eos>`; for joint streams `<cls> sequence <eos> structure <eos>`. *Shape:* (B, T)"""
    real: Flags
    """Not padding. *Shape:* (B, T)"""
    symbols: Bytes
    """Dot-bracket in ASCII; 0 where there is no label: plain slices and joint streams. *Shape:* (B, T)"""
    confidence: Bytes
    """Confidence of each label, in units of 1/255. *Shape:* (B, T)"""
    joint: Flags
    """*Shape:* (B,)"""
    labelled: Flags
    """The structure is a label: annotated and not joint. *Shape:* (B,)"""
    pair_probs: dict[int, SparsePairs]
    """Pair probabilities that are labels, by row; positions are nucleotides. *Shape:* (P,) each"""


def num_tokens(num_nucleotides: npt.NDArray[np.int64], joint: Flags) -> npt.NDArray[np.int64]:
    """Tokens of plain and of joint streams. *Shape:* (B,) in and out"""
    return np.where(joint, 2 * num_nucleotides + 3, num_nucleotides + 2)


def pad_slices(slices: Sequence[TrainingSlice], joint: Flags, tokenizer: Tokenizer) -> CleanBatch:
    """Slices as the rows of one batch, padded to the longest.

    Args:
        joint: slices that become joint streams, if they are annotated. *Shape:* (B,)
    """
    lengths = np.array([len(piece.nucleotide_ids) for piece in slices])
    annotated = np.array([piece.annotation is not None for piece in slices])
    joint = joint & annotated
    totals = num_tokens(lengths, joint)
    real = np.arange(totals.max()) < totals[:, None]
    input_ids = np.full(real.shape, PAD_ID, np.int8)
    symbols, confidence = np.zeros((2, *real.shape), np.uint8)
    pair_probs: dict[int, SparsePairs] = {}
    rows = np.arange(len(slices))
    input_ids[:, 0] = CLS_ID
    input_ids[rows, lengths + 1] = EOS_ID
    input_ids[rows, totals - 1] = EOS_ID
    ends = (lengths + 1).tolist()
    for row, (piece, is_joint, end) in enumerate(zip(slices, joint.tolist(), ends, strict=True)):
        input_ids[row, 1:end] = piece.nucleotide_ids
        if piece.annotation is None:
            continue
        if is_joint:
            input_ids[row, end + 1 : 2 * end] = tokenizer.encode_bytes(piece.annotation.dot_bracket)
            continue
        symbols[row, 1:end], confidence[row, 1:end], pairs = piece.annotation
        if pairs is not None:
            pair_probs[row] = pairs
    return CleanBatch(input_ids, real, symbols, confidence, joint, annotated & ~joint, pair_probs)
