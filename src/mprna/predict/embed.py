"""Sequences to vectors: the network's hidden states.

Shape letters: L nucleotides, H hidden width.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import overload

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError
from mprna.io.records import Record, as_record, check_sequences
from mprna.predict.limits import MAX_EMBEDDED_LENGTH, check_max_length, too_long
from mprna.predict.parallel import map_ordered
from mprna.runtime.engine import Engine, FloatArray
from mprna.runtime.load import load
from mprna.runtime.store import DEFAULT_MODEL, stamp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedding:
    """The vectors of one record, or the reason why there are none."""

    name: str
    vectors: FloatArray | None = None
    """*Shape:* (L, H), or (H,) where pooled"""
    error: str | None = None


@overload
def embed(  # type: ignore[overload-overlap]
    sequences: str | Record, *, model: str | Path = ...
) -> FloatArray: ...
@overload
def embed(sequences: Iterable[str | Record], *, model: str | Path = ...) -> list[FloatArray]: ...
def embed(
    sequences: str | Record | Iterable[str | Record], *, model: str | Path = DEFAULT_MODEL
) -> FloatArray | list[FloatArray]:
    """Hidden states of the last layer, one vector per nucleotide, without special tokens.

    Args:
        sequences: one sequence, or many; RNA or DNA letters in any case, or records.
        model: installed name or directory.

    Returns:
        *Shape:* (L, H), or a list of such arrays.

    Raises:
        SequenceError: a sequence that is empty or no RNA.
        ModelError: no such model, or damaged files.
        UsageError: something that holds no sequences.
    """
    engine = _cached_engine(model, stamp(model))

    def states(sequence: str | Record) -> FloatArray:
        return engine.predict(clean_sequence(as_record(sequence).sequence)).hidden_states

    if isinstance(sequences, (str, Record)):
        return states(sequences)
    check_sequences(sequences)
    return [states(sequence) for sequence in sequences]


def embed_records(
    records: Iterable[Record],
    *,
    model: str | Path = DEFAULT_MODEL,
    backend: str = "auto",
    pool: bool = False,
    max_length: int = MAX_EMBEDDED_LENGTH,
    jobs: int = 1,
) -> Iterator[Embedding]:
    """One embedding per record, in order; a record that is no RNA has its reason in `error`.

    Args:
        pool: the mean over nucleotides instead of one vector for each.
        jobs: processes; results do not depend on it.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a number out of range.
    """
    check_max_length(max_length)
    make_worker = partial(_Embedder, model, backend=backend, pool=pool, max_length=max_length)
    return map_ordered(make_worker, records, jobs=jobs, on_kill=_failed)


class _Embedder:
    def __init__(self, model: str | Path, *, backend: str, pool: bool, max_length: int) -> None:
        self._engine = load(model, backend=backend)
        self._pool = pool
        self._max_length = max_length

    def __call__(self, record: Record) -> Embedding:
        try:
            sequence = clean_sequence(record.sequence)
        except SequenceError as error:
            return _failed(record, str(error))
        if len(sequence) > self._max_length:
            return _failed(record, too_long(len(sequence), self._max_length))
        vectors = self._engine.predict(sequence).hidden_states
        return Embedding(name=record.name, vectors=mean_vector(vectors) if self._pool else vectors)


def mean_vector(vectors: FloatArray) -> FloatArray:
    """Summed with enough digits for a million nucleotides. *Shape:* (L, D) -> (D,)"""
    return np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)


@lru_cache(maxsize=2)
def _cached_engine(model: str | Path, model_stamp: object) -> Engine:
    """So that calls in a loop load the model once."""
    return load(model)


def _failed(record: Record, reason: str) -> Embedding:
    return Embedding(name=record.name, error=reason)
