"""Nearest-neighbour thermodynamics by ViennaRNA; no other file imports it.

Sequences are clean (`alphabet.clean_sequence`): ACGUN, where N never pairs. Energies are kcal/mol.
ViennaRNA holds the GIL, so fold in processes, not in threads, to use more than one core.
Long because there is one door only.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError, StructureError, UsageError
from mprna.folding.parameters import mean_parameters
from mprna.folding.restraints import NO_RESTRAINTS, Restraints
from mprna.rna.constraints import Constraint
from mprna.rna.structure import pairs_from_dot_bracket

PARAMETER_SETS: Final = {
    "turner2004": "Turner 2004",
    "turner1999": "Turner 1999",
    "andronescu2007": "Andronescu 2007",
    "langdon2018": "Langdon 2018",
}
"""Our names of the energy parameters, and ViennaRNA's."""

MAX_LENGTH: Final = 32_767
"""ViennaRNA makes no fold compound of a longer sequence."""

MAX_BONUS: Final = 50.0
"""Largest pseudo-energy in kcal/mol of one pair or nucleotide; ViennaRNA adds up in 32-bit integers."""

_LETTERS: Final = frozenset("ACGUN")
_NO_ENERGY: Final = 90_000.0  # ViennaRNA's "infinite", 100,000 kcal/mol, less whatever was added to it
_ANY_SPAN: Final = -1
_NO_REACTIVITY: Final = -999.0
_DIRECTIONS: Final = {"|": 0, "<": 1, ">": -1}
_GAS_CONSTANT: Final = 1.98717e-3  # kcal/(mol K), as in ViennaRNA
_PAIR_TYPES: Final = ("CG", "GC", "GU", "UG", "AU", "UA")
_CODES: Final = {"A": 1, "C": 2, "G": 3, "U": 4}
_LOCK: Final = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyModel:
    """How ViennaRNA counts energies.

    Raises:
        UsageError: a value that ViennaRNA would replace by another without a word.
    """

    temperature: float = 37.0
    """In degrees Celsius."""

    parameters: str = "turner2004"
    """One of `PARAMETER_SETS`."""

    max_span: int | None = None
    """Most nucleotides from one end of a pair to the other, both included."""

    dangles: int = 2
    """0 or 2, as in RNAfold; 1 and 3 do not exist for ensembles."""

    def __post_init__(self) -> None:
        if self.parameters not in PARAMETER_SETS:
            known = ", ".join(PARAMETER_SETS)
            raise UsageError(f"unknown energy parameters {self.parameters!r}; choose one of {known}")
        if not 0 <= self.temperature <= 100:
            raise UsageError(f"temperature {self.temperature} °C; expected 0 to 100")
        if self.max_span is not None and self.max_span < 1:
            raise UsageError(f"max_span {self.max_span}; expected at least 1 nt")
        if self.dangles not in (0, 2):
            raise UsageError(f"dangles {self.dangles}; expected 0 or 2")

    @property
    def thermal_energy(self) -> float:
        """RT in kcal/mol.

        >>> round(EnergyModel().thermal_energy, 4)
        0.6163
        """
        return _GAS_CONSTANT * (self.temperature + 273.15)


DEFAULT_MODEL: Final = EnergyModel()
"""RNAfold's own defaults."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ensemble:
    """All structures of a sequence, weighted by Boltzmann."""

    energy: float
    """Free energy of the ensemble in kcal/mol, with the pseudo-energies of reactivities."""

    base_pair_probs: npt.NDArray[np.float32]
    """(L, L), symmetric, zero diagonal."""

    mfe_dot_bracket: str
    """The structure of minimum free energy."""

    mfe: float
    """Its energy in kcal/mol."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartitionArrays:
    """Partition functions by ViennaRNA, as they are in its memory: positions count from 1, index L + 1 is the
    place after the end, and what holds n nucleotides is multiplied by `scale[n]`."""

    paired: npt.NDArray[np.float64]
    """[i, j]: structures of i to j in which i pairs with j. *Shape:* (L + 2, L + 2), as the next three"""
    multi: npt.NDArray[np.float64]
    """One or more branches of a multiloop in i to j."""
    multi_last: npt.NDArray[np.float64]
    """One such branch, which begins at i."""
    probs: npt.NDArray[np.float64]
    """Probability of the pair, i < j."""
    before: npt.NDArray[np.float64]
    """[i]: structures of 1 to i; 1 for 0. *Shape:* (L + 2,)"""
    after: npt.NDArray[np.float64]
    """[i]: structures of i to L; 1 for L + 1. *Shape:* (L + 2,)"""
    scale: npt.NDArray[np.float64]
    """*Shape:* (L + 1,)"""


