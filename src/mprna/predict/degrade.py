"""Reactivity and degradation of every nucleotide, and a score of the whole molecule.

Shape letters: L nucleotides, T targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np

from mprna.alphabet import check_known, clean_sequence
from mprna.errors import FoldingError, SequenceError, UsageError
from mprna.folding.prior import DEGRADATION_PARAMETERS, prior_pair_probs
from mprna.io.records import Record, as_record
from mprna.predict.limits import DEFAULT_MAX_LENGTH, check_max_length, too_long
from mprna.predict.parallel import map_ordered
from mprna.runtime.degradation_engine import TARGETS, Degradation, DegradationEngine
from mprna.runtime.engine import FloatArray
from mprna.runtime.load import load_degradation_engine
from mprna.runtime.store import DEGRADATION_MODEL, stamp
from mprna.runtime.windows import split_windows

SCORE_TARGET: Final = "deg_Mg_50C"
"""What the score adds up; the condition of the data set nearest to storage of a formulated mRNA."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DegradationResult:
    """The predictions for one record, or the reason why there are none."""

    name: str
    sequence: str
    """Clean letters; as given where there is an error."""
    mean: FloatArray | None = None
    """Predicted values; columns in the order of `TARGETS`. *Shape:* (L, T)"""
    sd: FloatArray | None = None
    """Expected error, one standard deviation. *Shape:* (L, T)"""
    score: float | None = None
    """Sum of the mean deg_Mg_50C over the molecule; lower is more stable."""
    score_sd: float | None = None
    """Expected error of the score."""
    error: str | None = None


def degrade(
    sequence: str | Record, *, model: str | Path = DEGRADATION_MODEL, window: int | None = None
) -> DegradationResult:
    """Predict one RNA.

    Args:
        sequence: RNA or DNA letters in any case, or a record.
        model: installed name or directory.
        window: longer sequences are folded and read in windows that overlap by half; by default the model's.

    Raises:
        SequenceError: empty, no RNA, or without any known base.
        FoldingError: longer than ViennaRNA folds, in a window that is.
        ModelError: no such model, or damaged files.
        UsageError: a window below 2 nt.
    """
    _check(window)
    record = as_record(sequence)
    return _result(record.name, clean_sequence(record.sequence), _cached_engine(model, stamp(model)), window)


def degrade_records(
    records: Iterable[Record],
    *,
    model: str | Path = DEGRADATION_MODEL,
    window: int | None = None,
    max_length: int = DEFAULT_MAX_LENGTH,
    jobs: int = 1,
) -> Iterator[DegradationResult]:
    """One result per record, in order; a record that cannot be read has its reason in `error`.

    Args:
        model, window: as in `degrade`.
        max_length: longer sequences are left out, nucleotides.
        jobs: processes; results do not depend on it.

    Raises:
        ModelError: no such model, or damaged files.
        UsageError: a number out of range.
    """
    _check(window)
    check_max_length(max_length)
    make_worker = partial(_Degrader, model, window=window, max_length=max_length)
    return map_ordered(make_worker, records, jobs=jobs, on_kill=_failed)


def ranked(results: Iterable[DegradationResult]) -> list[DegradationResult]:
    """From the lowest score, the most stable, to the highest; those without one come last, in their order."""
    return sorted(results, key=lambda result: np.inf if result.score is None else result.score)


class _Degrader:
    def __init__(self, model: str | Path, *, window: int | None, max_length: int) -> None:
        self._engine = load_degradation_engine(model)
        self._window = window
        self._max_length = max_length

    def __call__(self, record: Record) -> DegradationResult:
        try:
            sequence = clean_sequence(record.sequence)
            if len(sequence) > self._max_length:
                return _failed(record, too_long(len(sequence), self._max_length))
            return _result(record.name, sequence, self._engine, self._window)
        except (SequenceError, FoldingError) as error:
            return _failed(record, str(error))


def _result(name: str, sequence: str, engine: DegradationEngine, window: int | None) -> DegradationResult:
    check_known(sequence)
    mean, sd = _predict(sequence, engine, window or engine.max_length)
    column = TARGETS.index(SCORE_TARGET)
    total_sd = engine.score_scale * np.sqrt((sd[:, column].astype(np.float64) ** 2).sum())
    return DegradationResult(
        name=name,
        sequence=sequence,
        mean=mean,
        sd=sd,
        score=float(mean[:, column].astype(np.float64).sum()),
        score_sd=float(total_sd),
    )


def _predict(sequence: str, engine: DegradationEngine, window: int) -> Degradation:
    parts = []
    for start, end, keep_start, keep_end in split_windows(len(sequence), window):
        piece = sequence[start:end]
        prior = prior_pair_probs(piece, parameters=DEGRADATION_PARAMETERS)
        found = engine.predict_degradation(piece, prior)
        kept = slice(keep_start - start, keep_end - start)
        parts.append(Degradation(found.mean[kept], found.sd[kept]))
    return Degradation(np.concatenate([p.mean for p in parts]), np.concatenate([p.sd for p in parts]))


@lru_cache(maxsize=2)
def _cached_engine(model: str | Path, model_stamp: object) -> DegradationEngine:
    """So that calls in a loop load the model once."""
    return load_degradation_engine(model)


def _failed(record: Record, reason: str) -> DegradationResult:
    return DegradationResult(name=record.name, sequence=record.sequence, error=reason)


def _check(window: int | None) -> None:
    if window is not None and window < 2:
        raise UsageError(f"window {window}; expected at least 2 nt")
