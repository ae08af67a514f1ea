"""RNAinverse, ViennaRNA's own search for sequences of a structure."""

from __future__ import annotations

from collections.abc import Iterator

from mprna.folding.vienna.library import LOCK, load_parameters, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL


def inverse_folds(target: str, *, seed: int) -> Iterator[tuple[str, float]]:
    """Walks from random sequences, each to where it ends and its distance from the target, without end.

    The random numbers and the energy parameters (Turner 2004, 37 °C) are those of the process. A walk does
    not listen to signals, and may take minutes.

    Args:
        target: nested, in round brackets.
    """
    library = viennarna()
    library.init_rand(seed)
    while True:
        with LOCK:
            load_parameters(library, DEFAULT_MODEL.parameters)
            sequence, distance = library.inverse_fold(library.random_string(len(target), "ACGU"), target)
        yield str(sequence), float(distance)
