"""Constraints and reactivities applied to the probabilities of a network.

ViennaRNA accepts both as input; a network does not, so they change its output.

Shape letters: L nucleotides, S span of the pair band.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.decoding.pair_probs import PairProbs, WithCertainPairs
from mprna.folding.restraints import Restraints, ShapeModel, check_reactivities
from mprna.io.records import Record
from mprna.rna.constraints import Constraint, parse_constraint
from mprna.rna.structure import UNPAIRED
from mprna.runtime.engine import (
    FloatArray,
    PairBand,
    Prediction,
    band_from_probs,
    cap_rows,
    downstream,
    probs_from_band,
)

Nats = npt.NDArray[np.float64]

_MAX_LOG_FACTOR: Final = 50.0
"""Odds change by a factor of at most exp(50), which keeps numbers finite."""


def restraints_of(
    record: Record, sequence: str, shape_model: ShapeModel, *, max_span: int | None = None
) -> Restraints:
    """Read and check the constraint and the reactivities of a record.

    Args:
        sequence: the sequence of the record in clean letters.

    Raises:
        StructureError: a constraint that cannot be met.
        FoldingError: more or fewer reactivities than nucleotides.
    """
    constraint = reactivities = None
    if record.constraint is not None:
        constraint = parse_constraint(record.constraint, sequence, max_span=max_span)
    if record.reactivities is not None:
        reactivities = check_reactivities(record.reactivities, sequence)
    return Restraints(constraint=constraint, reactivities=reactivities, shape_model=shape_model)


def constrain_band(band: FloatArray, constraint: Constraint, *, crossing: bool = False) -> FloatArray:
    """Apply a constraint: pairs that it rules out get probability 0, pairs that it forces get 1, as far as
    the band is wide (`with_wide_pairs`).

    Args:
        band: *Shape:* (L, S), see `Prediction.pair_band`
        crossing: whether other pairs may cross the forced ones.
    """
    span = band.shape[1]
    free = constraint.partners == UNPAIRED
    allowed = (constraint.opens & free)[:, None] & downstream(constraint.closes & free, span)
    if not crossing:
        allowed &= constraint.loops[:, None] == downstream(constraint.loops, span)
    constrained: FloatArray = np.where(allowed, band, np.float32(0.0))
    i, j = constraint.pairs[constraint.pairs[:, 1] - constraint.pairs[:, 0] < span].T
    constrained[i, j - i] = 1.0
    return constrained


def with_wide_pairs(pair_probs: PairProbs, constraint: Constraint | None) -> PairProbs:
    """The same, with the pairs that a constraint forces and for which a band is too narrow."""
    if constraint is None or not isinstance(pair_probs, PairBand):
        return pair_probs
    span = pair_probs.pair_band.shape[1]
    wide = constraint.pairs[constraint.pairs[:, 1] - constraint.pairs[:, 0] >= span]
    return WithCertainPairs(pair_probs, wide) if len(wide) else pair_probs


def shift_band(band: FloatArray, nats: Nats) -> FloatArray:
    """Add `nats[i] + nats[j]` to the log-odds of every pair (i, j).

    Rows that would then sum to more than 1 are scaled down.

    Args:
        band: *Shape:* (L, S), see `Prediction.pair_band`
        nats: *Shape:* (L,)
    """
    shift = (nats[:, None] + downstream(nats, band.shape[1])).clip(-_MAX_LOG_FACTOR, _MAX_LOG_FACTOR)
    factor = np.exp(shift)
    raised = band * factor
    shifted: FloatArray = (raised / (1.0 - band + raised)).astype(np.float32)
    return cap_rows(shifted)


def restrain_probs(
    base_pair_probs: FloatArray, constraint: Constraint | None, nats: Nats | None, *, crossing: bool = False
) -> FloatArray:
    """`restrain_band` for a symmetric matrix of pair probabilities.

    *Shape:* (L, L) in and out
    """
    if nats is None and constraint is None:
        return base_pair_probs
    return probs_from_band(
        restrain_band(band_from_probs(base_pair_probs), constraint, nats, crossing=crossing)
    )


def restrain_prediction(
    prediction: Prediction, constraint: Constraint | None, nats: Nats | None, *, crossing: bool = False
) -> Prediction:
    """`restrain_band` for a prediction. In its token probabilities, `nats` raise both `(` and `)`."""
    structure_probs = prediction.structure_probs
    if nats is not None:
        paired = structure_probs[:, :2] * np.exp(nats.clip(-_MAX_LOG_FACTOR, _MAX_LOG_FACTOR))[:, None]
        raised = np.concatenate([paired, structure_probs[:, 2:]], axis=1)
        structure_probs = (raised / raised.sum(axis=1, keepdims=True)).astype(np.float32)
    band = restrain_band(prediction.pair_band, constraint, nats, crossing=crossing)
    return dataclasses.replace(prediction, pair_band=band, structure_probs=structure_probs)


def restrain_band(
    band: FloatArray, constraint: Constraint | None, nats: Nats | None, *, crossing: bool = False
) -> FloatArray:
    """Pair probabilities given reactivities and a constraint, in this order, so that the constraint holds.

    Args:
        band: *Shape:* (L, S), see `Prediction.pair_band`
        constraint: see `constrain_band`.
        nats: see `shift_band`.
            *Shape:* (L,)
        crossing: whether other pairs may cross the forced ones.
    """
    if nats is not None:
        band = shift_band(band, nats)
    return band if constraint is None else constrain_band(band, constraint, crossing=crossing)


def log_odds_of_pairing(restraints: Restraints, thermal_energy: float) -> Nats | None:
    """What the reactivity of each nucleotide adds to the log-odds of its pairs; None without reactivities.

    This is Deigan's pseudo-energy divided by -RT. Here it counts once for each nucleotide of a pair, whereas
    ViennaRNA counts it once for each stack that the nucleotide is in.

    Args:
        thermal_energy: RT in kcal/mol.

    *Shape:* (L,)
    """
    if restraints.reactivities is None:
        return None
    return -restraints.shape_model.energies(restraints.reactivities) / thermal_energy