class LoopEnergies(NamedTuple):
    """Energies in 0.01 kcal/mol of loops, from the 1-based positions of their pairs."""

    hairpin: Callable[[int, int], int]
    interior: Callable[[int, int, int, int], int]


class StemWeights(NamedTuple):
    """By the type of the pair (CG GC GU UG AU UA from 1), and the codes (N A C G U from 0) of the neighbours
    before and after it."""

    multi: npt.NDArray[np.float64]
    """*Shape:* (8, 5, 5)"""
    exterior: npt.NDArray[np.float64]
    """Code -1, the last place, where there is no neighbour. *Shape:* (8, 6, 6)"""
    closing: float
    """Of every multiloop."""


def vienna_version() -> str:
    """Version of the installed ViennaRNA."""
    return str(_vienna().__version__)


def fold_mfe(
    sequence: str, model: EnergyModel = DEFAULT_MODEL, restraints: Restraints = NO_RESTRAINTS
) -> tuple[str, float]:
    """Structure of minimum free energy, as RNAfold prints it, and its energy in kcal/mol.

    Reactivities have their say in what is minimised, and none in the energy that is returned.

    >>> fold_mfe("GGGGAAAACCCC")
    ('((((....))))', -5.4)

    Raises:
        FoldingError: empty, too long, other letters than ACGUN, or no structure that meets the constraint.
    """
    with _fold_compound(sequence, model, restraints) as compound:
        dot_bracket, energy = _mfe(compound)
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
    with _fold_compound(sequence, model, restraints) as compound:
        dot_bracket, mfe = _mfe(compound)
        compound.exp_params_rescale(mfe)  # or the sum over structures of a long RNA overflows
        energy, probs = _partition(compound, len(sequence))
    if restraints.reactivities is not None:
        mfe = energy_of(sequence, dot_bracket, model)
    return Ensemble(energy=energy, base_pair_probs=probs, mfe_dot_bracket=dot_bracket, mfe=mfe)


def mean_pair_probs(
    sequence: str, models: Sequence[EnergyModel], restraints: Restraints = NO_RESTRAINTS
) -> npt.NDArray[np.float32]:
    """Base-pair probabilities, averaged over energy models.

    Two parameter sets are more often right than one. No minimum free energy is computed unless a sum over
    structures would overflow without.

    *Shape:* (L, L), symmetric, zero diagonal.

    Raises:
        FoldingError: as `fold_ensemble`.
        ValueError: no energy model.
    """
    if not models:
        raise ValueError("no energy model")
    probs = [_pair_probs(sequence, model, _boltzmann_factors(model), restraints) for model in models]
    return sum(probs[1:], start=probs[0]) / np.float32(len(models))


