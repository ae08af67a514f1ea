"""The work of a scan: variants that share a window become one task of one process.

Every variant is judged alone, with one thread: numbers depend on the RNA, the variant and the options only,
not on what else is asked, in which order, or on how many processes.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from mprna.alphabet import NUCLEOTIDES
from mprna.errors import FoldingError
from mprna.folding.change import ensemble_change
from mprna.folding.site_window import Window, window_around
from mprna.folding.substitutions import SubstitutionEnergies
from mprna.folding.vienna import Ensemble, fold_ensemble
from mprna.predict.parallel import map_ordered
from mprna.predict.scan_structure import ReferenceFolder
from mprna.predict.variant_effect import MAX_EXPANDED, MAX_FOLDED, ScanOptions, VariantEffect
from mprna.rna.helices import helix_name
from mprna.rna.structure import UNPAIRED
from mprna.rna.variants import Variant, mutate
from mprna.runtime.engine import Engine, FloatArray
from mprna.runtime.load import load
from mprna.runtime.masked import masked_log_probs
from mprna.runtime.store import FOLDING_MODEL, stamp

_MAX_TASK: Final = 60
"""Variants per task: enough to share a reference, few enough to keep all processes busy."""


class VariantRequest(NamedTuple):
    """A variant that is asked for; it becomes one row of the output."""

    text: str
    """The variant as it is printed."""
    variant: Variant | None = None
    """None if the text cannot be read. It was checked against the sequence unless there is an `error`."""
    error: str | None = None
    """Why its effect cannot be computed."""
    given: str | None = None
    """What the user wrote, if anything."""


class Query(NamedTuple):
    """Variants of one RNA."""

    name: str
    sequence: str
    """Clean letters; empty if the effect of no variant can be computed."""
    requests: list[VariantRequest]


def scan_queries(queries: Iterable[Query], options: ScanOptions, *, jobs: int) -> Iterator[VariantEffect]:
    """One effect per request, in order.

    Args:
        queries: read lazily, somewhat ahead of the results.

    Raises:
        ModelError: no such model, or damaged files.
    """
    tasks = chain.from_iterable(_tasks(query, options) for query in queries)
    return chain.from_iterable(map_ordered(partial(_Scanner, options), tasks, jobs=jobs, on_kill=_killed))


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Variants of one RNA that share a window, for one process."""

    name: str
    sequence: str
    window: Window | None
    requests: list[VariantRequest]


def _tasks(query: Query, options: ScanOptions) -> Iterator[_Task]:
    if all(request.error is not None for request in query.requests):
        yield _Task(query.name, query.sequence, None, query.requests)
        return
    by_window = groupby(query.requests, key=lambda request: _window(query.sequence, request, options))
    for window, group in by_window:
        members = list(group)
        for start in range(0, len(members), _MAX_TASK):
            yield _Task(query.name, query.sequence, window, members[start : start + _MAX_TASK])


def _window(sequence: str, request: VariantRequest, options: ScanOptions) -> Window | None:
    """The part of the RNA that is folded; None if the request has an error."""
    if request.variant is None or request.error is not None:
        return None
    if len(sequence) <= options.whole:
        return Window(0, len(sequence))
    first, last = request.variant.first, request.variant.last
    return window_around(first, last, length=len(sequence), width=options.window)


