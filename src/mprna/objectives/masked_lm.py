"""Masked RNA language modelling (MRLM): restore masked nucleotides and masked structure tokens."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.alphabet import MASK_ID
from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy

Ids = npt.NDArray[np.int8]
Rates = npt.NDArray[np.float32]


def mask_tokens(ids: Ids, *, rates: Rates, rng: np.random.Generator) -> tuple[Ids, npt.NDArray[np.bool_]]:
    """Replace each token by `<mask>` with the probability that `rates` has for it.

    Returns:
        the corrupted ids, and where they are masked. *Shape:* (B, T) each
    """
    masked = rng.random(ids.shape, dtype=np.float32) < rates
    return np.where(masked, MASK_ID, ids), masked


def masked_lm_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
    """Cross-entropy of the masked tokens."""
    scored_BT = batch.token_labels != IGNORE
    return cross_entropy(model.lm_head(hidden_BTH[scored_BT]), batch.token_labels[scored_BT])


MASKED_LM = Objective("masked_lm", masked_lm_loss)
