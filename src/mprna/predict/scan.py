"""What variants do to an RNA: to its likelihood under the language model, and to its structures.

Every variant is judged alone, with one thread: numbers depend on the RNA, the variant and the options only,
not on what else is asked, in which order, or on how many processes.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from mprna.alphabet import NUCLEOTIDES, clean_sequence
from mprna.errors import FoldingError, SequenceError, UsageError, VariantError
from mprna.folding.change import ensemble_change
from mprna.folding.local import Window, Windows
from mprna.folding.vienna import Ensemble, fold_ensemble
from mprna.io.records import Record
from mprna.io.variants import ListedVariant
from mprna.predict.expected import ExpectedStructure, Folding
from mprna.predict.parallel import map_ordered
from mprna.rna.structure import UNPAIRED, Pairs
from mprna.rna.variants import Variant, check_variant, mutate, parse_variant, single_substitutions
from mprna.runtime.engine import Engine, FloatArray
from mprna.runtime.load import load
from mprna.runtime.masked import MASKED_CONTEXT
from mprna.runtime.store import DEFAULT_MODEL

DEFAULT_WINDOW: Final = 200
DEFAULT_MAX_LENGTH: Final = 100_000
MAX_FOLDED: Final = 3_000
"""Widest window, nucleotides, for substitutions far apart; it takes a minute."""
MIN_WINDOW: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to scan.

    Raises:
        UsageError: a number out of range.
    """

    model: str | Path | None = DEFAULT_MODEL
    """Masked language model; None does without."""
    window: int = DEFAULT_WINDOW
    """Longer RNAs are folded in windows of so many nucleotides around the variant (`folding.local`)."""
    context: int = MASKED_CONTEXT
    """The language model reads at most so many nucleotides around the variant."""
    confidence: bool = True
    """Say what `mprna fold` expects at the site, for RNAs up to `expected.MAX_LENGTH`."""
    max_length: int = DEFAULT_MAX_LENGTH
    """Longer RNAs are not scanned."""

    def __post_init__(self) -> None:
        _check_least("window", self.window, MIN_WINDOW)
        _check_least("context", self.context, 2)
        _check_least("max_length", self.max_length, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantEffect:
    """What one variant does, or the reason why that is not known. Positions are 1-based."""

    name: str
    """Of the RNA."""
    variant: str
    """As `A24G`, substitutions joined by `+`; as it was given where it cannot be read."""
    position: int | None = None
    """Of the first substitution."""
    ref: str | None = None
    """Nucleotides of the reference, one per substitution."""
    alt: str | None = None
    llr: float | None = None
    """log p(alt) - log p(ref) of the masked language model with the site masked, nats; summed over
    substitutions, each masked alone. Below 0 the model expects the reference."""
    delta_ensemble_energy: float | None = None
    """Change of the free energy of the ensemble, kcal/mol; above 0 the structures become less stable."""
    delta_mfe: float | None = None
    """Change of the minimum free energy, kcal/mol."""
    pair_distance: float | None = None
    """Sum over all pairs of the absolute change of their probability."""
    unpaired_distance: float | None = None
    """Sum over all nucleotides of the absolute change of their probability to be unpaired."""
    helices_lost: tuple[str, ...] | None = None
    """Helices of the reference that the mutant has less, as `3-9:24-30` (`folding.change`)."""
    helices_gained: tuple[str, ...] | None = None
    unpaired: float | None = None
    """Probability that the site is unpaired in the reference; the mean over substitutions."""
    partner: int | None = None
    """What the first site pairs with in the reference by `mprna fold`; 0 is nothing."""
    confidence: float | None = None
    """Calibrated probability of that."""
    window: str | None = None
    """What was folded, `first-last`."""
    error: str | None = None


def scan(
    sequence: str,
    variants: Iterable[str] | None = None,
    options: ScanOptions | None = None,
    *,
    jobs: int = 1,
) -> list[VariantEffect]:
    """Effects of variants on one RNA.

    Args:
        sequence: RNA or DNA letters in any case.
        variants: as `A24G`, or `A24G+C30U` for two at once; by default all single substitutions.
        options: how to scan.
        jobs: processes. A script that asks for more than one must be importable: keep the call under
            `if __name__ == "__main__":`.

    Returns:
        One effect per variant, in their order; a variant that does not fit has its reason in `error`.

    Raises:
        SequenceError: empty, or no RNA.
        ModelError: no such model, or damaged files.
    """
    clean_sequence(sequence)
    listed = None if variants is None else [ListedVariant(text) for text in variants]
    record = Record(name="", sequence=sequence)
    return list(scan_records([record], listed, options or ScanOptions(), jobs=jobs))


def scan_records(
    records: Iterable[Record],
    variants: Sequence[ListedVariant] | None = None,
    options: ScanOptions | None = None,
    *,
    jobs: int = 1,
) -> Iterator[VariantEffect]:
    """Effects by record and then by variant; what cannot be judged has its reason in `error`.

    Args:
        records: an RNA that cannot be read becomes one row.
        variants: by default all single substitutions. One that names an RNA belongs to all records of this
            name; where there is none, it comes last.
        options, jobs: as in `scan`.

    Raises:
        ModelError: no such model, or damaged files.
    """
    options = options or ScanOptions()
    tasks = _tasks(records, variants, options)
    for effects in map_ordered(partial(_Scanner, options), tasks, jobs=jobs, on_kill=_killed):
        yield from effects


class _Asked(NamedTuple):
    """One row of the output to be."""

    text: str
    variant: Variant | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Variants of one RNA that are looked at in one window."""

    name: str
    sequence: str
    window: Window | None
    asked: list[_Asked]
    expected: ExpectedStructure | None = None


def _tasks(
    records: Iterable[Record], variants: Sequence[ListedVariant] | None, options: ScanOptions
) -> Iterator[_Task]:
    folding = Folding() if options.confidence else None
    seen = set()
    for record in records:
        seen.add(record.name)
        try:
            if len(record.sequence) > options.max_length:
                raise SequenceError(
                    f"{len(record.sequence)} nt; up to {options.max_length} are scanned (--max-length)"
                )
            sequence = clean_sequence(record.sequence)
        except SequenceError as error:
            yield _Task(record.name, "", None, [_Asked("", error=str(error))])
            continue
        asked = list(_asked(record.name, sequence, variants))
        if asked:
            expected = folding(sequence) if folding else None
            yield from _by_window(record.name, sequence, asked, expected, options.window)
    for listed in variants or ():
        if listed.rna is not None and listed.rna not in seen:
            asked = [_Asked(listed.text, error="there is no RNA of this name")]
            yield _Task(listed.rna, "", None, asked)


def _asked(name: str, sequence: str, variants: Sequence[ListedVariant] | None) -> Iterator[_Asked]:
    if variants is None:
        texts: Iterable[str | Variant] = single_substitutions(sequence)
    else:
        texts = (listed.text for listed in variants if listed.rna in (None, name))
    for text in texts:
        try:
            variant = parse_variant(text) if isinstance(text, str) else text
        except VariantError as error:
            yield _Asked(str(text), error=str(error))
            continue
        try:
            check_variant(variant, sequence)
            yield _Asked(str(variant), variant)
        except VariantError as error:
            yield _Asked(str(variant), variant, str(error))


def _by_window(
    name: str, sequence: str, asked: list[_Asked], expected: ExpectedStructure | None, width: int
) -> Iterator[_Task]:
    """Neighbours that share a window share its reference."""
    windows = Windows(sequence, width)

    def window_of(one: _Asked) -> Window | None:
        if one.variant is None or one.error is not None:
            return None
        return windows.around(one.variant.first, one.variant.last)

    for window, group in groupby(asked, key=window_of):
        members = list(group)
        for start in range(0, len(members), _MAX_TASK):
            yield _Task(name, sequence, window, members[start : start + _MAX_TASK], expected)


_MAX_TASK: Final = 60
"""Variants per task: enough to share a reference, few enough to keep all processes busy."""


class _Scanner:
    """Judges tasks with a model that is loaded once."""

    def __init__(self, options: ScanOptions) -> None:
        self._engine: Engine | None = None if options.model is None else load(options.model)
        self._context = options.context
        self._fold = lru_cache(maxsize=4)(fold_ensemble)  # the references of neighbouring tasks
        self._log_probs: Callable[[str, int], FloatArray] = lru_cache(maxsize=256)(self._masked)

    def __call__(self, task: _Task) -> list[VariantEffect]:
        return [self._judge(task, asked) for asked in task.asked]

    def _judge(self, task: _Task, asked: _Asked) -> VariantEffect:
        if asked.variant is None or task.window is None:
            return _failed(task.name, asked, asked.error)
        if task.window.end - task.window.start > MAX_FOLDED:
            reason = f"substitutions {asked.variant.last - asked.variant.first} nt apart; up to"
            return _failed(task.name, asked, f"{reason} {MAX_FOLDED} nt are folded at once")
        try:
            return self._effect(task, asked.variant, task.window)
        except FoldingError as error:
            return _failed(task.name, asked, str(error))

    def _effect(self, task: _Task, variant: Variant, window: Window) -> VariantEffect:
        piece = task.sequence[window.start : window.end]
        reference = self._fold(piece)
        change = ensemble_change(reference, fold_ensemble(mutate(piece, variant, window.start)))
        partner, confidence = _expected_at(task.expected, variant.first)
        return VariantEffect(
            name=task.name,
            **_columns(variant),
            llr=self._llr(task.sequence, variant),
            delta_ensemble_energy=change.delta_ensemble_energy,
            delta_mfe=change.delta_mfe,
            pair_distance=change.pair_distance,
            unpaired_distance=change.unpaired_distance,
            helices_lost=_helix_names(change.helices_lost, window.start),
            helices_gained=_helix_names(change.helices_gained, window.start),
            unpaired=_unpaired(reference, variant, window.start),
            partner=partner,
            confidence=confidence,
            window=f"{window.start + 1}-{window.end}",
        )

    def _llr(self, sequence: str, variant: Variant) -> float | None:
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
        return self._engine.masked_log_probs(sequence, position, self._context)


def _expected_at(expected: ExpectedStructure | None, position: int) -> tuple[int | None, float | None]:
    """1-based partner, 0 for none, and its probability."""
    if expected is None:
        return None, None
    partner = int(expected.partners[position])
    return 0 if partner == UNPAIRED else partner + 1, float(expected.confidences[position])


def _unpaired(reference: Ensemble, variant: Variant, offset: int) -> float:
    positions = [substitution.position - offset for substitution in variant.substitutions]
    paired = reference.base_pair_probs[positions].sum(axis=1, dtype=np.float64)
    return float((1.0 - paired).clip(0.0, 1.0).mean())


def _helix_names(helices: Iterable[Pairs], offset: int) -> tuple[str, ...]:
    names = []
    for helix in helices:
        (i, j), (k, m) = (helix[0] + offset + 1).tolist(), (helix[-1] + offset + 1).tolist()
        names.append(f"{i}-{k}:{m}-{j}")
    return tuple(names)


def _columns(variant: Variant) -> dict[str, Any]:
    return {
        "variant": str(variant),
        "position": variant.first + 1,
        "ref": "".join(substitution.ref for substitution in variant.substitutions),
        "alt": "".join(substitution.alt for substitution in variant.substitutions),
    }


def _failed(name: str, asked: _Asked, reason: str | None) -> VariantEffect:
    columns = {"variant": asked.text} if asked.variant is None else _columns(asked.variant)
    return VariantEffect(name=name, **columns, error=reason)


def _killed(task: _Task, reason: str) -> list[VariantEffect]:
    return [_failed(task.name, asked, asked.error or reason) for asked in task.asked]


def _check_least(name: str, value: int, least: int) -> None:
    if value < least:
        raise UsageError(f"{name} {value}; expected at least {least}")
