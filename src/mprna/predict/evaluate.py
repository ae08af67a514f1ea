"""Pairs and energy of a given structure."""

from __future__ import annotations

from dataclasses import dataclass

from mprna.alphabet import clean_sequence
from mprna.errors import FoldingError
from mprna.folding.vienna import energy_of
from mprna.rna.structure import Pairs, check_length, pairs_from_dot_bracket


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """One structure of a sequence."""

    pairs: Pairs
    """0-based, i < j. *Shape:* (P, 2)"""
    energy: float | None
    """kcal/mol, of the `()` pairs; `None` where there is none."""
    error: str | None = None
    """Why there is no energy."""


def evaluate(sequence: str, dot_bracket: str) -> Structure:
    """Pairs and Turner 2004 energy of a structure at 37 °C.

    >>> evaluate("GGGGAAAACCCC", "((((....))))").energy
    -5.4

    Raises:
        SequenceError: empty, or no RNA.
        StructureError: not as long as the sequence, unbalanced brackets, or unknown symbols.
    """
    pairs = pairs_of(sequence, dot_bracket)
    try:
        energy = energy_of(clean_sequence(sequence), dot_bracket)
    except FoldingError as error:
        return Structure(pairs, None, str(error))
    return Structure(pairs, energy)


def pairs_of(sequence: str, dot_bracket: str) -> Pairs:
    """Pairs of a structure that is as long as its sequence.

    *Shape:* (P, 2)

    Raises:
        StructureError: not as long as the sequence, unbalanced brackets, or unknown symbols.
    """
    check_length(dot_bracket, sequence)
    return pairs_from_dot_bracket(dot_bracket)
