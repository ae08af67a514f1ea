"""What the network says for and against each base at each nucleotide.

Every nucleotide is judged while it is hidden: of each window, one nucleotide in `STRIDE` is masked at a time,
about the share that pretraining masks. Masked log-probabilities are thus those of the surroundings alone.

Shape letters: L nucleotides, W of a window, K features.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import NUCLEOTIDES
from mprna.rna.bases import UNKNOWN_BASE, base_ids
from mprna.runtime.engine import Engine
from mprna.runtime.windows import split_windows
from mprna.softmax import log_softmax

Floats = npt.NDArray[np.float64]

FEATURES: Final = ("masked_lm", "repair_head", "substituted")
"""Of each base: its log-probability where the nucleotide is masked. Of the three bases that are not seen
there, and else 0: log-odds of the repair head among the three; and 1."""

STRIDE: Final = 8
"""One nucleotide in so many is masked at a time."""

_NUM_NUCLEOTIDES: Final = len(NUCLEOTIDES)


def repair_features(sequence: str, engine: Engine, window: int) -> Floats:
    """Features of every base at every nucleotide; those that need a base that is seen are 0 at N.

    Args:
        sequence: clean letters, ACGUN.
        window: longer sequences are read in windows that overlap by half, nucleotides.

    *Shape:* (L, 4, K)
    """
    bases = base_ids(sequence)
    masked_lm, repair = np.empty((2, len(bases), _NUM_NUCLEOTIDES))
    for start, end, keep_start, keep_end in split_windows(len(bases), min(window, engine.max_length)):
        kept = slice(keep_start - start, keep_end - start)
        found = _read_window(sequence[start:end], engine, bases[start:end] == UNKNOWN_BASE)
        masked_lm[keep_start:keep_end], repair[keep_start:keep_end] = (part[kept] for part in found)
    others = (np.arange(_NUM_NUCLEOTIDES) != bases[:, None]) & (bases != UNKNOWN_BASE)[:, None]
    repair_head = np.where(others, _log_share(repair, others) + np.log(_NUM_NUCLEOTIDES - 1), 0.0)
    return np.stack([masked_lm, repair_head, others], axis=-1)


def _read_window(sequence: str, engine: Engine, unknown: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Log-probabilities of masked nucleotides, and logits of the repair head. *Shape:* (W, 4) each"""
    always = np.flatnonzero(unknown)
    repair = engine.base_logits(sequence, always).repair.astype(np.float64)
    masked_lm = np.empty_like(repair)
    for first in range(min(STRIDE, len(sequence))):
        group = np.arange(first, len(sequence), STRIDE)
        logits = engine.base_logits(sequence, np.union1d(group, always)).lm
        masked_lm[group] = logits[group]
    return log_softmax(masked_lm), repair


def _log_share(logits: Floats, among: npt.NDArray[np.bool_]) -> Floats:
    """Logits normalised over the bases that are `among`."""
    highest = logits.max(axis=-1, keepdims=True)
    total = (np.exp(logits - highest) * among).sum(axis=-1, keepdims=True)
    return np.asarray(logits - highest - np.log(np.maximum(total, np.finfo(np.float64).tiny)))
