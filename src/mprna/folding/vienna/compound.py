"""ViennaRNA's fold compound: one sequence under an energy model and restraints, all of it checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.folding.vienna.library import LOCK, MAX_LENGTH, load_parameters, model_details, viennarna
from mprna.folding.vienna.model import EnergyModel
from mprna.rna.constraints import Constraint
from mprna.rna.energy import round_energy
from mprna.rna.structure import pairs_from_dot_bracket

MAX_BONUS: Final = 50.0
"""Largest pseudo-energy in kcal/mol of one pair or nucleotide; ViennaRNA adds up in 32-bit integers."""

NO_ENERGY: Final = 90_000.0
"""An energy above this is ViennaRNA's "infinite": 100,000 kcal/mol, less whatever was added to it."""

_COMPOUND_BYTES: Final = 2
_MFE_BYTES: Final = 10
_ENSEMBLE_BYTES: Final = 30
PROBS_BYTES: Final = 60
"""Memory that ViennaRNA takes per pair of nucleotides (L^2 of them), rounded up."""

_LETTERS: Final = frozenset("ACGUN")
_NO_REACTIVITY: Final = -999.0
"""ViennaRNA's mark of a nucleotide without data."""

_DIRECTIONS: Final = {"|": 0, "<": 1, ">": -1}
"""Symbols of nucleotides that must pair, and ViennaRNA's codes: either way, downstream, upstream."""


@contextmanager
def fold_compound(
    sequence: str,
    model: EnergyModel,
    restraints: Restraints = NO_RESTRAINTS,
    *,
    evaluate_only: bool = False,
    for_samples: bool = False,
    heat: float = 1.0,
) -> Iterator[Any]:
    """A fold compound for the length of a `with` block.

    `LOCK` is held throughout, because a compound reads its Boltzmann factors from the process-wide parameters
    only when it needs them.

    Args:
        evaluate_only: only energies of given structures are asked for.
        for_samples: structures will be drawn from the ensemble; pair probabilities are not computed.
        heat: factor on RT; energies stay as they are.

    Raises:
        FoldingError: empty, too long, or other letters than ACGUN; or reactivities out of range.
        MemoryError: too long for the memory; what is then asked of the compound raises it too.
    """
    check_sequence(sequence)
    if not evaluate_only:
        check_memory(len(sequence), _COMPOUND_BYTES)
    library = viennarna()
    with LOCK:
        load_parameters(library, model.parameters)
        options = library.OPTION_EVAL_ONLY if evaluate_only else library.OPTION_DEFAULT
        details = model_details(library, model)
        details.uniq_ML, details.compute_bpp = int(for_samples), int(not for_samples)
        details.betaScale = heat
        compound = library.fold_compound(sequence, details, options)
        if compound.this is None:
            raise FoldingError(f"ViennaRNA does not accept this sequence of {len(sequence)} nt")
        restrain(compound, restraints)
        yield compound


def minimum_free_energy(compound: Any) -> tuple[str, float]:
    """The structure of minimum free energy, and its energy in kcal/mol.

    Raises:
        FoldingError: no structure meets the constraint.
    """
    check_memory(compound.length, _MFE_BYTES)
    dot_bracket, energy = compound.mfe()
    if energy > NO_ENERGY:
        raise FoldingError("ViennaRNA finds no structure that meets the constraint")
    return dot_bracket, round_energy(energy)


def ensemble_energy(compound: Any) -> float:
    """Free energy of the ensemble, kcal/mol; fills the compound's partition functions and pair probabilities.

    Raises:
        FoldingError: out of the range of floating-point numbers, or no structure meets the constraint.
    """
    check_memory(compound.length, _ENSEMBLE_BYTES)
    energy = float(compound.pf()[1])
    if not abs(energy) < NO_ENERGY:  # how ViennaRNA reports an overflow, and what an underflow gives
        reason = "is out of range, or no structure meets the constraint"
        raise FoldingError(f"the partition function of {compound.length} nt {reason}")
    return energy + 0.0  # -0.0 becomes 0.0


def pair_table(compound: Any) -> npt.NDArray[np.float32]:
    """Pair probabilities after `ensemble_energy`. *Shape:* (L, L), symmetric, zero diagonal"""
    check_memory(compound.length, PROBS_BYTES)  # its tuples of Python's numbers
    upper = np.array(compound.bpp(), dtype=np.float32)[1:, 1:]
    return upper + upper.T


def restrain(compound: Any, restraints: Restraints) -> None:
    """Add a constraint and the pseudo-energies of reactivities to a compound.

    Raises:
        FoldingError: pseudo-energies beyond `MAX_BONUS`.
    """
    if restraints.constraint is not None:
        _constrain(compound, restraints.constraint)
    if restraints.reactivities is not None:
        shape_model = restraints.shape_model
        checked_bonus(shape_model.energies(restraints.reactivities), restraints.reactivities.shape)
        known = np.where(restraints.reactivities >= 0, restraints.reactivities, _NO_REACTIVITY)
        compound.sc_add_SHAPE_deigan([_NO_REACTIVITY, *known], shape_model.slope, shape_model.intercept)


def _constrain(compound: Any, constraint: Constraint) -> None:
    """Add a constraint symbol by symbol: ViennaRNA's own parser does not enforce `|`, `<` and `>`."""
    library = viennarna()
    context = library.CONSTRAINT_CONTEXT_ALL_LOOPS | library.CONSTRAINT_CONTEXT_ENFORCE
    for position, symbol in enumerate(constraint.text, 1):
        if symbol == "x":
            compound.hc_add_up(position, context)
        elif symbol in _DIRECTIONS:
            compound.hc_add_bp_nonspecific(position, _DIRECTIONS[symbol], context)
    for i, j in constraint.pairs.tolist():
        compound.hc_add_bp(i + 1, j + 1, context)


def check_memory(length: int, bytes_per_pair: int) -> None:
    """Raise MemoryError where ViennaRNA would crash: it does not look whether it was given any."""
    np.empty(bytes_per_pair * length**2, dtype=np.uint8)  # address space alone; no page is touched


def check_sequence(sequence: str) -> None:
    """Make sure that ViennaRNA folds what the user means.

    Raises:
        FoldingError: empty, too long, or other letters than ACGUN.
    """
    if not sequence:
        raise FoldingError("empty sequence")
    if len(sequence) > MAX_LENGTH:
        raise FoldingError(f"sequence of {len(sequence)} nt; ViennaRNA folds up to {MAX_LENGTH} nt")
    if not _LETTERS.issuperset(sequence):  # ViennaRNA would fold it all the same
        symbol = next(letter for letter in sequence if letter not in _LETTERS)
        raise FoldingError(f"symbol {symbol!r} in the sequence; expected clean letters, ACGUN")


def checked_bonus(bonus: npt.NDArray[np.floating], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Pseudo-energies in double precision, after making sure that ViennaRNA can add them up.

    Raises:
        ValueError: of another shape.
        FoldingError: beyond `MAX_BONUS`, or NaN.
    """
    if bonus.shape != shape:
        raise ValueError(f"bonus of shape {bonus.shape}, expected {shape}")
    if not (np.abs(bonus) <= MAX_BONUS).all():
        raise FoldingError(
            f"pseudo-energies are beyond {MAX_BONUS} kcal/mol: lower the weight, or what reactivities count"
        )
    return bonus.astype(np.float64)


def round_brackets(dot_bracket: str) -> str:
    """The `()` pairs alone; ViennaRNA crashes on structures that this raises StructureError for."""
    pairs_from_dot_bracket(dot_bracket)
    return "".join(symbol if symbol in "()" else "." for symbol in dot_bracket)
