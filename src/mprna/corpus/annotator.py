"""Labels of slices, from folds that are in the cache or made in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from mprna.corpus.annotate import Annotation, fold_pair_probs, to_annotation
from mprna.corpus.cache import AnnotationCache
from mprna.corpus.fidelity import Folded, MainFold, fold_main, fold_second
from mprna.corpus.isolation import FoldFailure, FoldLimits, IsolatedFold
from mprna.corpus.options import CorpusOptions


class Annotator:
    """Annotates the sequences of one shard after another; close it, or use it in a `with`.

    Args:
        options: energy model, calibration and limits of the build.
        cache_dir: where folds are looked up and kept; None folds everything.
        fold: under the main energy model; picklable.
    """

    def __init__(
        self, options: CorpusOptions, *, cache_dir: Path | None = None, fold: MainFold = fold_main
    ) -> None:
        self._model, self._calibration = options.energy_model, options.calibration
        second_parameters = self._calibration.second_parameters
        self._second_model = replace(self._model, parameters=second_parameters)
        self._fold = fold
        self._with_pair_probs = options.pair_probs
        self._isolated = IsolatedFold(
            [fold_second, fold, fold_pair_probs],
            FoldLimits(seconds=options.fold_timeout, memory=options.fold_memory),
        )
        self._cache = (
            None if cache_dir is None else AnnotationCache(cache_dir, self._model, second_parameters)
        )

    def __call__(self, sequences: Sequence[str]) -> Iterator[Annotation | FoldFailure]:
        """The labels of every sequence, or why there are none, in their order. Failures are not kept: another
        machine may do better. A fold is kept as it is, so another calibration needs no new one.

        Raises:
            CorpusError: the cache cannot be read or written.
        """
        known = [self._cache.get(sequence) if self._cache else None for sequence in sequences]
        misses = [sequence for sequence, folded in zip(sequences, known, strict=True) if folded is None]
        new = self._folds(misses)
        folds = [
            folded or self._keep(sequence, next(new))
            for sequence, folded in zip(sequences, known, strict=True)
        ]
        pair_probs = self._pair_probs(
            [sequence for sequence, found in zip(sequences, folds, strict=True) if isinstance(found, Folded)]
        )
        for found in folds:
            pairs = next(pair_probs) if isinstance(found, Folded) else None
            if isinstance(found, FoldFailure):
                yield found
            elif isinstance(pairs, FoldFailure):
                yield pairs
            else:
                yield to_annotation(found, self._model, self._calibration, pairs)

    def _folds(self, sequences: Sequence[str]) -> Iterator[Folded | FoldFailure]:
        """All under the second parameters first: a change of ViennaRNA's parameters takes long."""
        calls = ((sequence, self._second_model) for sequence in sequences)
        seconds = list(self._isolated(fold_second, calls))
        main = self._isolated(
            self._fold,
            (
                (sequence, self._model, second)
                for sequence, second in zip(sequences, seconds, strict=True)
                if not isinstance(second, FoldFailure)
            ),
        )
        for second in seconds:
            yield second if isinstance(second, FoldFailure) else next(main)

    def _pair_probs(self, sequences: Sequence[str]) -> Iterator[bytes | FoldFailure | None]:
        """Packed pair probabilities, from the cache or new ones; None where they are not asked for."""
        if not self._with_pair_probs:
            yield from [None] * len(sequences)
            return
        known = [self._cache.get_pair_probs(sequence) if self._cache else None for sequence in sequences]
        misses = [sequence for sequence, pairs in zip(sequences, known, strict=True) if pairs is None]
        new = self._isolated(fold_pair_probs, ((sequence, self._model) for sequence in misses))
        for sequence, pairs in zip(sequences, known, strict=True):
            found = next(new) if pairs is None else pairs
            if pairs is None and self._cache and isinstance(found, bytes):
                self._cache.put_pair_probs(sequence, found)
            yield found

    def _keep(self, sequence: str, found: Folded | FoldFailure) -> Folded | FoldFailure:
        if self._cache and isinstance(found, Folded):
            self._cache.put(sequence, found)
        return found

    def close(self) -> None:
        """End the fold process and let go of the cache."""
        self._isolated.close()
        if self._cache:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
