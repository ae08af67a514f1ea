"""The four forms of one secondary structure, and the way from each to the others.

    dot_bracket  str, one symbol per nucleotide: `.` unpaired, `()[]{}<>` and `Aa` to `Zz` paired
    pairs        (P, 2) int64, 0-based, i < j, sorted by i
    partners     (L,) int64, the 0-based partner, -1 where unpaired
    contact_map  (L, L) bool, symmetric

All functions check what they are given: nothing that they return pairs a nucleotide twice.

Shape letters: L nucleotides, P pairs.
"""

from __future__ import annotations

from string import ascii_lowercase, ascii_uppercase
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import StructureError
from mprna.rna.pseudoknots import split_layers

Pairs = npt.NDArray[np.int64]
Partners = npt.NDArray[np.int64]
ContactMap = npt.NDArray[np.bool_]

UNPAIRED: Final = -1

OPENING: Final = "([{<" + ascii_uppercase
CLOSING: Final = ")]}>" + ascii_lowercase
"""Bracket kinds in the order in which crossing layers take them; equal places belong together."""

_OPENING_OF: Final = dict(zip(CLOSING, OPENING, strict=True))


def check_length(dot_bracket: str, sequence: str, *, what: str = "structure") -> None:
    """Make sure that a structure has one symbol per nucleotide.

    Args:
        what: how the message calls it.

    Raises:
        StructureError: it has more or fewer.
    """
    if len(dot_bracket) != len(sequence):
        raise StructureError(f"{what} of {len(dot_bracket)} symbols for a sequence of {len(sequence)} nt")


def pairs_from_dot_bracket(dot_bracket: str) -> Pairs:
    """Base pairs of all bracket kinds; pairs of different kinds may cross.

    *Shape:* (P, 2)

    >>> pairs_from_dot_bracket("((.[[)).]]").tolist()
    [[0, 6], [1, 5], [3, 9], [4, 8]]

    Raises:
        StructureError: an unbalanced bracket or an unknown symbol, with its 1-based position.
    """
    waiting: dict[str, list[int]] = {symbol: [] for symbol in OPENING}
    pairs = []
    for position, symbol in enumerate(dot_bracket):
        if symbol == ".":
            continue
        if symbol in waiting:
            waiting[symbol].append(position)
        elif symbol not in _OPENING_OF:
            raise StructureError(f"symbol {symbol!r} at position {position + 1} is no dot-bracket symbol")
        elif partners := waiting[_OPENING_OF[symbol]]:
            pairs.append((partners.pop(), position))
        else:
            raise StructureError(f"{symbol!r} at position {position + 1} closes no bracket")
    if unclosed := [partners[0] for partners in waiting.values() if partners]:
        position = min(unclosed)
        raise StructureError(f"{dot_bracket[position]!r} at position {position + 1} is never closed")
    return np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)


def dot_bracket_from_pairs(pairs: npt.ArrayLike, length: int) -> str:
    """The structure as text: `()` holds as many pairs as it can, crossing pairs get further brackets.

    >>> dot_bracket_from_pairs([(0, 6), (1, 5), (4, 8)], length=9)
    '((..[)).]'

    Raises:
        StructureError: conflicting pairs, or more crossing layers than the 30 bracket kinds.
    """
    layers = split_layers(check_pairs(pairs, length))
    if len(layers) > len(OPENING):
        raise StructureError(f"{len(layers)} crossing layers; dot-bracket has {len(OPENING)} bracket kinds")
    symbols = ["."] * length
    for layer, opening, closing in zip(layers, OPENING, CLOSING, strict=False):
        for i, j in layer.tolist():
            symbols[i], symbols[j] = opening, closing
    return "".join(symbols)


def partners_from_pairs(pairs: npt.ArrayLike, length: int) -> Partners:
    """Partner of every nucleotide, -1 where it has none.

    *Shape:* (P, 2) -> (L,)

    >>> partners_from_pairs([(0, 4)], length=6).tolist()
    [4, -1, -1, -1, 0, -1]

    Raises:
        StructureError: conflicting pairs.
    """
    checked = check_pairs(pairs, length)
    partners = np.full(length, UNPAIRED, dtype=np.int64)
    partners[checked[:, 0]] = checked[:, 1]
    partners[checked[:, 1]] = checked[:, 0]
    return partners


