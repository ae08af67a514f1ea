"""What the masked language model expects at one nucleotide, from the others."""

from __future__ import annotations

from typing import Final

import numpy as np

from mprna.runtime.engine import Engine, FloatArray

MASKED_CONTEXT: Final = 256
"""Nucleotides that are read, the masked one among them: the longest slices that `mini` was pretrained on."""


def masked_log_probs(engine: Engine, sequence: str, position: int, context: int) -> FloatArray:
    """Log-probabilities (nats) of A C G U at one position that is masked; they sum to 1 over these four.

    Args:
        engine: a model that is no pair network.
        sequence: clean letters, ACGUN.
        position: 0-based.
        context: at most so many nucleotides are read, and no more than the engine's `max_length`, with the
            position in the middle where the ends allow.

    *Shape:* (4,)
    """
    width = min(context, engine.max_length, len(sequence))
    start = min(max(position - width // 2, 0), len(sequence) - width)
    place = position - start
    logits = engine.base_logits(sequence[start : start + width], np.array([place])).lm[place]
    highest = logits.max()
    log_probs: FloatArray = logits - highest - np.log(np.exp(logits - highest).sum())
    return log_probs
