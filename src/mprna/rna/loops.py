"""The loops between the pairs of a nested structure; all positions are 0-based."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mprna.errors import StructureError
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import UNPAIRED, pairs_from_dot_bracket, partners_from_pairs

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Loop:
    """One face of a structure: the pair that closes it, and what is inside."""

    closing: Pair | None
    """i < j; None of the exterior loop."""
    branches: tuple[Pair, ...]
    """Pairs that open further loops, in order."""
    unpaired: tuple[int, ...]

    @property
    def kind(self) -> str:
        """`exterior`, `hairpin`, `stack`, `bulge`, `interior` or `multi`."""
        if self.closing is None:
            return "exterior"
        if len(self.branches) != 1:
            return "multi" if self.branches else "hairpin"
        left, right = self.sides
        if left and right:
            return "interior"
        return "bulge" if left or right else "stack"

    @property
    def sides(self) -> tuple[int, int]:
        """Unpaired nucleotides before and after the first branch."""
        before = sum(not self.branches or position < self.branches[0][0] for position in self.unpaired)
        return before, len(self.unpaired) - before

    @property
    def border(self) -> tuple[Pair, ...]:
        """All its pairs as (i, j) with the loop on the side of i + 1 and j - 1."""
        closing = () if self.closing is None else (self.closing,)
        return (*closing, *((right, left) for left, right in self.branches))


def loops(dot_bracket: str) -> list[Loop]:
    """All loops of a nested structure: the exterior one, then by closing pair.

    >>> [loop.kind for loop in loops("((.(...)))..")]
    ['exterior', 'stack', 'bulge', 'hairpin']

    Raises:
        StructureError: unbalanced brackets, unknown symbols, or a pseudoknot.
    """
    pairs = pairs_from_dot_bracket(dot_bracket)
    if has_pseudoknot(pairs):
        raise StructureError("a structure with a pseudoknot has no loops in this sense")
    partners = partners_from_pairs(pairs, len(dot_bracket)).tolist()
    return [_loop(partners, None), *(_loop(partners, (i, j)) for i, j in pairs.tolist())]


def _loop(partners: list[int], closing: Pair | None) -> Loop:
    start, end = (-1, len(partners)) if closing is None else closing
    inside = list(_walk(partners, start + 1, end))
    branches = tuple((k, partners[k]) for k in inside if partners[k] != UNPAIRED)
    return Loop(closing, branches, tuple(k for k in inside if partners[k] == UNPAIRED))


def _walk(partners: list[int], start: int, end: int) -> Iterator[int]:
    """Positions of one loop; branches are jumped over."""
    position = start
    while position < end:
        yield position
        position = max(position, partners[position]) + 1
