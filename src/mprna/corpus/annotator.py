"""Labels of slices, from the cache or from a fold in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from mprna.corpus.annotate import Annotation, annotate
from mprna.corpus.cache import AnnotationCache
from mprna.corpus.isolation import Fold, FoldFailure, FoldLimits, IsolatedFold
from mprna.corpus.options import CorpusOptions


class Annotator:
    """Annotates the sequences of one shard after another; close it, or use it in a `with`.

    Args:
        options: energy model and limits of the build.
        cache_dir: where labels are looked up and kept; None folds everything.
        fold: what makes the labels; picklable.
    """

    def __init__(
        self, options: CorpusOptions, *, cache_dir: Path | None = None, fold: Fold = annotate
    ) -> None:
        self._energy_model = options.energy_model
        limits = FoldLimits(seconds=options.fold_timeout, memory=options.fold_memory)
        self._fold = IsolatedFold(fold, limits)
        self._cache = None if cache_dir is None else AnnotationCache(cache_dir, options.energy_model)

    def __call__(self, sequences: Sequence[str]) -> Iterator[Annotation | FoldFailure]:
        """The labels of every sequence, or why there are none, in their order. Failures are not kept: another
        machine may do better.

        Raises:
            CorpusError: the cache cannot be read or written.
        """
        known = [self._cache.get(sequence) if self._cache else None for sequence in sequences]
        misses = [sequence for sequence, labels in zip(sequences, known, strict=True) if labels is None]
        folded = self._fold(misses, self._energy_model)
        for sequence, labels in zip(sequences, known, strict=True):
            yield labels or self._keep(sequence, next(folded))

    def _keep(self, sequence: str, found: Annotation | FoldFailure) -> Annotation | FoldFailure:
        if self._cache and isinstance(found, Annotation):
            self._cache.put(sequence, found)
        return found

    def close(self) -> None:
        """End the fold process and let go of the cache."""
        self._fold.close()
        if self._cache:
            self._cache.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
