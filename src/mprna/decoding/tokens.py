"""From `(`, `)` and `.` probabilities of each nucleotide to the most probable valid structure.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import STRUCTURE_SYMBOLS
from mprna.decoding.candidates import candidate_pairs, check_probs, penalise_unpaired
from mprna.decoding.nested import best_nested
from mprna.rna.constraints import Constraint
from mprna.rna.structure import dot_bracket_from_pairs

MIN_SYMBOL_PROB: Final = 1e-9
"""Smaller probabilities count as this one, so that a single hard zero forbids nothing."""


def decode_tokens(
    sequence: str,
    structure_probs: npt.NDArray[np.floating],
    *,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> str:
    """Valid structure of maximum probability, nucleotides taken as independent.

    Of all nested structures of canonical pairs with hairpins of three or more, the one with the largest
    sum over all nucleotides of log P(symbol). The symbol of each nucleotide alone would leave brackets
    without partners.

    Args:
        sequence: clean letters, ACGUN.
        structure_probs: columns in the order of `STRUCTURE_SYMBOLS`, `()` and `.`.
            *Shape:* (L, 3)
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: as in `decode_nested`.

    >>> probs = np.array([[0.8, 0.1, 0.1]] * 2 + [[0.1, 0.1, 0.8]] * 3 + [[0.1, 0.8, 0.1]])
    >>> decode_tokens("GGAAAC", probs)
    '.(...)'

    Raises:
        ValueError: probabilities of another shape or outside of 0 to 1.
    """
    length = len(sequence)
    check_probs("structure_probs", structure_probs, (length, len(STRUCTURE_SYMBOLS)))
    opening, closing, unpaired = np.log(structure_probs.astype(np.float64).clip(MIN_SYMBOL_PROB)).T
    unpaired = penalise_unpaired(unpaired, constraint, bound=-float(np.log(MIN_SYMBOL_PROB)))
    i, j = candidate_pairs(
        sequence,
        lambda rows: (opening - unpaired)[rows, None] + (closing - unpaired),
        max_span=max_span,
        constraint=constraint,
    )
    pairs = best_nested(i, j, opening[i] + closing[j], unpaired, length=length)
    return dot_bracket_from_pairs(pairs, length)
