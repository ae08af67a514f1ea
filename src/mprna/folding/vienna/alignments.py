"""Folding aligned RNAs as one.

Shape letters: C columns of an alignment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError
from mprna.folding.vienna.compound import ensemble_energy, minimum_free_energy, pair_table
from mprna.folding.vienna.library import LOCK, load_parameters, model_details, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL, EnergyModel


def alignment_pair_probs(rows: Sequence[str], model: EnergyModel = DEFAULT_MODEL) -> npt.NDArray[np.float32]:
    """Pair probabilities of columns, as RNAalifold -p computes them: energies are means over the rows, and
    mutations that compensate each other count as evidence of a pair (Bernhart et al. 2008).

    Args:
        rows: of equal length, ACGUN and `-` for a gap.
        model: how energies are counted.

    *Shape:* (C, C), symmetric, zero diagonal.

    Raises:
        FoldingError: ViennaRNA does not accept the alignment, or a partition function out of range.
        MemoryError: too many columns for the memory.
    """
    library = viennarna()
    with LOCK:
        load_parameters(library, model.parameters)
        compound = library.fold_compound(list(rows), model_details(library, model))
        if compound.this is None:
            raise FoldingError(f"ViennaRNA does not accept this alignment of {len(rows)} RNAs")
        compound.exp_params_rescale(minimum_free_energy(compound)[1])
        ensemble_energy(compound)
        return pair_table(compound)