def pair_probs_of_mean(
    sequence: str, model: EnergyModel, second: str, restraints: Restraints = NO_RESTRAINTS
) -> npt.NDArray[np.float32]:
    """Base-pair probabilities under energies half way between those of the model and of another set.

    One partition function for nearly what the mean over two ensembles gives (docs/experiments.md).

    Args:
        second: one of `PARAMETER_SETS`.

    *Shape:* (L, L), symmetric, zero diagonal.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    return _pair_probs(sequence, model, _mean_boltzmann_factors(model, second), restraints)


def partition_arrays(sequence: str) -> PartitionArrays:
    """Partition functions of all parts of a sequence under `DEFAULT_MODEL`, from one run of `fold_ensemble`.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    length = len(sequence)
    with _fold_compound(sequence, DEFAULT_MODEL) as compound:
        compound.exp_params_rescale(_mfe(compound)[1])
        _ensemble_energy(compound, length)
        found = compound.exp_matrices
        rows, columns = list(compound.iindx), list(compound.jindx)

        def by_rows(packed: Any) -> npt.NDArray[np.float64]:
            values, table = np.array(packed), np.zeros((length + 2, length + 2))
            for i in range(1, length + 1):
                table[i, i : length + 1] = values[rows[i] - length : rows[i] - i + 1][::-1]
            return table

        def by_columns(packed: Any) -> npt.NDArray[np.float64]:
            values, table = np.array(packed), np.zeros((length + 2, length + 2))
            for j in range(1, length + 1):
                table[1 : j + 1, j] = values[columns[j] + 1 : columns[j] + j + 1]
            return table

        return PartitionArrays(
            paired=by_rows(found.qb),
            multi=by_rows(found.qm),
            multi_last=by_columns(found.qm1),
            probs=by_rows(found.probs),
            before=np.array([*list(found.q1k)[: length + 1], 1.0]),
            after=np.array([*list(found.qln)[: length + 1], 1.0]),
            scale=np.array(found.scale)[: length + 1],
        )


@contextmanager
def loop_energies(sequence: str) -> Iterator[LoopEnergies]:
    """Energies of single loops of a sequence under `DEFAULT_MODEL`, for inner loops: nothing is checked."""
    with _fold_compound(sequence, DEFAULT_MODEL, evaluate_only=True) as compound:
        yield LoopEnergies(compound.eval_hp_loop, compound.eval_int_loop)


@lru_cache(maxsize=1)
def stem_weights() -> StemWeights:
    """Boltzmann factors of pairs as branches, under `DEFAULT_MODEL`."""
    library = _vienna()
    with _LOCK:
        _load_parameters(library, DEFAULT_MODEL.parameters)
        factors = library.exp_param(_details(library, DEFAULT_MODEL))
        multi, exterior = np.zeros((8, 5, 5)), np.zeros((8, 6, 6))
        for kind, before, after in product(range(1, 8), range(-1, 5), range(-1, 5)):
            exterior[kind, before, after] = library.exp_E_ExtLoop(kind, before, after, factors)
            if before >= 0 and after >= 0:
                multi[kind, before, after] = library.exp_E_MLstem(kind, before, after, factors)
        return StemWeights(multi, exterior, factors.expMLclosing)


@cache
def boltzmann(energy: int) -> float:
    """Weight of an energy in ViennaRNA's unit, 0.01 kcal/mol, under `DEFAULT_MODEL`."""
    return math.exp(-energy / 100 / DEFAULT_MODEL.thermal_energy)


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
    nested = _round_brackets(dot_bracket)
    with _fold_compound(sequence, model, evaluate_only=True) as compound:
        energy = _round(compound.eval_structure(nested))
    if energy > _NO_ENERGY:
        raise FoldingError(
            "the structure has no finite energy: a hairpin of fewer than three nucleotides, or a loop that "
            f"the {model.parameters} parameters exclude"
        )
    return energy


def energies_of(
    sequence: str, dot_brackets: Sequence[str], model: EnergyModel = DEFAULT_MODEL
) -> list[float]:
    """Energies in kcal/mol of many structures of one sequence, for inner loops: they are not checked.

    A structure that is not possible has an energy beyond 90,000.

    Raises:
        FoldingError: as `fold_mfe`.
    """
    with _fold_compound(sequence, model, evaluate_only=True) as compound:
        return [_round(compound.eval_structure(dot_bracket)) for dot_bracket in dot_brackets]


