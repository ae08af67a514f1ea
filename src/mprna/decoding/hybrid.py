"""A model's pair probabilities and ViennaRNA's energies in one structure.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.candidates import check_probs
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna import DEFAULT_MODEL, EnergyModel, fold_mfe, fold_with_bonus

MIN_LOG_ODDS: Final = -4.0
"""Floor of a pair's log-odds (nats): how strongly the model may reject one, however sure it is."""

MIN_UNPAIRED_PROB: Final = 0.01
"""Floor of a nucleotide's probability to be unpaired."""


def decode_hybrid(
    sequence: str,
    base_pair_probs: npt.NDArray[np.floating],
    *,
    weight: float,
    energy_model: EnergyModel = DEFAULT_MODEL,
    restraints: Restraints = NO_RESTRAINTS,
) -> str:
    """The structure that ViennaRNA and the model together find most probable, as a product of experts.

    To the model, a structure has the probability that every nucleotide does what the structure says, p_ij
    for both ends of a pair and q_i for an unpaired one. Against the empty structure that gives each pair
    the log-odds 2 log p_ij - log q_i - log q_j, which enter the Turner energy with a weight:

        minimise  energy - weight RT sum over pairs of max(log-odds, MIN_LOG_ODDS)

    Weight 0 is the plain MFE structure. Where the model sees no pair at all, each pair costs 4 weight RT.

    Args:
        sequence: clean letters, ACGUN.
        base_pair_probs: symmetric, rows that sum to at most 1.
            *Shape:* (L, L)
        weight: how much the model counts against the energies; 1 takes its log-odds as they are.
        energy_model: how energies are counted.
        restraints: what is known of the RNA; it enters the Turner energy, whatever the weight.

    Raises:
        FoldingError: as `fold_mfe`.
        ValueError: probabilities of another shape or outside of 0 to 1, or a weight below 0.
    """
    check_probs("base_pair_probs", base_pair_probs, (len(sequence), len(sequence)))
    if not weight >= 0:
        raise ValueError(f"weight {weight}, expected at least 0")
    if weight == 0:
        return fold_mfe(sequence, energy_model, restraints)[0]
    pair_bonus = -weight * energy_model.thermal_energy * pair_log_odds(base_pair_probs)
    return fold_with_bonus(sequence, pair_bonus, model=energy_model, restraints=restraints)


def pair_log_odds(base_pair_probs: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Each pair against both of its ends being unpaired, in nats, from `MIN_LOG_ODDS` up.

    *Shape:* (L, L) in and out
    """
    probs = base_pair_probs.astype(np.float64)
    unpaired = np.log((1.0 - probs.sum(axis=1)).clip(MIN_UNPAIRED_PROB, 1.0))
    paired = np.log(probs, where=probs > 0, out=np.full_like(probs, -np.inf))
    log_odds: npt.NDArray[np.float64] = 2 * paired - unpaired[:, None] - unpaired
    return log_odds.clip(min=MIN_LOG_ODDS)
