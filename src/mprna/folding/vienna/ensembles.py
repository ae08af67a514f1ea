"""Folding: the structure of minimum free energy, the ensemble, its pair probabilities and samples.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna.compound import (
    check_sequence,
    checked_bonus,
    ensemble_energy,
    fold_compound,
    minimum_free_energy,
    pair_table,
    restrain,
)
from mprna.folding.vienna.energies import energy_of
from mprna.folding.vienna.library import (
    LOCK,
    boltzmann_factors,
    model_details,
    viennarna,
)
from mprna.folding.vienna.model import DEFAULT_MODEL, EnergyModel

_WEAKER: Final = 0.75
"""Of the minimum free energy: a scale for other energies that are weaker than the model's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """All structures of a sequence, each with its Boltzmann weight."""

    energy: float
    """Free energy of the ensemble in kcal/mol, with the pseudo-energies of reactivities."""

    base_pair_probs: npt.NDArray[np.float32]
    """(L, L), symmetric, zero diagonal."""

    mfe_dot_bracket: str
    """The structure of minimum free energy."""

    mfe: float
    """Energy of the minimum free energy structure, kcal/mol."""


def fold_mfe(
    sequence: str, model: EnergyModel = DEFAULT_MODEL, restraints: Restraints = NO_RESTRAINTS
) -> tuple[str, float]:
    """Structure of minimum free energy, as RNAfold prints it, and its energy in kcal/mol.

    Reactivities count in what is minimised, but not in the energy that is returned.

    >>> fold_mfe("GGGGAAAACCCC")
    ('((((....))))', -5.4)

    Raises:
        FoldingError: empty, too long, other letters than ACGUN, or no structure that meets the constraint.
    """
    with fold_compound(sequence, model, restraints) as compound:
        dot_bracket, energy = minimum_free_energy(compound)
    if restraints.reactivities is not None:
        energy = energy_of(sequence, dot_bracket, model)
    return dot_bracket, energy


def fold_ensemble(
    sequence: str, model: EnergyModel = DEFAULT_MODEL, restraints: Restraints = NO_RESTRAINTS
) -> Ensemble:
    """Partition function, base-pair probabilities and MFE structure, as RNAfold -p computes them.

    Raises:
        FoldingError: as `fold_mfe`, or a partition function out of range.
    """
    with fold_compound(sequence, model, restraints) as compound:
        dot_bracket, mfe = minimum_free_energy(compound)
        compound.exp_params_rescale(mfe)  # or the sum over structures of a long RNA overflows
        energy, probs = _partition(compound)
    if restraints.reactivities is not None:
        mfe = energy_of(sequence, dot_bracket, model)
    return Ensemble(energy=energy, base_pair_probs=probs, mfe_dot_bracket=dot_bracket, mfe=mfe)


def fold_with_bonus(
    sequence: str,
    pair_bonus: npt.NDArray[np.floating],
    model: EnergyModel = DEFAULT_MODEL,
    restraints: Restraints = NO_RESTRAINTS,
) -> str:
    """Structure that minimises energy plus pseudo-energies (soft constraints).

    Only the structure is returned, because what was minimised is not its energy: see `energy_of`.

    Args:
        sequence: clean letters, ACGUN.
        pair_bonus: added once for every pair (i, j), in kcal/mol, negative favours; the upper triangle
            is read. A bonus on a pair that is not canonical changes nothing.
            *Shape:* (L, L)
        model: how energies are counted.
        restraints: what is known of the RNA.

    Raises:
        FoldingError: as `fold_mfe`, or a bonus that is not finite or beyond `MAX_BONUS`.
        ValueError: a bonus of another shape.
    """
    length = len(sequence)
    pairs = checked_bonus(pair_bonus, (length, length))
    with fold_compound(sequence, model, restraints) as compound:
        compound.sc_set_bp(np.pad(pairs, ((1, 0), (1, 0))))  # 1-based: row and column 0 are not read
        return minimum_free_energy(compound)[0]


def pair_probs(
    sequence: str,
    model: EnergyModel = DEFAULT_MODEL,
    restraints: Restraints = NO_RESTRAINTS,
    parameters: tuple[str, ...] = (),
) -> npt.NDArray[np.float32]:
    """Base-pair probabilities alone: the minimum free energy is computed only where the partition function
    would overflow without it.

    Energies half way between two parameter sets give in one partition function nearly what the mean over two
    ensembles gives, and are more accurate than one set (docs/experiments.md).

    Args:
        sequence: clean letters, ACGUN.
        model: how energies are counted.
        restraints: what is known of the RNA.
        parameters: instead of the model's: one name, or two for the energies half way between them; of
            `PARAMETER_SETS`, or CONTRAFOLD.

    *Shape:* (L, L), symmetric, zero diagonal.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    check_sequence(sequence)
    factors = boltzmann_factors(model, *parameters)
    with LOCK:
        with suppress(FoldingError):
            return _pair_probs_scaled(sequence, model, factors, restraints)
        with fold_compound(sequence, model, restraints) as compound:  # out of the range of ViennaRNA's guess
            mfe = minimum_free_energy(compound)[1]
        with suppress(FoldingError):
            return _pair_probs_scaled(sequence, model, factors, restraints, mfe)
        return _pair_probs_scaled(sequence, model, factors, restraints, _WEAKER * mfe)


def sample_structures(
    sequence: str, dot_bracket: str, model: EnergyModel, *, num_samples: int, seed: int, heat: float = 1.0
) -> tuple[float, list[str]]:
    """How improbable a structure is, and samples of what the ensemble has instead. For inner loops.

    Args:
        dot_bracket: nested, in round brackets; not checked.
        seed: of ViennaRNA's own generator.
        heat: factor on RT, not on the energies; below 1, structures near the minimum count more.

    Returns:
        Energy of the structure less that of the ensemble in kcal/mol, at least 0: -RT ln of its probability.
        Structures drawn from the ensemble.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    with fold_compound(sequence, model, for_samples=True, heat=heat) as compound:
        energy = float(compound.eval_structure(dot_bracket))
        compound.exp_params_rescale(energy)  # a guess of the minimum that is right where the design is good
        try:
            ensemble = ensemble_energy(compound)
        except FoldingError:
            compound.exp_params_rescale(minimum_free_energy(compound)[1])
            ensemble = ensemble_energy(compound)
        viennarna().init_rand(seed)
        return max(energy - ensemble, 0.0), list(compound.pbacktrack(num_samples))


def _pair_probs_scaled(
    sequence: str, model: EnergyModel, factors: Any, restraints: Restraints, *mfe: float
) -> npt.NDArray[np.float32]:
    """Pair probabilities under these Boltzmann factors and the model's other settings, with sums scaled by
    the minimum free energy, or by ViennaRNA's guess of it."""
    library = viennarna()
    compound = library.fold_compound(sequence, model_details(library, model))
    restrain(compound, restraints)
    compound.exp_params_subst(factors)
    compound.exp_params_rescale(*mfe)
    return _partition(compound)[1]


def _partition(compound: Any) -> tuple[float, npt.NDArray[np.float32]]:
    """Free energy of the ensemble, and its pair probabilities."""
    return ensemble_energy(compound), pair_table(compound)
