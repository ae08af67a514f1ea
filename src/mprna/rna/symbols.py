"""Many dot-brackets at once: rows of ASCII bytes instead of strings, for reading at training speed.

Shape letters: B structures, T symbols, P pairs of all structures together.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import StructureError
from mprna.rna.structure import CLOSING, OPENING

Symbols = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

NO_SYMBOL: Final = 0
"""Where a row has no nucleotide: left or right of a structure, or all along."""

_KNOWN: Final = frozenset([NO_SYMBOL, *f".{OPENING}{CLOSING}".encode()])


def pairs_from_symbols(symbols: Symbols) -> tuple[Positions, Positions, Positions]:
    """Base pairs of all bracket kinds: row, opening position and closing position of each.

    *Shape:* (B, T) -> (P,) each

    >>> rows = np.array([list(b"((..))"), list(b".([)].")], np.uint8)
    >>> [part.tolist() for part in pairs_from_symbols(rows)]
    [[0, 1, 0, 1], [0, 1, 1, 2], [5, 3, 4, 4]]

    Raises:
        StructureError: an unbalanced bracket or an unknown symbol.
    """
    present = set(np.flatnonzero(np.bincount(symbols.ravel(), minlength=256)).tolist())
    if unknown := present - _KNOWN:
        raise StructureError(f"symbol {chr(min(unknown))!r} is no dot-bracket symbol")
    kinds = zip(OPENING.encode(), CLOSING.encode(), strict=True)
    found = [_pairs_of_kind(symbols, *kind) for kind in kinds if present.intersection(kind)]
    flat = np.concatenate([np.zeros((0, 2), np.int64), *found])
    rows, first = np.divmod(flat[:, 0], symbols.shape[1])
    return rows, first, flat[:, 1] - rows * symbols.shape[1]


def _pairs_of_kind(symbols: Symbols, opening: int, closing: int) -> Positions:
    """Pairs of one bracket kind as positions in the flattened rows. *Shape:* (P, 2)

    Brackets of one depth, from left to right, are opening and closing in turn, and each two of them a pair.
    """
    is_closing = symbols == closing
    depth = np.cumsum((symbols == opening).view(np.int8) - is_closing.view(np.int8), axis=1, dtype=np.int32)
    if depth.min() < 0 or depth[:, -1].any():
        row = symbols[int(np.argmax((depth < 0).any(1) | (depth[:, -1] != 0)))]
        raise StructureError(f"unbalanced {chr(opening)!r} and {chr(closing)!r} in {_text(row)}")
    depth += is_closing
    brackets = np.flatnonzero((symbols == opening) | is_closing)
    levels = depth.ravel()[brackets]
    # In 8 or 16 bits a stable sort is a radix sort.
    levels = levels.astype(np.min_scalar_type(int(levels.max())))
    return brackets[np.argsort(levels, kind="stable")].reshape(-1, 2)


def _text(row: Symbols) -> str:
    return str(row[row != NO_SYMBOL].tobytes(), "ascii", "replace")
