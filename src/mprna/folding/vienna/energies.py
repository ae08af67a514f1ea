"""Energies of given structures, and of single loops."""

from __future__ import annotations

from collections.abc import Sequence

from mprna.errors import FoldingError
from mprna.folding.vienna.compound import NO_ENERGY, fold_compound, round_brackets
from mprna.folding.vienna.library import BASE_CODES, PAIR_TYPES, loop_parameters, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL, EnergyModel
from mprna.rna.energy import round_energy


def energy_of(sequence: str, dot_bracket: str, model: EnergyModel = DEFAULT_MODEL) -> float:
    """Energy in kcal/mol of one structure, without soft constraints and whatever its span.

    The nearest-neighbour model has no pseudoknots: pairs in other brackets than `()` count as unpaired.
    Pairs that are not canonical are counted as RNAeval counts them, as the least stable kind of pair. Of
    the parameter sets only langdon2018 leaves some valid structures without energy (2 x 3 interior loops).

    >>> energy_of("GGGGAAAACCCC", "(((......)))")
    -2.7

    Raises:
        FoldingError: as `fold_mfe`, unequal lengths, or a structure without finite energy.
        StructureError: unbalanced brackets or unknown symbols.
    """
    if len(sequence) != len(dot_bracket):
        raise FoldingError(f"structure of {len(dot_bracket)} symbols for a sequence of {len(sequence)} nt")
    nested = round_brackets(dot_bracket)
    with fold_compound(sequence, model, evaluate_only=True) as compound:
        energy = round_energy(compound.eval_structure(nested))
    if energy > NO_ENERGY:
        raise FoldingError(
            "the structure has no finite energy: a hairpin of fewer than three nucleotides, or a loop that "
            f"the {model.parameters} parameters exclude"
        )
    return energy


def energies_of(
    sequence: str, dot_brackets: Sequence[str], model: EnergyModel = DEFAULT_MODEL
) -> list[float]:
    """Energies in kcal/mol of many structures of one sequence, which are not checked. For inner loops.

    An impossible structure has an energy above 90,000.

    Raises:
        FoldingError: as `fold_mfe`.
    """
    with fold_compound(sequence, model, evaluate_only=True) as compound:
        return [round_energy(compound.eval_structure(dot_bracket)) for dot_bracket in dot_brackets]


def hairpin_energy(letters: str, model: EnergyModel = DEFAULT_MODEL) -> float:
    """Energy in kcal/mol of a hairpin loop, from its closing pair's first letter to the second.

    >>> hairpin_energy("CUUCGG"), hairpin_energy("CAAAAG")
    (3.7, 4.1)
    """
    library, parameters = viennarna(), loop_parameters(model)
    codes = [BASE_CODES.index(letter) for letter in letters]
    kind = _pair_type(letters[0], letters[-1])
    energy = library.E_Hairpin(len(letters) - 2, kind, codes[1], codes[-2], letters, parameters)
    return float(energy) / 100


def interior_energy(left: str, right: str, model: EnergyModel = DEFAULT_MODEL) -> float:
    """Energy in kcal/mol of an interior loop, a bulge or a stack.

    Args:
        left: from the closing pair's first letter to the inner pair's first.
        right: from the inner pair's second letter to the closing pair's second.

    >>> interior_energy("GC", "GC"), interior_energy("GGC", "GGC")
    (-3.4, -2.3)
    """
    library, parameters = viennarna(), loop_parameters(model)
    five, three = ([BASE_CODES.index(letter) for letter in letters] for letters in (left, right))
    kinds = _pair_type(left[0], right[-1]), _pair_type(right[0], left[-1])
    mismatches = five[1], three[-2], five[-2], three[1]
    energy = library.E_IntLoop(len(left) - 2, len(right) - 2, *kinds, *mismatches, parameters)
    return float(energy) / 100


def _pair_type(first: str, second: str) -> int:
    return PAIR_TYPES.index(first + second) + 1
