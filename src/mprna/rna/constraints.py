"""What a structure must look like, in ViennaRNA's notation: one symbol per nucleotide.

    .    anything
    x    unpaired
    |    paired
    <    paired with a nucleotide further downstream (3')
    >    paired with a nucleotide further upstream (5')
    ( )  paired with each other

All of it is enforced, as by `RNAfold -C --enforceConstraint`.

Shape letters: L nucleotides, P pairs of the constraint, N possible pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.errors import StructureError
from mprna.rna.canonical import MIN_HAIRPIN, canonical_pairs, check_structure
from mprna.rna.pseudoknots import loop_numbers
from mprna.rna.structure import UNPAIRED, Pairs, check_length, pairs_from_dot_bracket, partners_from_pairs

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SYMBOLS: Final = ".x|<>()"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Constraint:
    """One constraint of one sequence, as decoders ask it; made by `parse_constraint`."""

    text: str
    """The constraint as it was given."""
    pairs: Pairs
    """The pairs that it forces. *Shape:* (P, 2)"""
    partners: Positions
    """The forced partner of each nucleotide, -1 without. *Shape:* (L,)"""
    opens: Flags
    """Whether a nucleotide may pair with one further downstream. *Shape:* (L,)"""
    closes: Flags
    """Whether a nucleotide may pair with one further upstream. *Shape:* (L,)"""
    must_pair: Flags
    """Whether a nucleotide may not stay unpaired. *Shape:* (L,)"""
    loops: Positions
    """Pairs within one loop of the forced pairs cross none of them (see `loop_numbers`). *Shape:* (L,)"""

    def allows(self, i: Positions, j: Positions) -> Flags:
        """Whether pairs i < j may be in a nested structure."""
        return np.asarray(self.allows_crossing(i, j) & (self.loops[i] == self.loops[j]))

    def allows_crossing(self, i: Positions, j: Positions) -> Flags:
        """Whether pairs i < j may be in a structure in which pairs cross."""
        free = (self.partners[i] == UNPAIRED) & (self.partners[j] == UNPAIRED)
        return np.asarray(self.opens[i] & self.closes[j] & (free | (self.partners[i] == j)))

    def check(self, dot_bracket: str) -> None:
        """Make sure that a structure is as it should be.

        Raises:
            StructureError: it is not; names the first position, 1-based.
        """
        length = len(self.text)
        partners = partners_from_pairs(pairs_from_dot_bracket(dot_bracket), length)
        positions = np.arange(length)
        bad = (partners == UNPAIRED) & self.must_pair
        bad |= (partners > positions) & ~self.opens
        bad |= (partners != UNPAIRED) & (partners < positions) & ~self.closes
        bad |= (self.partners != UNPAIRED) & (partners != self.partners)
        if bad.any():
            position = int(np.argmax(bad))
            raise StructureError(f"constraint {self.text[position]!r} at position {position + 1} is not met")


def parse_constraint(text: str, sequence: str, *, max_span: int | None = None) -> Constraint:
    """Read a constraint and make sure that each symbol of it, taken alone, can be met.

    Args:
        text: symbols of `SYMBOLS`.
        sequence: clean letters, ACGUN.
        max_span: most nucleotides from one end of a pair to the other, both included.

    >>> constraint = parse_constraint("((.x..).)", "GGAAAACAC")
    >>> constraint.pairs.tolist()
    [[0, 8], [1, 6]]

    Raises:
        StructureError: another length, unknown symbols, unbalanced brackets, a forced pair that is not
            canonical, too close or too far apart, or a nucleotide that must pair and has no partner.
    """
    if not isinstance(text, str):
        raise StructureError(f"constraint {text!r:.40}; expected text")
    check_length(text, sequence, what="constraint")
    for position, symbol in enumerate(text, 1):
        if symbol not in SYMBOLS:
            expected = f"expected one of {' '.join(SYMBOLS)}"
            raise StructureError(f"symbol {symbol!r} at position {position} of the constraint; {expected}")
    pairs = _forced_pairs(text, sequence, max_span)
    symbols = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    constraint = Constraint(
        text=text,
        pairs=pairs,
        partners=partners_from_pairs(pairs, len(text)),
        opens=_among(symbols, ".|<("),
        closes=_among(symbols, ".|>)"),
        must_pair=_among(symbols, "|<>()"),
        loops=loop_numbers(pairs, len(text)),
    )
    _check_partners(constraint, sequence, max_span)
    return constraint


def may_pair(
    sequence: str,
    i: Positions,
    j: Positions,
    *,
    max_span: int | None = None,
    constraint: Constraint | None = None,
) -> Flags:
    """Whether each (i, j) is a pair, i < j, of a valid nested structure.

    Args:
        sequence: clean letters, ACGUN.
        max_span: most nucleotides from one end of a pair to the other, both included.
        constraint: what the structure must look like.

    *Shape:* (N,) each -> (N,)
    """
    longest = len(sequence) if max_span is None else max_span
    possible = (j - i > MIN_HAIRPIN) & (j - i < longest)
    possible[possible] = canonical_pairs(sequence, i[possible], j[possible])
    if constraint is not None:
        possible[possible] = constraint.allows(i[possible], j[possible])
    return possible


def _forced_pairs(text: str, sequence: str, max_span: int | None) -> Pairs:
    brackets = "".join(symbol if symbol in "()" else "." for symbol in text)
    try:
        check_structure(sequence, brackets)
    except StructureError as error:
        raise StructureError(f"constraint: {error}") from error
    pairs = pairs_from_dot_bracket(brackets)
    for i, j in pairs.tolist():
        if max_span is not None and j - i >= max_span:
            raise StructureError(
                f"constraint: positions {i + 1} and {j + 1} pair over more than {max_span} nt"
            )
    return pairs


def _among(symbols: npt.NDArray[np.uint8], wanted: str) -> Flags:
    return np.isin(symbols, list(wanted.encode("ascii")))


def _check_partners(constraint: Constraint, sequence: str, max_span: int | None) -> None:
    positions = np.arange(len(sequence))
    for position in np.flatnonzero(constraint.must_pair & (constraint.partners == UNPAIRED)).tolist():
        i, j = np.minimum(positions, position), np.maximum(positions, position)
        if not may_pair(sequence, i, j, max_span=max_span, constraint=constraint).any():
            symbol = constraint.text[position]
            raise StructureError(
                f"constraint {symbol!r} at position {position + 1}: no nucleotide to pair with"
            )
