"""Walks of RNAinverse end where they say."""

from __future__ import annotations

from itertools import islice

import RNA

from mprna.folding.vienna import inverse_folds

TARGET = "((((.((((....))))..((((....)))).))))"


def test_a_distance_of_zero_is_a_solution() -> None:
    walks = list(islice(inverse_folds(TARGET, seed=1), 20))
    solved = [distance == 0 for _, distance in walks]
    assert [RNA.fold(sequence)[0] == TARGET for sequence, _ in walks] == solved
    assert 0 < sum(solved) < 20


def test_the_same_seed_walks_the_same_way() -> None:
    first, second, other = (list(islice(inverse_folds(TARGET, seed=seed), 3)) for seed in (1, 1, 2))
    assert first == second != other
