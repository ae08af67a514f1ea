"""Where to draw the nucleotides of a structure.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from mprna.errors import FoldingError, StructureError
from mprna.folding.vienna.compound import round_brackets
from mprna.folding.vienna.library import LOCK, MAX_LENGTH, viennarna


def coordinates(dot_bracket: str) -> npt.NDArray[np.float64]:
    """Where to draw each nucleotide, by the RNApuzzler layout, in which hardly anything overlaps.

    Stacked nucleotides are 25 units apart. Pseudoknot brackets count as unpaired.

    *Shape:* (L, 2)

    Raises:
        FoldingError: empty, or too long for ViennaRNA.
        StructureError: unbalanced brackets, unknown symbols, or a pair around fewer than two nucleotides.
    """
    if not dot_bracket:
        raise FoldingError("empty structure")
    if len(dot_bracket) > MAX_LENGTH:  # ViennaRNA crashes
        raise FoldingError(f"{len(dot_bracket)} nt; structures of up to {MAX_LENGTH} nt can be drawn")
    nested = round_brackets(dot_bracket)
    if tight := re.search(r"\(\.?\)", nested):  # the layout writes outside of its memory, or never ends
        ends = f"positions {tight.start() + 1} and {tight.end()}"
        raise StructureError(f"{ends} pair with fewer than two nucleotides between them: no loop to draw")
    if "(" not in nested:  # ViennaRNA hangs, or answers nan, where it has nothing to draw a circle from
        return _straight_line(len(nested))
    library = viennarna()
    with LOCK:
        layout, library.cvar.rna_plot_type = library.cvar.rna_plot_type, library.PLOT_TYPE_PUZZLER
        try:
            points = library.get_xy_coordinates(nested)
        finally:
            library.cvar.rna_plot_type = layout
    return np.array([(points.get(i).X, points.get(i).Y) for i in range(len(nested))])


def _straight_line(length: int) -> npt.NDArray[np.float64]:
    return np.stack([25.0 * np.arange(length), np.zeros(length)], axis=1)
