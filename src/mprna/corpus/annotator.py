"""Labels of slices, from folds that are in the cache or made in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from mprna.corpus.annotate import Annotation, fold_pair_probs, to_annotation
from mprna.corpus.cache import AnnotationCache
from mprna.corpus.fidelity import Folded, MainFold, fold_main, fold_second
from mprna.corpus.isolation import FoldFailure, FoldLimits, IsolatedFold
from mprna.corpus.options import CorpusOptions

T = TypeVar("T")


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
        cache = self._cache
        kept = (cache.get, cache.put) if cache else None
        folds = [*_looked_up(sequences, kept, self._folds)]
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
        cache = self._cache
        kept = (cache.get_second, cache.put_second) if cache else None
        seconds = list(_looked_up(sequences, kept, self._second_structures))
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

    def _second_structures(self, sequences: Sequence[str]) -> Iterator[str | FoldFailure]:
        return self._isolated(fold_second, ((sequence, self._second_model) for sequence in sequences))

    def _pair_probs(self, sequences: Sequence[str]) -> Iterator[bytes | FoldFailure | None]:
        """Packed pair probabilities, from the cache or new ones; None where they are not asked for."""
        if not self._with_pair_probs:
            yield from [None] * len(sequences)
            return
        cache = self._cache
        kept = (cache.get_pair_probs, cache.put_pair_probs) if cache else None
        yield from _looked_up(sequences, kept, self._new_pair_probs)

    def _new_pair_probs(self, sequences: Sequence[str]) -> Iterator[bytes | FoldFailure]:
        return self._isolated(fold_pair_probs, ((sequence, self._model) for sequence in sequences))

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


def _looked_up(
    sequences: Sequence[str],
    kept: tuple[Callable[[str], T | None], Callable[[str, T], None]] | None,
    make: Callable[[Sequence[str]], Iterator[T | FoldFailure]],
) -> Iterator[T | FoldFailure]:
    """What is in the cache, or else is made, in the order of the sequences.

    Args:
        kept: `get` and `put` of the cache, if there is one.
        make: what is not there; it is put there one by one, but for failures.
    """
    if kept is None:
        yield from make(sequences)
        return
    get, put = kept
    known = [get(sequence) for sequence in sequences]
    new = make([sequence for sequence, found in zip(sequences, known, strict=True) if found is None])
    for sequence, found in zip(sequences, known, strict=True):
        if found is not None:
            yield found
            continue
        made = next(new)
        if not isinstance(made, FoldFailure):
            put(sequence, made)
        yield made
