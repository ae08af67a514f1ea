"""What the network says of bases where some of them are hidden from it.

Shape letters: L nucleotides, T = L + 2 tokens.
"""

from __future__ import annotations

from collections.abc import Callable

from mprna.alphabet import MASK_ID, NUCLEOTIDE_IDS
from mprna.runtime.engine import BaseLogits, FloatArray, IntArray
from mprna.tokenizer import TokenIds, Tokenizer

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
