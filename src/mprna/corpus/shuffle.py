"""Shuffled sequences with the same dinucleotides: what a filter should reject and often does not."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np


def shuffle_dinucleotides(sequence: str, rng: np.random.Generator) -> str:
    """A uniform draw from the sequences with the same first letter and the same count of every dinucleotide.

    Source: Altschul & Erickson 1985, doi:10.1093/oxfordjournals.molbev.a040370. The sequence is an Eulerian
    path through its letters; the last exit of every letter is drawn as a spanning tree towards the last
    letter (by Wilson's loop-erased walks, doi:10.1145/237814.237880), the other exits are permuted.

    >>> shuffle_dinucleotides("ACACAGAG", np.random.default_rng(0))
    'AGACACAG'
    """
    if len(sequence) < 3:
        return sequence
    exits: dict[str, list[str]] = defaultdict(list)
    for letter, following in pairwise(sequence):
        exits[letter].append(following)
    end = sequence[-1]
    last_exits = _spanning_tree(exits, end, rng)
    queues = {}
    for letter, followers in exits.items():
        last = [last_exits[letter]] if letter != end else []
        for follower in last:
            followers.remove(follower)
        queues[letter] = iter([*(followers[i] for i in rng.permutation(len(followers))), *last])
    shuffled = [sequence[0]]
    for _ in range(len(sequence) - 1):
        shuffled.append(next(queues[shuffled[-1]]))
    return "".join(shuffled)


def _spanning_tree(exits: dict[str, list[str]], end: str, rng: np.random.Generator) -> dict[str, str]:
    """For every letter but `end` an exit, drawn so that following them always leads to `end`."""
    tree: dict[str, str] = {}
    for start in exits:
        walk: dict[str, str] = {}
        letter = start
        while letter != end and letter not in tree:
            walk[letter] = exits[letter][rng.integers(len(exits[letter]))]  # a second visit erases the loop
            letter = walk[letter]
        letter = start
        while letter != end and letter not in tree:
            tree[letter] = walk[letter]
            letter = walk[letter]
    return tree