def sample_structures(
    sequence: str, dot_bracket: str, model: EnergyModel, *, num_samples: int, seed: int, heat: float = 1.0
) -> tuple[float, list[str]]:
    """How improbable a structure is, and what the ensemble has instead, for inner loops.

    Args:
        dot_bracket: nested, in round brackets, and not checked.
        seed: of ViennaRNA's own generator.
        heat: multiplies RT, not the energies; below 1, structures near the minimum count more.

    Returns:
        Energy of the structure less that of the ensemble in kcal/mol, at least 0: -RT ln of its probability.
        Structures drawn from the ensemble.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    with _fold_compound(sequence, model, for_samples=True, heat=heat) as compound:
        energy = float(compound.eval_structure(dot_bracket))
        compound.exp_params_rescale(energy)  # a guess of the minimum that is right where the design is good
        try:
            ensemble = _ensemble_energy(compound, len(sequence))
        except FoldingError:
            compound.exp_params_rescale(_mfe(compound)[1])
            ensemble = _ensemble_energy(compound, len(sequence))
        _vienna().init_rand(seed)
        return max(energy - ensemble, 0.0), list(compound.pbacktrack(num_samples))


def hairpin_energy(letters: str, model: EnergyModel = DEFAULT_MODEL) -> float:
    """Energy in kcal/mol of a hairpin loop, from its closing pair's first letter to the second.

    >>> hairpin_energy("CUUCGG"), hairpin_energy("CAAAAG")
    (3.7, 4.1)
    """
    library, parameters = _vienna(), _parameters(model)
    codes = [_CODES[letter] for letter in letters]
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
    library, parameters = _vienna(), _parameters(model)
    five, three = ([_CODES[letter] for letter in letters] for letters in (left, right))
    kinds = _pair_type(left[0], right[-1]), _pair_type(right[0], left[-1])
    mismatches = five[1], three[-2], five[-2], three[1]
    energy = library.E_IntLoop(len(left) - 2, len(right) - 2, *kinds, *mismatches, parameters)
    return float(energy) / 100


def fold_with_bonus(
    sequence: str,
    pair_bonus: npt.NDArray[np.floating],
    unpaired_bonus: npt.NDArray[np.floating] | None = None,
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
        unpaired_bonus: added for every unpaired nucleotide, in kcal/mol.
            *Shape:* (L,)
        model: how energies are counted.
        restraints: what is known of the RNA.

    Raises:
        FoldingError: as `fold_mfe`, or a bonus that is not finite or beyond `MAX_BONUS`.
        ValueError: a bonus of another shape.
    """
    length = len(sequence)
    pairs = _checked_bonus(pair_bonus, (length, length))
    with _fold_compound(sequence, model, restraints) as compound:
        compound.sc_set_bp(np.pad(pairs, ((1, 0), (1, 0))))  # 1-based: row and column 0 are not read
        if unpaired_bonus is not None:
            compound.sc_set_up(np.pad(_checked_bonus(unpaired_bonus, (length,)), (1, 0)))
        return _mfe(compound)[0]


def coordinates(dot_bracket: str) -> npt.NDArray[np.float64]:
    """Where to draw each nucleotide, by the RNApuzzler layout, in which nothing overlaps.

    Stacked nucleotides are 25 units apart. Pseudoknot brackets count as unpaired.

    *Shape:* (L, 2)

    Raises:
        FoldingError: empty.
        StructureError: unbalanced brackets, unknown symbols, or neighbours that pair.
    """
    if not dot_bracket:
        raise FoldingError("empty structure")
    nested = _round_brackets(dot_bracket)
    if "()" in nested:  # the layout would write outside of its memory
        raise StructureError(f"positions {nested.index('()') + 1} and the next pair: no loop to draw")
    if "(" not in nested:  # ViennaRNA hangs, or answers nan, where it has nothing to draw a circle from
        return _straight_line(len(nested))
    library = _vienna()
    with _LOCK:
        layout, library.cvar.rna_plot_type = library.cvar.rna_plot_type, library.PLOT_TYPE_PUZZLER
        try:
            points = library.get_xy_coordinates(nested)
        finally:
            library.cvar.rna_plot_type = layout
    return np.array([(points.get(i).X, points.get(i).Y) for i in range(len(nested))])


def _vienna() -> Any:
    """ViennaRNA, imported at the first call: it takes longer than our whole package."""
    import RNA

    return RNA