class _Scanner:
    """Computes the effects of tasks."""

    def __init__(self, options: ScanOptions) -> None:
        model = options.model
        self._engine = None if model is None else _cached_engine(model, stamp(model))
        self._folder = _cached_folder(stamp(FOLDING_MODEL)) if options.confidence else None
        self._context = options.context
        self._expand = options.expand
        self._energies = lru_cache(maxsize=1)(SubstitutionEnergies)  # large
        self._fold = lru_cache(maxsize=4)(fold_ensemble)  # the references of neighbouring tasks
        self._log_probs: Callable[[str, int], FloatArray] = lru_cache(maxsize=256)(self._masked)

    def __call__(self, task: _Task) -> list[VariantEffect]:
        return [self._judge(task, request) for request in task.requests]

    def _judge(self, task: _Task, request: VariantRequest) -> VariantEffect:
        variant, window = request.variant, task.window
        if variant is None or window is None:
            return _failed(task.name, request, request.error)
        if window.end - window.start > MAX_FOLDED:
            reason = f"substitutions {variant.last - variant.first} nt apart; up to"
            return _failed(task.name, request, f"{reason} {MAX_FOLDED} nt are folded at once")
        try:
            return self._effect(task, variant, window, given=request.given)
        except FoldingError as error:
            return _failed(task.name, request, str(error))

    def _effect(self, task: _Task, variant: Variant, window: Window, *, given: str | None) -> VariantEffect:
        piece = task.sequence[window.start : window.end]
        reference = self._fold(piece)
        change = ensemble_change(reference, fold_ensemble(mutate(piece, variant, window.start)))
        partner, confidence = self._state(task.sequence, variant.first)
        energy, energy_of = change.delta_ensemble_energy, window
        if self._takes_whole_energy(task.sequence, variant, window):
            (substitution,) = variant.substitutions
            energy = self._energies(task.sequence).delta(substitution.position, substitution.alt)
            energy_of = Window(0, len(task.sequence))
        return VariantEffect(
            name=task.name,
            **_columns(variant),
            given=given,
            llr=self._llr(task.sequence, variant),
            delta_ensemble_energy=energy,
            delta_mfe=change.delta_mfe,
            pair_distance=change.pair_distance,
            unpaired_distance=change.unpaired_distance,
            helices_lost=tuple(helix_name(helix, window.start) for helix in change.helices_lost),
            helices_gained=tuple(helix_name(helix, window.start) for helix in change.helices_gained),
            unpaired=_unpaired(reference, variant, window.start),
            partner=partner,
            confidence=confidence,
            window=f"{window.start + 1}-{window.end}",
            energy_of=f"{energy_of.start + 1}-{energy_of.end}",
        )

    def _state(self, sequence: str, position: int) -> tuple[int | None, float | None]:
        """1-based partner, 0 for none, and its probability; None where no structure is asked for."""
        structure = None if self._folder is None else self._folder(sequence)
        if structure is None:
            return None, None
        partner = int(structure.partners[position])
        return 0 if partner == UNPAIRED else partner + 1, float(structure.confidences[position])

    def _takes_whole_energy(self, sequence: str, variant: Variant, window: Window) -> bool:
        """Whether the ensemble energy is that of the whole RNA, although only a window is folded."""
        is_part = window.end - window.start < len(sequence)
        is_single = len(variant.substitutions) == 1
        return self._expand and is_part and is_single and len(sequence) <= MAX_EXPANDED

    def _llr(self, sequence: str, variant: Variant) -> float | None:
        """Log-likelihood ratio in nats, summed over substitutions; None without a language model."""
        if self._engine is None:
            return None
        total = 0.0
        for substitution in variant.substitutions:
            log_probs = self._log_probs(sequence, substitution.position)
            alt, ref = (NUCLEOTIDES.index(letter) for letter in (substitution.alt, substitution.ref))
            total += float(log_probs[alt]) - float(log_probs[ref])
        return total

    def _masked(self, sequence: str, position: int) -> FloatArray:
        assert self._engine is not None
        return masked_log_probs(self._engine, sequence, position, self._context)


def _unpaired(reference: Ensemble, variant: Variant, offset: int) -> float:
    """Mean probability that the substituted nucleotides are unpaired in the reference."""
    positions = [substitution.position - offset for substitution in variant.substitutions]
    paired = reference.base_pair_probs[positions].sum(axis=1, dtype=np.float64)
    return float((1.0 - paired).clip(0.0, 1.0).mean())


def _columns(variant: Variant) -> dict[str, Any]:
    return {
        "variant": str(variant),
        "position": variant.first + 1,
        "ref": "".join(substitution.ref for substitution in variant.substitutions),
        "alt": "".join(substitution.alt for substitution in variant.substitutions),
    }


def _failed(name: str, request: VariantRequest, reason: str | None) -> VariantEffect:
    columns = {"variant": request.text} if request.variant is None else _columns(request.variant)
    return VariantEffect(name=name, **columns, error=reason, given=request.given)


def _killed(task: _Task, reason: str) -> list[VariantEffect]:
    return [_failed(task.name, request, request.error or reason) for request in task.requests]


@lru_cache(maxsize=1)
def _cached_engine(model: str | Path, version: object) -> Engine:
    """Kept, so that calls of `scan` in a loop load it once."""
    return load(model)


@lru_cache(maxsize=1)
def _cached_folder(version: object) -> ReferenceFolder:
    return ReferenceFolder()
