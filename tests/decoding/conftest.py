"""The reference of every exactness test: all structures of a short sequence, one by one."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

Structure = tuple[tuple[int, int], ...]
CANONICAL = {"AU", "UA", "CG", "GC", "GU", "UG"}


def nested_structures(may_pair: np.ndarray, start: int, stop: int) -> Iterator[Structure]:
    """All nested structures of start..stop-1: the first position is unpaired, or pairs with any later one."""
    if stop <= start:
        yield ()
        return
    yield from nested_structures(may_pair, start + 1, stop)
    for k in range(start + 1, stop):
        if may_pair[start, k]:
            for inside in nested_structures(may_pair, start + 1, k):
                for right in nested_structures(may_pair, k + 1, stop):
                    yield ((start, k), *inside, *right)


def valid_structures(sequence: str) -> list[Structure]:
    """All structures of canonical pairs and hairpins of three or more."""
    length = len(sequence)
    may_pair = np.array(
        [[sequence[i] + sequence[j] in CANONICAL and j - i > 3 for j in range(length)] for i in range(length)]
    )
    return list(nested_structures(may_pair, 0, length))


@pytest.fixture(scope="session", name="nested_structures")
def _nested_structures():
    return nested_structures


@pytest.fixture(scope="session", name="valid_structures")
def _valid_structures():
    return valid_structures


def symmetric_probs(rng: np.random.Generator, length: int, sharpness: float = 2.0) -> np.ndarray:
    """Pair probabilities of some model: symmetric, rows sum to less than one, mostly small."""
    scores = np.exp(sharpness * rng.normal(size=(length, length)))
    scores = np.triu(scores, 1) + np.triu(scores, 1).T
    largest = scores.sum(axis=1).max(initial=1e-9)
    return (scores / largest).astype(np.float32)


@pytest.fixture(scope="session", name="symmetric_probs")
def _symmetric_probs():
    return symmetric_probs
