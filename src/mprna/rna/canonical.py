"""Which nucleotides may pair: AU, GC and GU, with at least three unpaired ones in a hairpin."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import CANONICAL_PAIRS
from mprna.errors import StructureError
from mprna.rna.structure import check_length, pairs_from_dot_bracket

MIN_HAIRPIN: Final = 3
"""Fewest unpaired nucleotides between the two ends of a pair."""

_CANONICAL: Final = np.zeros((128, 128), dtype=np.bool_)
"""True at the ASCII codes of two letters that pair."""
_CANONICAL[tuple(np.array([list(map(ord, pair)) for pair in CANONICAL_PAIRS]).T)] = True


def pair_types(sequence: str) -> npt.NDArray[np.bool_]:
    """True where two positions may pair: canonical, and further apart than a hairpin needs. N never pairs.

    Args:
        sequence: clean letters, ACGUN.

    *Shape:* (L, L), symmetric

    >>> np.argwhere(np.triu(pair_types("GAAACU"))).tolist()
    [[0, 4], [0, 5], [1, 5]]
    """
    codes = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
    may_pair = _CANONICAL[codes[:, None], codes]
    near = np.tri(len(codes), k=MIN_HAIRPIN, dtype=np.bool_)
    return np.asarray(may_pair & ~(near & near.T))


def canonical_pairs(
    sequence: str, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Whether the letters at each i and j are canonical, whatever their distance. N never pairs.

    >>> canonical_pairs("GAC", np.array([0, 0]), np.array([1, 2])).tolist()
    [False, True]
    """
    codes = np.frombuffer(sequence.encode("ascii"), dtype=np.uint8)
    return np.asarray(_CANONICAL[codes[i], codes[j]])


def check_hairpin(i: int, j: int) -> None:
    """Make sure that the two ends of a pair, 0-based and i < j, are far enough apart.

    Raises:
        StructureError: they are not.
    """
    if j - i <= MIN_HAIRPIN:
        raise StructureError(
            f"positions {i + 1} and {j + 1} pair over {j - i - 1} nt; a hairpin needs {MIN_HAIRPIN}"
        )


def check_structure(sequence: str, dot_bracket: str) -> None:
    """Make sure that a structure is one that the sequence can form.

    Args:
        sequence: clean letters, ACGUN.
        dot_bracket: any bracket kinds.

    Raises:
        StructureError: unequal lengths, unbalanced brackets, a hairpin of fewer than three nucleotides or a
            pair that is not canonical; positions in the message are 1-based.
    """
    check_length(dot_bracket, sequence)
    for i, j in pairs_from_dot_bracket(dot_bracket).tolist():
        check_hairpin(i, j)
        if sequence[i] + sequence[j] not in CANONICAL_PAIRS:
            pair = f"{sequence[i]} at position {i + 1} and {sequence[j]} at position {j + 1}"
            raise StructureError(f"{pair} are no canonical pair")
