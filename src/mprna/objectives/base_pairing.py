"""Base pairing (ours): each nucleotide names its partner in ViennaRNA's structure, or none.

Pairs teach more per token than the labels `( ) .`: of L candidates one is right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy
from mprna.rna.symbols import NO_SYMBOL, pairs_from_symbols


def partner_labels(symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Token position of each nucleotide's partner; 0, the `<cls>` token, for the unpaired.

    Args:
        symbols: dot-brackets in ASCII at the tokens of their nucleotides, 0 elsewhere. *Shape:* (B, T)

    Returns:
        the labels, `IGNORE` where `symbols` is 0. *Shape:* (B, T)

    Raises:
        StructureError: an unbalanced bracket or an unknown symbol.
    """
    labels = np.where(symbols == NO_SYMBOL, np.int32(IGNORE), np.int32(0))
    rows, first, second = pairs_from_symbols(symbols)
    labels[rows, first], labels[rows, second] = second, first
    return labels


def base_pairing_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
    """Cross-entropy of the partners of all nucleotides in annotated slices, weighted by confidence."""
    scored_BT = batch.partner_labels != IGNORE
    annotated_B = scored_BT.any(1)
    scored_AT = scored_BT[annotated_B]
    logits_ATT = model.pair_head(hidden_BTH[annotated_B], batch.input_ids[annotated_B])
    return cross_entropy(
        logits_ATT[scored_AT],
        batch.partner_labels[annotated_B][scored_AT],
        batch.label_weights[annotated_B][scored_AT],
    )


BASE_PAIRING = Objective("base_pairing", base_pairing_loss)
