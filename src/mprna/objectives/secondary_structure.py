"""Secondary-structure prediction (SSP): the label `( ) .` of each nucleotide in ViennaRNA's structure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.alphabet import STRUCTURE_SYMBOLS
from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy

_LABEL_OF_BYTE = np.full(256, IGNORE, np.int8)
_LABEL_OF_BYTE[np.frombuffer(STRUCTURE_SYMBOLS.encode(), np.uint8)] = range(len(STRUCTURE_SYMBOLS))


def structure_labels(symbols: npt.NDArray[np.uint8]) -> npt.NDArray[np.int8]:
    """0-2 = `( ) .`, from ASCII; any other symbol is not scored. *Shape:* (B, T) in and out"""
    return _LABEL_OF_BYTE[symbols]


def secondary_structure_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
    """Cross-entropy of the structure labels, weighted by confidence."""
    scored_BT = batch.structure_labels != IGNORE
    return cross_entropy(
        model.structure_head(hidden_BTH[scored_BT]),
        batch.structure_labels[scored_BT],
        batch.label_weights[scored_BT],
    )


SECONDARY_STRUCTURE = Objective("secondary_structure", secondary_structure_loss)
