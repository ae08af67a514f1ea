"""How well a sequence folds into its target, by measures that the search did not optimise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from mprna.alphabet import NUCLEOTIDES
from mprna.design.repeats import longest_inverted_repeat, longest_repeat
from mprna.folding.confidence import ensemble_defect
from mprna.folding.vienna import PARAMETER_SETS, EnergyModel, energies_of, fold_ensemble, fold_mfe
from mprna.rna.structure import partners_of

_MAX_MUTANTS: Final = 60
"""Substitutions that are folded for the robustness; of a longer sequence they are a sample."""

_MAX_MUTANT_NUCLEOTIDES: Final = 24_000
"""The same in nucleotides: above 400 nt there are fewer, as a fold of 2,000 nt takes seconds."""

_NUM_OTHERS: Final = len(NUCLEOTIDES) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What was verified about one sequence and its target."""

    energy: float
    """Energy of the target, kcal/mol."""
    gap: float
    """The energy less the minimum free energy, kcal/mol."""
    mfe_models: tuple[str, ...]
    """Parameter sets under which the minimum free energy structure is the target."""
    probability: float
    """Probability of the target in the ensemble."""
    ensemble_defect: float
    """Mean probability that a nucleotide is in another state than the target says."""
    gc: float
    """Share of G and C."""
    longest_repeat: int
    """Nucleotides of the longest stretch that occurs twice."""
    longest_inverted_repeat: int
    """Nucleotides of the longest stretch whose reverse complement occurs too, beside the target's helices."""
    robustness: float
    """Share of single substitutions that keep the target the minimum free energy structure."""


def certify(sequence: str, target: str, model: EnergyModel) -> Certificate:
    """Fold a sequence in every parameter set, as an ensemble, and with single substitutions.

    Args:
        sequence: clean letters.
        target: nested, in round brackets, as long as the sequence.

    Raises:
        FoldingError: the sequence cannot be folded.
    """
    ensemble = fold_ensemble(sequence, model)
    (energy,) = energies_of(sequence, [target], model)
    return Certificate(
        energy=energy,
        gap=round(energy - ensemble.mfe, 2) + 0.0,
        mfe_models=tuple(
            name for name in PARAMETER_SETS if _is_mfe(sequence, target, replace(model, parameters=name))
        ),
        probability=math.exp(min((ensemble.energy - energy) / model.thermal_energy, 0.0)),
        ensemble_defect=ensemble_defect(target, ensemble.base_pair_probs),
        gc=(sequence.count("G") + sequence.count("C")) / len(sequence),
        longest_repeat=longest_repeat(sequence),
        longest_inverted_repeat=longest_inverted_repeat(sequence, partners_of(target)),
        robustness=_robustness(sequence, target, model),
    )


def _is_mfe(sequence: str, target: str, model: EnergyModel) -> bool:
    return fold_mfe(sequence, model)[0] == target


def _robustness(sequence: str, target: str, model: EnergyModel) -> float:
    mutants = _mutants(sequence)
    return sum(_is_mfe(mutant, target, model) for mutant in mutants) / len(mutants)


def _mutants(sequence: str) -> list[str]:
    """All single substitutions, or a sample: positions evenly spaced, and at each the next of the others.

    Evenly spaced in the list of all, the sample of a length such as 60 or 120 nt would be A everywhere.
    """
    most = min(_MAX_MUTANTS, _MAX_MUTANT_NUCLEOTIDES // len(sequence))
    number, mutants = min(_NUM_OTHERS * len(sequence), most), []
    for k in range(number):
        position = k * len(sequence) // number
        letter = NUCLEOTIDES.replace(sequence[position], "")[k % _NUM_OTHERS]
        mutants.append(sequence[:position] + letter + sequence[position + 1 :])
    return mutants
