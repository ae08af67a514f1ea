"""Single-nucleotide mutation repair (SNMR): restore nucleotides that were substituted at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.alphabet import NUCLEOTIDE_IDS, VOCABULARY
from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy

Ids = npt.NDArray[np.int64]

_BASE_OF_ID = np.full(len(VOCABULARY), IGNORE)
_BASE_OF_ID[list(NUCLEOTIDE_IDS)] = range(len(NUCLEOTIDE_IDS))
_ID_OF_BASE = np.array(NUCLEOTIDE_IDS)


def substitute_nucleotides(ids: Ids, *, rate: float, rng: np.random.Generator) -> tuple[Ids, Ids]:
    """Replace each A, C, G or U, with probability `rate`, by one of the other three.

    Returns:
        the corrupted ids, and labels (0-3 = A C G U) that hold the original base where substituted.
        *Shape:* (L,) each
    """
    bases = _BASE_OF_ID[ids]
    substituted = (rng.random(len(ids)) < rate) & (bases != IGNORE)
    shifted = _ID_OF_BASE[(bases + rng.integers(1, 4, len(ids))) % len(_ID_OF_BASE)]
    return np.where(substituted, shifted, ids), np.where(substituted, bases, IGNORE)


def mutation_repair_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
    scored_BT = batch.repair_labels != IGNORE
    return cross_entropy(model.repair_head(hidden_BTH[scored_BT]), batch.repair_labels[scored_BT])


MUTATION_REPAIR = Objective("mutation_repair", mutation_repair_loss)
