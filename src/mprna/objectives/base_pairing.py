"""Base pairing (ours): each nucleotide names its partner in ViennaRNA's structure, or none.

Pairs teach more per token than the labels `( ) .`: of L candidates one is right. Where the corpus has the
pair probabilities of an ensemble, each nucleotide is to give its partners these probabilities.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

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
    """Cross-entropy of the partners of all nucleotides in annotated slices.

    Those of a structure are weighted by confidence; those of an ensemble are as uncertain as it is.
    """
    scored_BT = batch.partner_labels != IGNORE
    annotated_B = scored_BT.any(1)
    scored_AT = scored_BT[annotated_B]
    logits_ATT = model.pair_head(hidden_BTH[annotated_B], batch.input_ids[annotated_B])
    weights_BT = torch.where(batch.is_ensemble[:, None], 1.0, batch.label_weights)
    labels = ensemble_labels(batch) if batch.is_ensemble.any() else batch.partner_labels
    return cross_entropy(
        logits_ATT[scored_AT], labels[annotated_B][scored_AT], weights_BT[annotated_B][scored_AT]
    )


def ensemble_labels(batch: Batch) -> Tensor:
    """Probability of every partner of every token, column 0 for the unpaired.

    Rows without an ensemble have 1 at the partner of their structure. *Shape:* (B, T, T)
    """
    num_rows, num_tokens = batch.input_ids.shape
    labels_BTT = torch.zeros(num_rows, num_tokens, num_tokens, device=batch.input_ids.device)
    row, first, second = batch.pair_places.T
    labels_BTT[row, first, second] = labels_BTT[row, second, first] = batch.pair_probs
    paired_BT = labels_BTT.sum(-1)
    labels_BTT /= paired_BT.clamp_min(1.0)[..., None]  # rounding may bring a sum a little above 1
    labels_BTT[..., 0] = (1 - paired_BT).clamp_min(0.0)
    certain_BTT = functional.one_hot(batch.partner_labels.clamp_min(0), num_tokens).float()
    return torch.where(batch.is_ensemble[:, None, None], labels_BTT, certain_BTT)


BASE_PAIRING = Objective("base_pairing", base_pairing_loss)
