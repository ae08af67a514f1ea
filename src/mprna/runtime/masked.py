"""What the masked language model expects at one nucleotide, from the others.

Shape letters: L nucleotides, W of the context.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS
from mprna.runtime.engine import FloatArray
from mprna.runtime.windows import Network
from mprna.tokenizer import Tokenizer

MASKED_CONTEXT: Final = 256
"""Nucleotides that are read, the masked one among them: the longest slices that `mini` was pretrained on."""


def masked_log_probs(network: Network, sequence: str, position: int, context: int) -> FloatArray:
    """Log-probabilities (nats) of A C G U at one position that is masked; they sum to 1 over these four.

    Args:
        sequence: clean letters, ACGUN.
        position: 0-based.
        context: at most so many nucleotides are read, with the position in the middle where the ends allow.

    *Shape:* (4,)
    """
    width = min(context, len(sequence))
    start = min(max(position - width // 2, 0), len(sequence) - width)
    input_ids = Tokenizer().encode(sequence[start : start + width])
    place = position - start + 1  # after <cls>
    input_ids[place] = MASK_ID
    logits = network(input_ids).lm_logits[place, list(NUCLEOTIDE_IDS)]
    highest = logits.max()
    log_probs: FloatArray = logits - highest - np.log(np.exp(logits - highest).sum())
    return log_probs