def _pair_probs(
    sequence: str, model: EnergyModel, factors: Any, restraints: Restraints
) -> npt.NDArray[np.float32]:
    """Pair probabilities under Boltzmann factors that were made for the model's other settings."""
    _check_sequence(sequence)
    with _LOCK:
        try:
            return _pair_probs_scaled(sequence, model, factors, restraints)
        except FoldingError:  # out of the range of ViennaRNA's guess
            with _fold_compound(sequence, model, restraints) as compound:
                mfe = _mfe(compound)[1]
            return _pair_probs_scaled(sequence, model, factors, restraints, mfe)


def _pair_probs_scaled(
    sequence: str, model: EnergyModel, factors: Any, restraints: Restraints, *mfe: float
) -> npt.NDArray[np.float32]:
    library = _vienna()
    compound = library.fold_compound(sequence, _details(library, model))
    _restrain(compound, restraints)
    compound.exp_params_subst(factors)
    compound.exp_params_rescale(*mfe)
    return _partition(compound, len(sequence))[1]


def _partition(compound: Any, length: int) -> tuple[float, npt.NDArray[np.float32]]:
    """Free energy of the ensemble, and its pair probabilities."""
    energy = _ensemble_energy(compound, length)
    upper = np.array(compound.bpp(), dtype=np.float32)[1:, 1:]
    return energy, upper + upper.T


def _ensemble_energy(compound: Any, length: int) -> float:
    """Fills the compound's partition functions and pair probabilities."""
    energy = float(compound.pf()[1])
    if not abs(energy) < _NO_ENERGY:  # how ViennaRNA reports an overflow, and what an underflow gives
        reason = "is out of range, or no structure meets the constraint"
        raise FoldingError(f"the partition function of {length} nt {reason}")
    return energy + 0.0  # -0.0 becomes 0.0


def _pair_type(first: str, second: str) -> int:
    return _PAIR_TYPES.index(first + second) + 1


@lru_cache(maxsize=8)
def _parameters(model: EnergyModel) -> Any:
    """Energies of loops, held per model."""
    library = _vienna()
    with _LOCK:
        _load_parameters(library, model.parameters)
        return library.param(_details(library, model))


@lru_cache(maxsize=8)
def _boltzmann_factors(model: EnergyModel) -> Any:
    """Held per model, because loading a parameter set into the process takes longer than a small fold."""
    library = _vienna()
    with _LOCK:
        _load_parameters(library, model.parameters)
        return library.exp_param(_details(library, model))


@lru_cache(maxsize=8)
def _mean_boltzmann_factors(model: EnergyModel, second: str) -> Any:
    """As `_boltzmann_factors`, for energies half way between two sets."""
    library = _vienna()
    with _LOCK:
        texts = [_parameter_text(library, name) for name in (model.parameters, second)]
        library.params_load_from_string(mean_parameters(*texts), f"{model.parameters} + {second}")
        return library.exp_param(_details(library, model))


def _parameter_text(library: Any, parameters: str) -> str:
    _load_parameters(library, parameters)
    with TemporaryDirectory() as directory:
        path = Path(directory) / "parameters.par"
        library.params_save(str(path))
        return path.read_text()


@contextmanager
def _fold_compound(
    sequence: str,
    model: EnergyModel,
    restraints: Restraints = NO_RESTRAINTS,
    *,
    evaluate_only: bool = False,
    for_samples: bool = False,
    heat: float = 1.0,
) -> Iterator[Any]:
    """A fold compound under the right parameters and restraints.

    For samples it keeps what draws structures, and no pair probabilities. Heat multiplies RT alone.

    The lock stays until the caller is done, because a compound takes its Boltzmann factors from the
    process-wide parameters only when it needs them.
    """
    _check_sequence(sequence)
    library = _vienna()
    with _LOCK:
        _load_parameters(library, model.parameters)
        options = library.OPTION_EVAL_ONLY if evaluate_only else library.OPTION_DEFAULT
        details = _details(library, model)
        details.uniq_ML, details.compute_bpp = int(for_samples), int(not for_samples)
        details.betaScale = heat
        compound = library.fold_compound(sequence, details, options)
        if compound.this is None:
            raise FoldingError(f"ViennaRNA does not accept this sequence of {len(sequence)} nt")
        _restrain(compound, restraints)
        yield compound


