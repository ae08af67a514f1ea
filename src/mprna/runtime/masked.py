"""What a network says of bases that are hidden from it.

Shape letters: L nucleotides, T = L + 2 tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS
from mprna.runtime.engine import BaseLogits, Engine, FloatArray, IntArray
from mprna.softmax import log_softmax
from mprna.tokenizer import TokenIds, Tokenizer

MASKED_CONTEXT: Final = 256
"""Nucleotides that are read, the masked one among them: the longest slices that `mini` was pretrained on."""

BaseNetwork = Callable[[TokenIds], tuple[FloatArray, FloatArray]]
"""Token ids to the logits of language model and repair. *Shape:* (T,) to (T, 24) and (T, 4)"""


def base_logits(network: BaseNetwork, sequence: str, masked: IntArray, max_length: int) -> BaseLogits:
    """Read a sequence in one piece.

    Args:
        sequence: clean letters, ACGUN.
        masked: 0-based positions that become `<mask>`.
        max_length: nucleotides that the network reads.

    Raises:
        ValueError: a longer sequence.
    """
    if len(sequence) > max_length:
        raise ValueError(f"{len(sequence)} nt in one piece; expected up to {max_length}")
    input_ids = Tokenizer().encode(sequence)
    input_ids[masked + 1] = MASK_ID  # after <cls>
    lm, repair = network(input_ids)
    return BaseLogits(lm[1:-1, list(NUCLEOTIDE_IDS)], repair[1:-1])


def masked_log_probs(engine: Engine, sequence: str, position: int, context: int) -> FloatArray:
    """Log-probabilities (nats) of A C G U at one position that is masked; they sum to 1 over these four.

    Args:
        engine: a model with a language-model head.
        sequence: clean letters, ACGUN.
        position: 0-based.
        context: nucleotides that are read, at most the engine's `max_length`, with the position in the middle
            where the ends allow it.

    *Shape:* (4,)
    """
    width = min(context, engine.max_length, len(sequence))
    start = min(max(position - width // 2, 0), len(sequence) - width)
    place = position - start
    return log_softmax(engine.base_logits(sequence[start : start + width], np.array([place])).lm[place])
