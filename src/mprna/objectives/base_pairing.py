"""Base pairing (ours): each nucleotide names its partner in ViennaRNA's structure, or none.

Pairs teach more per token than the labels `( ) .`: of L candidates one is right.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy


def partner_labels(partners: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Partners of nucleotides (-1 = unpaired) as token positions behind one `<cls>` (0 = unpaired).

    *Shape:* (L,) in and out
    """
    return partners + 1


def base_pairing_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
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