def _restrain(compound: Any, restraints: Restraints) -> None:
    if restraints.constraint is not None:
        _constrain(compound, restraints.constraint)
    if restraints.reactivities is not None:
        shape_model = restraints.shape_model
        _checked_bonus(shape_model.energies(restraints.reactivities), restraints.reactivities.shape)
        known = np.where(restraints.reactivities >= 0, restraints.reactivities, _NO_REACTIVITY)
        compound.sc_add_SHAPE_deigan([_NO_REACTIVITY, *known], shape_model.slope, shape_model.intercept)


def _constrain(compound: Any, constraint: Constraint) -> None:
    """Symbol by symbol: ViennaRNA's own parser of the notation does not enforce `|`, `<` and `>`."""
    library = _vienna()
    context = library.CONSTRAINT_CONTEXT_ALL_LOOPS | library.CONSTRAINT_CONTEXT_ENFORCE
    for position, symbol in enumerate(constraint.text, 1):
        if symbol == "x":
            compound.hc_add_up(position, context)
        elif symbol in _DIRECTIONS:
            compound.hc_add_bp_nonspecific(position, _DIRECTIONS[symbol], context)
    for i, j in constraint.pairs.tolist():
        compound.hc_add_bp(i + 1, j + 1, context)


def _check_sequence(sequence: str) -> None:
    if not sequence:
        raise FoldingError("empty sequence")
    if len(sequence) > MAX_LENGTH:
        raise FoldingError(f"sequence of {len(sequence)} nt; ViennaRNA folds up to {MAX_LENGTH} nt")
    if not _LETTERS.issuperset(sequence):  # ViennaRNA would fold it all the same
        symbol = next(letter for letter in sequence if letter not in _LETTERS)
        raise FoldingError(f"symbol {symbol!r} in the sequence; expected clean letters, ACGUN")


def _load_parameters(library: Any, parameters: str) -> None:
    """Make a parameter set the process-wide one, unless it is already."""
    title = PARAMETER_SETS[parameters]
    current = library.last_parameter_file() or "RNA - Turner 2004"  # nothing loaded yet: the built-in ones
    if current != f"RNA - {title}":
        getattr(library, f"params_load_RNA_{title.replace(' ', '')}")()


def _details(library: Any, model: EnergyModel) -> Any:
    details = library.md()  # starts from process-wide variables, so every field of ours is set
    details.temperature = model.temperature
    details.dangles = model.dangles
    details.max_bp_span = min(model.max_span or _ANY_SPAN, MAX_LENGTH)
    return details


def _mfe(compound: Any) -> tuple[str, float]:
    dot_bracket, energy = compound.mfe()
    if energy > _NO_ENERGY:
        raise FoldingError("ViennaRNA finds no structure that meets the constraint")
    return dot_bracket, _round(energy)


def _round(energy: float) -> float:
    """ViennaRNA counts in 0.01 kcal/mol and answers in single precision."""
    return round(energy, 2) + 0.0


def _round_brackets(dot_bracket: str) -> str:
    """The `()` pairs alone; ViennaRNA crashes on structures that this raises StructureError for."""
    pairs_from_dot_bracket(dot_bracket)
    return "".join(symbol if symbol in "()" else "." for symbol in dot_bracket)


def _checked_bonus(bonus: npt.NDArray[np.floating], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    if bonus.shape != shape:
        raise ValueError(f"bonus of shape {bonus.shape}, expected {shape}")
    if not (np.abs(bonus) <= MAX_BONUS).all():
        raise FoldingError(
            f"pseudo-energies are beyond {MAX_BONUS} kcal/mol: lower the weight, or what reactivities count"
        )
    return bonus.astype(np.float64)


def _straight_line(length: int) -> npt.NDArray[np.float64]:
    return np.stack([25.0 * np.arange(length), np.zeros(length)], axis=1)
