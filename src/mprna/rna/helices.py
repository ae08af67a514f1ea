"""Helices: runs of stacked pairs."""

from __future__ import annotations

import numpy as np

from mprna.rna.structure import Pairs, pairs_from_dot_bracket


def helices_of(dot_bracket: str) -> list[Pairs]:
    """Pairs of every helix, from its outermost pair to its innermost; a bulge ends a helix.

    *Shape:* (P, 2) each, by position

    >>> [helix.tolist() for helix in helices_of("((.(...)))")]
    [[[0, 9], [1, 8]], [[3, 7]]]

    Raises:
        StructureError: unbalanced brackets or unknown symbols.
    """
    pairs = {(i, j) for i, j in pairs_from_dot_bracket(dot_bracket).tolist()}
    helices = []
    for i, j in sorted(pairs):
        if (i - 1, j + 1) not in pairs:
            run = [(i, j)]
            while (run[-1][0] + 1, run[-1][1] - 1) in pairs:
                run.append((run[-1][0] + 1, run[-1][1] - 1))
            helices.append(np.array(run, dtype=np.int64))
    return helices