def partners_of(dot_bracket: str) -> list[int]:
    """0-based partner of every nucleotide of a nested structure, -1 where it has none.

    For inner loops: that the structure is one, in round brackets, is not checked.

    >>> partners_of("(...).")
    [4, -1, -1, -1, 0, -1]
    """
    partners, open_pairs = [UNPAIRED] * len(dot_bracket), list[int]()
    for position, symbol in enumerate(dot_bracket):
        if symbol == "(":
            open_pairs.append(position)
        elif symbol == ")":
            partners[position] = open_pairs.pop()
            partners[partners[position]] = position
    return partners


def pairs_from_partners(partners: npt.ArrayLike) -> Pairs:
    """Base pairs of a partner table.

    *Shape:* (L,) -> (P, 2)

    >>> pairs_from_partners([4, -1, -1, -1, 0, -1]).tolist()
    [[0, 4]]

    Raises:
        StructureError: a partner outside of the sequence, or one that does not point back.
    """
    table = np.asarray(partners, dtype=np.int64)
    positions = np.flatnonzero(table != UNPAIRED)
    others = table[positions]
    legal = (others >= 0) & (others < len(table)) & (others != positions)
    legal[legal] = table[others[legal]] == positions[legal]
    if not legal.all():
        position, other = int(positions[~legal][0]), int(others[~legal][0])
        raise StructureError(f"position {position + 1} has partner {other + 1}, which does not point back")
    opening = positions < others
    return np.stack([positions[opening], others[opening]], axis=1)


def contact_map_from_pairs(pairs: npt.ArrayLike, length: int) -> ContactMap:
    """Symmetric matrix, True where two nucleotides pair.

    *Shape:* (P, 2) -> (L, L)

    >>> contact_map_from_pairs([(0, 2)], length=3).astype(int).tolist()
    [[0, 0, 1], [0, 0, 0], [1, 0, 0]]

    Raises:
        StructureError: conflicting pairs.
    """
    checked = check_pairs(pairs, length)
    contact_map = np.zeros((length, length), dtype=np.bool_)
    contact_map[checked[:, 0], checked[:, 1]] = True
    contact_map[checked[:, 1], checked[:, 0]] = True
    return contact_map


def pairs_from_contact_map(contact_map: npt.ArrayLike) -> Pairs:
    """Base pairs of a contact map.

    *Shape:* (L, L) -> (P, 2)

    >>> pairs_from_contact_map([[0, 0, 1], [0, 0, 0], [1, 0, 0]]).tolist()
    [[0, 2]]

    Raises:
        StructureError: not square, not symmetric, or a nucleotide with two partners.
    """
    contacts = np.asarray(contact_map, dtype=np.bool_)
    if contacts.ndim != 2 or contacts.shape[0] != contacts.shape[1]:
        raise StructureError(f"contact map of shape {contacts.shape}, expected (L, L)")
    if not np.array_equal(contacts, contacts.T):
        raise StructureError("contact map is not symmetric")
    return check_pairs(np.argwhere(np.triu(contacts)), len(contacts))


def check_pairs(pairs: npt.ArrayLike, length: int) -> Pairs:
    """Pairs in canonical order (i < j, sorted by i), after making sure that they are a structure.

    *Shape:* (P, 2) -> (P, 2)

    >>> check_pairs([(8, 2), (9, 1)], length=10).tolist()
    [[1, 9], [2, 8]]

    Raises:
        StructureError: a position outside of the sequence, or one that is in two pairs.
    """
    table = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    outside = table[(table < 0) | (table >= length)]
    if outside.size:
        raise StructureError(f"position {outside[0] + 1} is outside of a sequence of {length} nt")
    uses = np.bincount(table.ravel(), minlength=length)
    if (uses > 1).any():
        raise StructureError(f"position {int(np.argmax(uses > 1)) + 1} is in more than one pair")
    ordered = np.sort(table, axis=1)
    return ordered[np.argsort(ordered[:, 0])]
