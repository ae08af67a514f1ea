"""What `folding/substitutions.py` and the files beside it, `ensemble_parts.py` and `unpaired_change.py`, make
their own recursion from: ViennaRNA's partition functions of all parts of a sequence, and the energies and
weights of single loops.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.folding.vienna.compound import ensemble_energy, fold_compound, minimum_free_energy
from mprna.folding.vienna.library import boltzmann_factors, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PartitionArrays:
    """Partition functions as ViennaRNA holds them: positions count from 1, index L + 1 is the place after the
    end, and a value over n nucleotides is multiplied by `scale[n]` so that it does not overflow."""

    paired: npt.NDArray[np.float64]
    """[i, j]: structures of i to j in which i pairs with j.
    *Shape:* (L + 2, L + 2), as of `multi`, `multi_last` and `probs`"""
    multi: npt.NDArray[np.float64]
    """[i, j]: one or more branches of a multiloop within i to j."""
    multi_last: npt.NDArray[np.float64]
    """[i, j]: exactly one branch of a multiloop, which opens at i."""
    probs: npt.NDArray[np.float64]
    """[i, j]: probability of the pair, i < j."""
    before: npt.NDArray[np.float64]
    """[i]: structures of 1 to i; 1 for 0. *Shape:* (L + 2,)"""
    after: npt.NDArray[np.float64]
    """[i]: structures of i to L; 1 for L + 1. *Shape:* (L + 2,)"""
    scale: npt.NDArray[np.float64]
    """*Shape:* (L + 1,)"""


class StemWeights(NamedTuple):
    """Boltzmann weights of pairs as branches: by the type of the pair (`PAIR_TYPES`, from 1) and the codes
    (`BASE_CODES`) of the nucleotides before and after it."""

    multi: npt.NDArray[np.float64]
    """Weights of stems as branches of a multiloop. *Shape:* (8, 5, 5)"""
    exterior: npt.NDArray[np.float64]
    """As branches of the exterior loop; code -1, the last place, where there is no neighbour.
    *Shape:* (8, 6, 6)"""
    closing: float
    """Weight of closing a multiloop."""


def partition_arrays(sequence: str) -> PartitionArrays:
    """Partition functions of all parts of a sequence under `DEFAULT_MODEL`, from one run of `fold_ensemble`.

    Raises:
        FoldingError: as `fold_ensemble`.
    """
    length = len(sequence)
    with fold_compound(sequence, DEFAULT_MODEL) as compound:
        compound.exp_params_rescale(minimum_free_energy(compound)[1])
        ensemble_energy(compound)
        found, rows = compound.exp_matrices, list(compound.iindx)
        return PartitionArrays(
            paired=_table_by_rows(found.qb, rows, length),
            multi=_table_by_rows(found.qm, rows, length),
            multi_last=_table_by_columns(found.qm1, list(compound.jindx), length),
            probs=_table_by_rows(found.probs, rows, length),
            before=np.array([*list(found.q1k)[: length + 1], 1.0]),
            after=np.array([*list(found.qln)[: length + 1], 1.0]),
            scale=np.array(found.scale)[: length + 1],
        )


@contextmanager
def hairpin_energies(sequence: str) -> Iterator[Callable[[int, int], int]]:
    """Energies of the hairpins of a sequence under `DEFAULT_MODEL`, in 0.01 kcal/mol, from the 1-based
    positions of the pair that closes one. For inner loops: nothing is checked."""
    with fold_compound(sequence, DEFAULT_MODEL, evaluate_only=True) as compound:
        yield compound.eval_hp_loop


@lru_cache(maxsize=1)
def stem_weights() -> StemWeights:
    """Weights of pairs as branches, under `DEFAULT_MODEL`."""
    library, factors = viennarna(), boltzmann_factors(DEFAULT_MODEL)
    multi, exterior = np.zeros((8, 5, 5)), np.zeros((8, 6, 6))
    for kind, before, after in product(range(1, 8), range(-1, 5), range(-1, 5)):
        exterior[kind, before, after] = library.exp_E_ExtLoop(kind, before, after, factors)
        if before >= 0 and after >= 0:
            multi[kind, before, after] = library.exp_E_MLstem(kind, before, after, factors)
    return StemWeights(multi, exterior, factors.expMLclosing)


@cache
def boltzmann(energy: int) -> float:
    """Boltzmann weight of an energy in ViennaRNA's unit, 0.01 kcal/mol, under `DEFAULT_MODEL`."""
    return math.exp(-energy / 100 / DEFAULT_MODEL.thermal_energy)


def _table_by_rows(packed: Any, offsets: list[int], length: int) -> npt.NDArray[np.float64]:
    """The upper triangle that ViennaRNA packs row by row, from the last column to the diagonal.

    *Shape:* (L + 2, L + 2)
    """
    values, table = np.array(packed), np.zeros((length + 2, length + 2))
    for i in range(1, length + 1):
        table[i, i : length + 1] = values[offsets[i] - length : offsets[i] - i + 1][::-1]
    return table


def _table_by_columns(packed: Any, offsets: list[int], length: int) -> npt.NDArray[np.float64]:
    """The upper triangle that ViennaRNA packs column by column, from the first row to the diagonal.

    *Shape:* (L + 2, L + 2)
    """
    values, table = np.array(packed), np.zeros((length + 2, length + 2))
    for j in range(1, length + 1):
        table[1 : j + 1, j] = values[offsets[j] + 1 : offsets[j] + j + 1]
    return table
