"""Nearest-neighbour thermodynamics by ViennaRNA; nothing outside of this folder imports it.

Sequences are clean (`alphabet.clean_sequence`): ACGUN, where N never pairs. Energies are in kcal/mol.
ViennaRNA holds Python's global lock (GIL), so use processes, not threads, to fold on more than one core.
"""

from mprna.folding.vienna.alignments import alignment_pair_probs
from mprna.folding.vienna.coordinates import coordinates
from mprna.folding.vienna.energies import energies_of, energy_of, hairpin_energy, interior_energy
from mprna.folding.vienna.ensembles import (
    Ensemble,
    fold_ensemble,
    fold_mfe,
    fold_with_bonus,
    pair_probs,
    sample_structures,
)
from mprna.folding.vienna.interior import MAX_LOOP, TYPES, Codes, Table, interior_weights
from mprna.folding.vienna.inverse import inverse_folds
from mprna.folding.vienna.library import BASE_CODES, MAX_LENGTH, PAIR_TYPES, parameter_text, vienna_version
from mprna.folding.vienna.model import CONTRAFOLD, DEFAULT_MODEL, PARAMETER_SETS, EnergyModel
from mprna.folding.vienna.partition import (
    boltzmann,
    hairpin_energies,
    partition_arrays,
    stem_weights,
)

__all__ = [
    "BASE_CODES",
    "CONTRAFOLD",
    "DEFAULT_MODEL",
    "MAX_LENGTH",
    "MAX_LOOP",
    "PAIR_TYPES",
    "PARAMETER_SETS",
    "TYPES",
    "Codes",
    "EnergyModel",
    "Ensemble",
    "Table",
    "alignment_pair_probs",
    "boltzmann",
    "coordinates",
    "energies_of",
    "energy_of",
    "fold_ensemble",
    "fold_mfe",
    "fold_with_bonus",
    "hairpin_energies",
    "hairpin_energy",
    "interior_energy",
    "interior_weights",
    "inverse_folds",
    "pair_probs",
    "parameter_text",
    "partition_arrays",
    "sample_structures",
    "stem_weights",
    "vienna_version",
]
