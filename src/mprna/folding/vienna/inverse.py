"""RNAinverse, ViennaRNA's own search for sequences of a structure."""

from __future__ import annotations

from collections.abc import Iterator

from mprna.folding.vienna.library import LOCK, load_parameters, viennarna
from mprna.folding.vienna.model import DEFAULT_MODEL


def inverse_folds(target: str, *, seed: int) -> Iterator[tuple[str, float]]:
    """Search from one random sequence after another, without end; yields what each search arrives at.

    The random numbers and the energy parameters (Turner 2004, 37 °C) are those of the whole process. One
    search may take minutes, and no signal interrupts it.

    Args:
        target: a nested structure in round brackets.

    Yields:
        a sequence, and the distance of its structure from the target: 0 where the search succeeded.
    """
    library = viennarna()
    library.init_rand(seed)
    while True:
        with LOCK:
            load_parameters(library, DEFAULT_MODEL.parameters)
            sequence, distance = library.inverse_fold(library.random_string(len(target), "ACGU"), target)
        yield str(sequence), float(distance)
