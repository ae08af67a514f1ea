"""The objectives together: how a slice becomes an example, and how the losses are weighed.

One forward pass serves all objectives: masked positions, substituted positions and structure labels
belong to the same example. The paper publishes neither rates nor weights; these are our choices:

- 12 % of nucleotides are masked and 3 % substituted, the 15 % of BERT, with the 80 % share of masks
  that ESM's token dropout expects;
- half of the annotated slices stay uncorrupted, so that structure is also learned from inputs as
  they come at prediction time;
- 10 % of the annotated slices become a joint stream `<cls> sequence <eos> structure <eos>`, in
  which structure tokens are masked too; there the structure is an input, so its losses are off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.model.network import MprnaModel
from mprna.objectives.base_pairing import BASE_PAIRING, partner_labels
from mprna.objectives.masked_lm import MASKED_LM, mask_tokens
from mprna.objectives.mutation_repair import MUTATION_REPAIR, substitute_nucleotides
from mprna.objectives.objective import IGNORE, Batch, Example, LossSum, Objective
from mprna.objectives.secondary_structure import SECONDARY_STRUCTURE, structure_labels
from mprna.tokenizer import Tokenizer

OBJECTIVES: Final[dict[str, Objective]] = {
    objective.name: objective for objective in (MASKED_LM, MUTATION_REPAIR, SECONDARY_STRUCTURE, BASE_PAIRING)
}


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Rates of corruption and weights of the losses."""

    mask_rate: float = 0.12
    """Share of nucleotides that become `<mask>`."""
    mutation_rate: float = 0.03
    """Share of nucleotides that become another base."""
    clean_share: float = 0.5
    """Share of annotated slices, joint streams aside, whose nucleotides stay as they are."""
    joint_share: float = 0.1
    """Share of annotated slices that become a joint sequence-structure stream."""
    structure_mask_rate: float = 0.5
    """Share of structure tokens that become `<mask>` in a joint stream; few would leak the answer
    through the bracket counts."""
    masked_lm: float = 1.0
    """Weight of the masked-language-model loss (MRLM)."""
    mutation_repair: float = 0.5
    """Weight of the mutation-repair loss (SNMR)."""
    secondary_structure: float = 1.0
    """Weight of the token-structure loss (SSP)."""
    base_pairing: float = 1.0
    """Weight of the partner loss (ours)."""

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each objective that is switched on."""
        weights = {name: float(getattr(self, name)) for name in OBJECTIVES}
        return {name: weight for name, weight in weights.items() if weight > 0}


@dataclass(frozen=True, slots=True)
class Annotation:
    """The structure of a slice. *Shape:* (L,) each"""

    dot_bracket: str
    partners: npt.NDArray[np.int64]
    """0-based; -1 = unpaired."""
    confidence: npt.NDArray[np.float32]
    """Probability of each nucleotide's assigned state, 0-1."""


@dataclass(frozen=True, slots=True)
class TrainingSlice:
    """A clean sequence, and its structure where it was annotated."""

    sequence: str
    annotation: Annotation | None = None


def make_example(
    piece: TrainingSlice,
    *,
    config: ObjectiveConfig,
    tokenizer: Tokenizer,
    rng: np.random.Generator,
    joint: bool = False,
) -> Example:
    """Corrupt one slice; all randomness comes from `rng`.

    Args:
        joint: make the joint stream of an annotated slice. That is for the caller to draw, in the share
            `config.joint_share`, because such a stream is twice as long and belongs in another batch.
    """
    if piece.annotation is None:
        return _corrupted_example(piece.sequence, config, tokenizer, rng)
    if joint:
        return _joint_example(piece.sequence, piece.annotation.dot_bracket, config, tokenizer, rng)
    if rng.random() < config.clean_share:
        example = _unscored(tokenizer.encode(piece.sequence))
    else:
        example = _corrupted_example(piece.sequence, config, tokenizer, rng)
    _add_structure(example, piece.annotation)
    return example


def compute_losses(
    model: MprnaModel, hidden_BTH: Tensor, batch: Batch, config: ObjectiveConfig
) -> dict[str, LossSum]:
    """The loss of every objective that is switched on and has something to score in this batch."""
    losses = {name: OBJECTIVES[name].loss(model, hidden_BTH, batch) for name in config.weights}
    return {name: loss for name, loss in losses.items() if loss.weight > 0}


def _corrupted_example(
    sequence: str, config: ObjectiveConfig, tokenizer: Tokenizer, rng: np.random.Generator
) -> Example:
    example = _unscored(tokenizer.encode(sequence))
    inner = slice(1, -1)
    original = example.input_ids[inner]
    ids, repair_labels = substitute_nucleotides(original, rate=config.mutation_rate, rng=rng)
    ids, token_labels = mask_tokens(ids, rate=config.mask_rate, rng=rng)
    # A masked position shows no base: what was there goes to the language model, not to repair.
    masked = token_labels != IGNORE
    example.token_labels[inner] = np.where(masked, original, IGNORE)
    example.repair_labels[inner] = np.where(masked, IGNORE, repair_labels)
    example.input_ids[inner] = ids
    return example


def _joint_example(
    sequence: str, dot_bracket: str, config: ObjectiveConfig, tokenizer: Tokenizer, rng: np.random.Generator
) -> Example:
    example = _unscored(tokenizer.encode_joint(sequence, dot_bracket))
    first_symbol = len(sequence) + 2
    for part, rate in (
        (slice(1, first_symbol - 1), config.mask_rate),
        (slice(first_symbol, -1), config.structure_mask_rate),
    ):
        ids, labels = mask_tokens(example.input_ids[part], rate=rate, rng=rng)
        example.input_ids[part], example.token_labels[part] = ids, labels
    return example


def _add_structure(example: Example, annotation: Annotation) -> None:
    inner = slice(1, -1)
    example.structure_labels[inner] = structure_labels(annotation.dot_bracket)
    example.partner_labels[inner] = partner_labels(annotation.partners)
    example.label_weights[inner] = annotation.confidence


def _unscored(input_ids: npt.NDArray[np.int64]) -> Example:
    token, repair, structure, partner = np.full((4, len(input_ids)), IGNORE)
    return Example(input_ids, token, repair, structure, partner, np.zeros(len(input_ids), np.float32))
