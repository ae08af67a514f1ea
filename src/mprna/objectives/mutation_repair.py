"""Single-nucleotide mutation repair (SNMR): restore nucleotides that were substituted at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.alphabet import NUCLEOTIDE_IDS, VOCABULARY
from mprna.model.network import MprnaModel
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective, cross_entropy

Ids = npt.NDArray[np.int8]
Rates = npt.NDArray[np.float32]

_BASE_OF_ID = np.full(len(VOCABULARY), IGNORE, np.int8)
_BASE_OF_ID[list(NUCLEOTIDE_IDS)] = range(len(NUCLEOTIDE_IDS))
_ID_OF_BASE = np.array(NUCLEOTIDE_IDS, np.int8)


def substitute_nucleotides(ids: Ids, *, rates: Rates, rng: np.random.Generator) -> tuple[Ids, Ids]:
    """Replace each A, C, G or U, with the probability `rates`, by one of the other three.

    Args:
        rates: one for each token, or for each row. *Shape:* (B, T) or (B, 1)

    Returns:
        the corrupted ids, and labels (0-3 = A C G U) that hold the original base where substituted.
        *Shape:* (B, T) each
    """
    places = np.nonzero(rng.random(ids.shape, dtype=np.float32) < rates)
    bases = _BASE_OF_ID[ids[places]]
    shifted = _ID_OF_BASE[(bases + rng.integers(1, 4, len(bases))) % len(_ID_OF_BASE)]
    corrupted, labels = ids.copy(), np.full_like(ids, IGNORE)
    corrupted[places] = np.where(bases != IGNORE, shifted, ids[places])
    labels[places] = bases
    return corrupted, labels


def mutation_repair_loss(model: MprnaModel, hidden_BTH: Tensor, batch: Batch) -> LossSum:
    """Cross-entropy of the original bases at substituted nucleotides."""
    scored_BT = batch.repair_labels != IGNORE
    return cross_entropy(model.repair_head(hidden_BTH[scored_BT]), batch.repair_labels[scored_BT])


MUTATION_REPAIR = Objective("mutation_repair", mutation_repair_loss)
