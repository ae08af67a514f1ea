"""The ensembles that pair networks learn from: right, kept from block to block, computed once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
import pair_ensembles
from pair_ensembles import ensembles_of

from mprna.folding.prior import PRIOR_PARAMETERS
from mprna.folding.vienna import pair_probs
from mprna.runtime.pair_engine import MIN_PRIOR

SEQUENCES = ["GGGGAAAACCCC", "AAAAAAAAAAAA", "GGGAAAUCCCGGGGAAAACCCC", "GGGGAAAACCCC", "CCCCAAAAGGGGNN"]


class Alone:
    """A pool of this process, which remembers what it was asked for."""

    asked: list[str]

    def __init__(self, *args: object, **kwargs: object) -> None: ...

    def __enter__(self) -> Alone:
        return self

    def __exit__(self, *args: object) -> None: ...

    def map(self, function, sequences, **kwargs) -> Iterator[bytes]:
        for sequence in sequences:
            Alone.asked.append(sequence)
            yield function(sequence)


@pytest.fixture(autouse=True)
def pool(monkeypatch: pytest.MonkeyPatch) -> None:
    Alone.asked = []
    monkeypatch.setattr(pair_ensembles, "ProcessPoolExecutor", Alone)
    monkeypatch.setattr(pair_ensembles, "BLOCK", 2)


def test_ensembles_are_those_of_viennarna(tmp_path: Path) -> None:
    for sequence, both in zip(SEQUENCES, ensembles_of(SEQUENCES, tmp_path / "e.sqlite"), strict=True):
        for name, pairs in zip(PRIOR_PARAMETERS, both, strict=True):
            probs = np.triu(pair_probs(sequence, parameters=(name,)))
            assert np.array_equal(pairs.dense(len(sequence)), np.where(probs >= MIN_PRIOR, probs, 0))


def test_each_is_computed_once(tmp_path: Path) -> None:
    first = ensembles_of(SEQUENCES[:2], tmp_path / "e.sqlite")
    again = ensembles_of(SEQUENCES, tmp_path / "e.sqlite")
    assert Alone.asked == list(dict.fromkeys(SEQUENCES))
    for one, other in zip(first, again[:2], strict=True):
        assert all(np.array_equal(a.positions, b.positions) for a, b in zip(one, other, strict=True))


def test_a_killed_run_keeps_whole_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compute = pair_ensembles.packed_ensembles

    def strike(sequence: str) -> bytes:
        if len(Alone.asked) == 4:
            raise KeyboardInterrupt
        return compute(sequence)

    with monkeypatch.context() as patch:
        patch.setattr(pair_ensembles, "packed_ensembles", strike)
        with pytest.raises(KeyboardInterrupt):
            ensembles_of(SEQUENCES, tmp_path / "e.sqlite")
    Alone.asked = []
    ensembles_of(SEQUENCES, tmp_path / "e.sqlite")
    assert Alone.asked == list(dict.fromkeys(SEQUENCES))[2:]
