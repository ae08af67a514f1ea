"""Where a target is cut into parts that are designed first.

A fold takes time with the cube of the length, so that most of what can go wrong is cheaper to find in a part.
"""

from __future__ import annotations

from typing import Final

from mprna.rna.structure import partners_of

MIN_PART: Final = 24
"""Fewest nucleotides of a part."""


def parts(dot_bracket: str) -> list[slice]:
    """Branches of at most half the target's length, each closed by two stacked pairs.

    >>> parts("((((....))))((((((..((((....))))....))))))...................")
    [slice(12, 42, None)]
    """
    partners = partners_of(dot_bracket)
    most = len(dot_bracket) // 2
    found, position = [], 0
    while position < len(dot_bracket):
        end = partners[position]
        if MIN_PART <= end - position + 1 <= most and partners[position + 1] == end - 1:
            found.append(slice(position, end + 1))
            position = end
        position += 1
    return found
