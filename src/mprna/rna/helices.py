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
    return helices_of_pairs(pairs_from_dot_bracket(dot_bracket))


def helices_of_pairs(pairs: Pairs) -> list[Pairs]:
    """The same of base pairs i < j.

    *Shape:* (P, 2) in, (P', 2) each out
    """
    known = set(map(tuple, pairs.tolist()))
    helices = []
    for i, j in sorted(known):
        if (i - 1, j + 1) not in known:
            run = [(i, j)]
            while (run[-1][0] + 1, run[-1][1] - 1) in known:
                run.append((run[-1][0] + 1, run[-1][1] - 1))
            helices.append(np.array(run, dtype=np.int64))
    return helices


def helix_name(helix: Pairs, offset: int = 0) -> str:
    """First and last nucleotide of both strands, from 1.

    Args:
        helix: from its outermost pair to its innermost. *Shape:* (P, 2)
        offset: position of nucleotide 0 in the whole RNA, where the helix is one of a part.

    >>> helix_name(np.array([[0, 9], [1, 8]]))
    '1-2:9-10'
    """
    (i, j), (k, m) = (helix[[0, -1]] + offset + 1).tolist()
    return f"{i}-{k}:{m}-{j}"
