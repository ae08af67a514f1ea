"""ViennaRNA's ensembles of many RNAs, kept in a database: they take longer than the training that needs them.

Of a run that was killed at most `BLOCK` RNAs are lost, and runs that have RNAs in common share the file.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mprna.folding.prior import PRIOR_PARAMETERS
from mprna.folding.vienna import pair_probs
from mprna.runtime.pair_engine import MIN_PRIOR

TABLE: Final = "_".join(PRIOR_PARAMETERS)
"""Other parameter sets are another table."""
BLOCK: Final = 500
"""RNAs that are written at once."""
BUSY_SECONDS: Final = 600.0
"""How long another process may write."""


class Pairs(NamedTuple):
    """Sparse, because thousands of them are held."""

    positions: npt.NDArray[np.int64]  # (P, 2)
    probs: npt.NDArray[np.float32]  # (P,)

    def dense(self, length: int) -> npt.NDArray[np.float32]:
        """(L, L), above the diagonal."""
        probs = np.zeros((length, length), dtype=np.float32)
        probs[self.positions[:, 0], self.positions[:, 1]] = self.probs
        return probs


def ensembles_of(sequences: list[str], store: Path) -> list[tuple[Pairs, Pairs]]:
    """By each of the parameter sets of the prior, in the order of the sequences.

    Args:
        store: SQLite file of what was computed before; it receives what was not.
    """
    with closing(sqlite3.connect(store, timeout=BUSY_SECONDS)) as database:
        database.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} (sequence TEXT PRIMARY KEY, pairs BLOB)")
        have = {sequence for (sequence,) in database.execute(f"SELECT sequence FROM {TABLE}")}
        missing = [sequence for sequence in dict.fromkeys(sequences) if sequence not in have]
        for block in _computed(missing):
            with database:  # a transaction
                database.executemany(f"INSERT OR IGNORE INTO {TABLE} VALUES (?, ?)", block)
        query = f"SELECT pairs FROM {TABLE} WHERE sequence = ?"
        return [_from_bytes(database.execute(query, (sequence,)).fetchone()[0]) for sequence in sequences]


def _computed(sequences: list[str]) -> Iterator[list[tuple[str, bytes]]]:
    """Sequences and their ensembles, `BLOCK` of them at a time."""
    if not sequences:
        return
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        found = zip(sequences, pool.map(packed_ensembles, sequences, chunksize=16), strict=True)
        while block := list(islice(found, BLOCK)):
            yield block


def packed_ensembles(sequence: str) -> bytes:
    """Number of pairs in either ensemble, then of each their positions and probabilities."""
    both = [_likely_pairs(pair_probs(sequence, parameters=(name,))) for name in PRIOR_PARAMETERS]
    parts = [np.array([len(pairs.probs) for pairs in both], np.int32)]
    for pairs in both:
        parts += [pairs.positions.astype(np.int16), pairs.probs]
    return b"".join(part.tobytes() for part in parts)


def _from_bytes(packed: bytes) -> tuple[Pairs, Pairs]:
    num_first, num_second = np.frombuffer(packed, np.int32, 2).tolist()
    start, found = 8, []
    for num in (num_first, num_second):
        positions = np.frombuffer(packed, np.int16, 2 * num, start).reshape(num, 2).astype(np.int64)
        found.append(Pairs(positions, np.frombuffer(packed, np.float32, num, start + 4 * num)))
        start += 8 * num
    return found[0], found[1]


def _likely_pairs(probs: npt.NDArray[np.float32]) -> Pairs:
    upper = np.triu(probs)
    likely = np.argwhere(upper >= MIN_PRIOR).astype(np.int64)
    return Pairs(likely, upper[likely[:, 0], likely[:, 1]])
