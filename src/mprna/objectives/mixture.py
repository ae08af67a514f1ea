"""All objectives together: how slices become training examples, and how the losses are weighted.

One forward pass serves all objectives: masked positions, substituted positions and structure labels
belong to the same example. The paper publishes neither rates nor weights; these are our choices:

- 12 % of nucleotides are masked and 3 % substituted, the 15 % of BERT, with the 80 % share of masks
  that ESM's token dropout expects;
- half of the annotated slices stay uncorrupted, so that structure is also learned from inputs as
  they come at prediction time;
- 10 % of the annotated slices become a joint stream `<cls> sequence <eos> structure <eos>`, in
  which structure tokens are masked too; there the structure is an input, so its losses are off.

Shape letters: B sequences, T tokens, P pairs of an ensemble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mprna.alphabet import STRUCTURE_IDS, VOCABULARY
from mprna.errors import UsageError
from mprna.model.network import MprnaModel
from mprna.objectives.base_pairing import BASE_PAIRING, partner_labels
from mprna.objectives.masked_lm import MASKED_LM, mask_tokens
from mprna.objectives.mutation_repair import MUTATION_REPAIR, substitute_nucleotides
from mprna.objectives.objective import IGNORE, Batch, LossSum, Objective
from mprna.objectives.padding import CleanBatch
from mprna.objectives.secondary_structure import SECONDARY_STRUCTURE, structure_labels
from mprna.ranges import check_ranges
from mprna.rna.sparse_pairs import SPARSE_PAIR

OBJECTIVES: Final[dict[str, Objective]] = {
    objective.name: objective for objective in (MASKED_LM, MUTATION_REPAIR, SECONDARY_STRUCTURE, BASE_PAIRING)
}

_SEQUENCE_IDS = [VOCABULARY.index(letter) for letter in "ACGUN"]

_SHARES: Final = (
    "mask_rate",
    "mutation_rate",
    "clean_share",
    "joint_share",
    "structure_mask_rate",
    "min_confidence",
)


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Rates of corruption and weights of the losses."""

    mask_rate: float = 0.12
    """Share of nucleotides that become `<mask>`."""
    mutation_rate: float = 0.03
    """Share of nucleotides that become another base."""
    clean_share: float = 0.5
    """Share of annotated slices (without joint streams) whose nucleotides are not corrupted."""
    joint_share: float = 0.1
    """Share of annotated slices that become a joint sequence-structure stream."""
    structure_mask_rate: float = 0.5
    """Share of structure tokens that become `<mask>` in a joint stream. It must not be small: the brackets
    that are left would give the answer away by their counts."""
    min_confidence: float = 0.0
    """Structure and partner labels with a lower confidence (0-1) do not count in the losses."""
    ensembles: bool = True
    """Whether partners are learned from pair probabilities where the corpus has them; otherwise, from the
    structure as everywhere else."""
    weigh_by_confidence: bool = True
    """Whether structure and partner labels are weighted by their confidence; otherwise all weigh 1."""
    masked_lm: float = 1.0
    """Weight of the masked-language-model loss (MRLM)."""
    mutation_repair: float = 0.5
    """Weight of the mutation-repair loss (SNMR)."""
    secondary_structure: float = 1.0
    """Weight of the token-structure loss (SSP)."""
    base_pairing: float = 1.0
    """Weight of the partner loss (ours)."""

    def __post_init__(self) -> None:
        weights = dict.fromkeys(OBJECTIVES, (0.0, 1e6))
        check_ranges(self, dict.fromkeys(_SHARES, (0.0, 1.0)) | weights, prefix="objectives.")
        if not self.weights:
            raise UsageError(f"objectives {', '.join(OBJECTIVES)}: at least one needs a weight above 0")

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each objective that is switched on."""
        weights = {name: float(getattr(self, name)) for name in OBJECTIVES}
        return {name: weight for name, weight in weights.items() if weight > 0}


def corrupt(clean: CleanBatch, *, config: ObjectiveConfig, rng: np.random.Generator) -> Batch:
    """Corrupt a whole batch and label it; all randomness comes from `rng`, none depends on a structure.

    Raises:
        StructureError: a dot-bracket that is none.
    """
    untouched_B1 = (clean.labelled & (rng.random(len(clean.labelled)) < config.clean_share))[:, None]
    substitution_rates_B1 = np.where(untouched_B1 | clean.joint[:, None], 0, np.float32(config.mutation_rate))
    mask_rates_BT = np.where(untouched_B1, 0, _mask_rate_of_id(config)[clean.input_ids])
    ids_BT, repair_BT = substitute_nucleotides(clean.input_ids, rates=substitution_rates_B1, rng=rng)
    ids_BT, masked_BT = mask_tokens(ids_BT, rates=mask_rates_BT, rng=rng)
    # A masked position shows no base: what was there goes to the language model, not to repair.
    token_BT = np.where(masked_BT, clean.input_ids, IGNORE)
    repair_BT[masked_BT] = IGNORE
    structure_BT, partners_BT = _structure_targets(clean, config)
    places, probs = _ensemble_pairs(clean, config)
    return Batch(
        input_ids=torch.from_numpy(ids_BT).long(),
        token_labels=torch.from_numpy(token_BT).long(),
        repair_labels=torch.from_numpy(repair_BT).long(),
        structure_labels=torch.from_numpy(structure_BT).long(),
        partner_labels=torch.from_numpy(partners_BT).long(),
        label_weights=torch.from_numpy(_label_weights(clean, config)),
        attention_mask=torch.from_numpy(clean.real),
        is_ensemble=torch.from_numpy(_is_ensemble(clean, config)),
        pair_places=torch.from_numpy(places),
        pair_probs=torch.from_numpy(probs),
    )


def compute_losses(
    model: MprnaModel, hidden_BTH: Tensor, batch: Batch, config: ObjectiveConfig
) -> dict[str, LossSum]:
    """The loss of every objective that is switched on and has something to score in this batch."""
    losses = {name: OBJECTIVES[name].loss(model, hidden_BTH, batch) for name in config.weights}
    return {name: loss for name, loss in losses.items() if loss.weight > 0}


def _mask_rate_of_id(config: ObjectiveConfig) -> npt.NDArray[np.float32]:
    """How often a token is masked, by its id; special tokens never are. *Shape:* (24,)"""
    rates = np.zeros(len(VOCABULARY), np.float32)
    rates[_SEQUENCE_IDS] = config.mask_rate
    rates[list(STRUCTURE_IDS)] = config.structure_mask_rate
    return rates


def _label_weights(clean: CleanBatch, config: ObjectiveConfig) -> npt.NDArray[np.float32]:
    """*Shape:* (B, T)"""
    if config.weigh_by_confidence:
        return clean.confidence * np.float32(1 / 255)
    return np.ones(clean.confidence.shape, np.float32)


def _structure_targets(
    clean: CleanBatch, config: ObjectiveConfig
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.int32]]:
    """Structure and partner labels, without those below the confidence asked for. *Shape:* (B, T) each"""
    structure_BT, partners_BT = structure_labels(clean.symbols), partner_labels(clean.symbols)
    if config.min_confidence > 0:
        doubtful_BT = clean.confidence < 255 * config.min_confidence
        structure_BT[doubtful_BT] = IGNORE
        partners_BT[doubtful_BT & ~_is_ensemble(clean, config)[:, None]] = IGNORE
    return structure_BT, partners_BT


def _is_ensemble(clean: CleanBatch, config: ObjectiveConfig) -> npt.NDArray[np.bool_]:
    """*Shape:* (B,)"""
    rows = np.zeros(len(clean.labelled), np.bool_)
    rows[list(clean.pair_probs)] = config.ensembles
    return rows


def _ensemble_pairs(
    clean: CleanBatch, config: ObjectiveConfig
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
    """Row and both token positions, after `<cls>`, of all pairs, and their probabilities. (P, 3) and (P,)"""
    found = list(clean.pair_probs.items()) if config.ensembles else []
    rows = np.repeat(np.array([row for row, _ in found], np.int64), [len(pairs) for _, pairs in found])
    pairs = np.concatenate([np.zeros(0, SPARSE_PAIR), *(pairs for _, pairs in found)])
    places = np.stack([rows, pairs["first"] + np.int64(1), pairs["second"] + np.int64(1)], axis=1)
    return places.astype(np.int64), pairs["prob"] * np.float32(1 / 255)
