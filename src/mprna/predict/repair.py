"""Finds nucleotides that were probably substituted, proposes the original base, and fills in N.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.alphabet import LETTERS_OF, NUCLEOTIDES, check_known, clean_sequence
from mprna.errors import SequenceError, UsageError
from mprna.io.records import Record, as_record
from mprna.predict.folder import Folder
from mprna.predict.limits import DEFAULT_MAX_LENGTH, check_files, check_max_length, too_long
from mprna.predict.options import FoldOptions
from mprna.predict.parallel import map_ordered
from mprna.predict.relatives import Stamps, check_unchanged, evidence_of, relatives_index, stamps
from mprna.predict.repair_calibration import base_posterior, load_calibration
from mprna.predict.repair_features import Floats, repair_features
from mprna.rna.bases import UNKNOWN_BASE, base_ids
from mprna.rna.helices import helices_of, helix_name
from mprna.runtime.engine import IntArray
from mprna.runtime.load import load
from mprna.runtime.store import DEFAULT_MODEL, find_model, stamp

MIN_FOLD_LENGTH: Final = 5
"""The shortest hairpin: one pair around three nucleotides."""

MAX_RATE: Final = 0.75
"""At this rate all four bases are equally likely, whatever base is seen."""

_PHRED_OFFSET: Final = 33
_QUALITIES: Final = re.compile("[!-~]*")
"""Phred 0 to 93."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairOptions:
    """How to repair.

    Raises:
        UsageError: a number out of range, or both a rate and qualities.
    """

    model: str | Path = DEFAULT_MODEL
    """Installed name or directory; it needs a calibration (`runs/repair.py`)."""

    backend: str = "auto"
    """What runs the model: `onnx`, `torch` or `auto` (see `mprna.load`)."""

    rate: float | None = None
    """Share of nucleotides that you expect to be substituted; None is `DEFAULT_RATE`."""

    use_qualities: bool = False
    """Take the rate of each nucleotide from its FASTQ quality."""

    relatives: tuple[str | Path, ...] = ()
    """Files of RNAs, in any format, whose letters count where pieces of them resemble a piece of the RNA (see
    `homology.bases`): transcripts of the same or a related species, or other genes of a family."""

    threshold: float = 0.5
    """A nucleotide is repaired if another base has at least this probability."""

    fill: bool = True
    """Replace N and other ambiguity codes by the most probable base, however improbable it is."""

    fold_length: int = 1_000
    """Repaired RNAs up to this length are folded before and after; 0 folds none."""

    max_length: int = DEFAULT_MAX_LENGTH
    """Longer sequences are not repaired; their rows give the reason."""

    def __post_init__(self) -> None:
        if self.rate is not None and self.use_qualities:
            raise UsageError("rate and qualities: both say how often bases are wrong; choose one")
        if self.rate is not None and not 0 < self.rate < MAX_RATE:
            raise UsageError(f"rate {self.rate}; expected more than 0 and less than {MAX_RATE}")
        if not 0 < self.threshold <= 1:
            raise UsageError(f"threshold {self.threshold}; expected more than 0 and at most 1")
        if self.fold_length < 0:
            raise UsageError(f"fold_length {self.fold_length}; expected 0 or more")
        check_files("relatives", self.relatives)
        check_max_length(self.max_length)


DEFAULT_RATE: Final = 0.01
DEFAULT_OPTIONS: Final = RepairOptions()


@dataclass(frozen=True, slots=True)
class Repair:
    """A proposal to replace one letter."""

    position: int
    """Position in the sequence, from 1."""
    seen: str
    """The letter that is there."""
    base: str
    """The letter proposed, with the case of `seen`, and T where the sequence has T."""
    probability: float
    """Probability that this base is the original one."""
    helix: str | None = None
    """The helix that the repair restores: in the repaired RNA this nucleotide has a pair in it that the given
    RNA lacks. Written as `5-9:20-24`, positions from 1; None if there is none, or nothing was folded."""

    def __str__(self) -> str:
        return f"{self.position}{self.seen}>{self.base}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepairResult:
    """What is known of one record, or the reason why nothing is."""

    name: str
    description: str = ""
    sequence: str
    """The sequence as it was given."""
    base_probs: Floats | None = None
    """Probability that A, C, G or U is the original base; rows sum to 1. *Shape:* (L, 4)"""
    substitution_probs: Floats | None = None
    """Probability that the nucleotide was substituted; NaN at ambiguity codes. *Shape:* (L,)"""
    num_relatives: IntArray | None = None
    """How many relatives have a letter there, if there are files of them. *Shape:* (L,)"""
    repairs: tuple[Repair, ...] = ()
    """What is to be changed, by position."""
    repaired: str | None = None
    """The sequence with all repairs."""
    dot_bracket: str | None = None
    """Structure of the sequence as given, if it was folded."""
    repaired_dot_bracket: str | None = None
    """Structure of the repaired sequence, if it was folded."""
    given_qualities: str | None = None
    """Qualities as they were read, of a record that came back as it is."""
    error: str | None = None

    @property
    def qualities(self) -> str:
        """Phred + 33 of the repaired letters, 0 to 93; without a result those that were read, or all 0."""
        if self.base_probs is None or self.repaired is None:
            return self.given_qualities or chr(_PHRED_OFFSET) * len(self.sequence)
        probs = np.append(self.base_probs, np.full((len(self.base_probs), 1), 0.25), axis=1)
        bases = base_ids(clean_sequence(self.repaired))
        error = 1.0 - np.take_along_axis(probs, bases[:, None], axis=1)[:, 0]
        phred = np.rint(-10.0 * np.log10(np.maximum(error, 1e-10))).clip(0, 93).astype(int)
        return "".join(chr(_PHRED_OFFSET + value) for value in phred)


def repair(sequence: str | Record, options: RepairOptions = DEFAULT_OPTIONS) -> RepairResult:
    """Repair one RNA.

    Args:
        sequence: RNA or DNA letters in any case, or a record, which may have qualities.

    Raises:
        SequenceError: empty, no RNA, without any known base, too long, or without the qualities asked for.
        ModelError: no such model, damaged files, or no calibration.
        DataError: files of relatives that cannot be read, or that have no RNA.
        MissingExtraError: relatives without Biopython.
        UsageError: see `RepairOptions`.
    """
    record = as_record(sequence)
    return _cached_repairer(options, (stamp(options.model), stamps(options.relatives))).repair(record)


def repair_records(
    records: Iterable[Record], options: RepairOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Iterator[RepairResult]:
    """One result per record, in order; a record that cannot be read has its reason in `error`.

    Args:
        jobs: processes; results do not depend on it.

    Raises:
        ModelError: no such model, damaged files, or no calibration.
        DataError: files of relatives that cannot be read, or that have no RNA.
        MissingExtraError: relatives without Biopython.
    """
    make_repairer = partial(_new_repairer, options, stamps(options.relatives))
    return map_ordered(make_repairer, records, jobs=jobs, on_kill=_failed)


class _Repairer:
    def __init__(self, options: RepairOptions) -> None:
        directory = find_model(options.model)
        self._engine = load(directory, backend=options.backend)
        self._calibration = load_calibration(directory)
        self._relatives = relatives_index(options.relatives)
        self._options = options
        self._folder: Folder | None = None

    def __call__(self, record: Record) -> RepairResult:
        try:
            return self.repair(record)
        except SequenceError as error:
            return _failed(record, str(error))

    def repair(self, record: Record) -> RepairResult:
        """See the function `repair`."""
        sequence = record.sequence
        clean = clean_sequence(sequence)
        if len(clean) > self._options.max_length:
            raise SequenceError(too_long(len(clean), self._options.max_length))
        check_known(clean)
        bases = base_ids(clean)
        evidence = None if self._relatives is None else evidence_of(clean, self._relatives)
        base_probs = base_posterior(
            repair_features(clean, self._engine, self._calibration.window),
            self._calibration,
            bases=bases,
            rates=self._rates(record),
            possible=_possible_bases(sequence),
            log_likelihood=evidence.log_likelihood if evidence else 0.0,
        )
        repairs = _proposals(sequence, bases, base_probs, self._options)
        repaired = _apply(sequence, repairs)
        before, after = self._fold(clean, clean_sequence(repaired)) if repairs else (None, None)
        if before is not None and after is not None:
            repairs = _with_helices(repairs, before, after)
        return RepairResult(
            name=record.name,
            description=record.description,
            sequence=sequence,
            base_probs=base_probs,
            substitution_probs=_substitution_probs(bases, base_probs),
            num_relatives=evidence.num_relatives if evidence else None,
            repairs=repairs,
            repaired=repaired,
            dot_bracket=before,
            repaired_dot_bracket=after,
        )

    def _rates(self, record: Record) -> Floats:
        """Prior probability of a substitution at each nucleotide. *Shape:* (L,)"""
        if not self._options.use_qualities:
            return np.full(len(record.sequence), self._options.rate or DEFAULT_RATE)
        if record.qualities is None:
            raise SequenceError("no qualities (--qualities needs FASTQ)")
        if len(record.qualities) != len(record.sequence):
            raise SequenceError(f"{len(record.qualities)} qualities for {len(record.sequence)} nucleotides")
        if not _QUALITIES.fullmatch(record.qualities):
            raise SequenceError("qualities with characters outside of ! to ~")
        phred = np.array([ord(symbol) - _PHRED_OFFSET for symbol in record.qualities])
        return np.minimum(10.0 ** (-phred / 10.0), MAX_RATE)

    def _fold(self, clean: str, repaired: str) -> tuple[str | None, str | None]:
        """Structures before and after; None where the RNA is too long or too short, or cannot be folded."""
        if not MIN_FOLD_LENGTH <= len(clean) <= self._options.fold_length:
            return None, None
        if self._folder is None:
            self._folder = Folder(FoldOptions(backend=self._options.backend))
        before, after = (
            self._folder(Record(name="", sequence=text)).dot_bracket for text in (clean, repaired)
        )
        return before, after


def _proposals(
    sequence: str, bases: IntArray, base_probs: Floats, options: RepairOptions
) -> tuple[Repair, ...]:
    others = np.where(np.arange(len(NUCLEOTIDES)) == bases[:, None], 0.0, base_probs)
    best, highest = others.argmax(axis=1), others.max(axis=1)
    chosen = np.where(bases == UNKNOWN_BASE, options.fill, highest >= options.threshold)
    letters = "ACGT" if "T" in sequence.upper() and "U" not in sequence.upper() else NUCLEOTIDES
    return tuple(
        Repair(i + 1, sequence[i], _in_case_of(sequence[i], letters[best[i]]), float(highest[i]))
        for i in np.flatnonzero(chosen).tolist()
    )


def _in_case_of(letter: str, base: str) -> str:
    return base.lower() if letter.islower() else base


def _apply(sequence: str, repairs: Iterable[Repair]) -> str:
    letters = list(sequence)
    for change in repairs:
        letters[change.position - 1] = change.base
    return "".join(letters)


def _substitution_probs(bases: IntArray, base_probs: Floats) -> Floats:
    """Probability that each base is not the one seen; NaN where none is. *Shape:* (L,)"""
    is_seen = np.arange(len(NUCLEOTIDES)) == bases[:, None]
    others = np.where(is_seen, 0.0, base_probs).sum(axis=1)
    return np.where(is_seen.any(axis=1), others, np.nan)


def _with_helices(repairs: tuple[Repair, ...], before: str, after: str) -> tuple[Repair, ...]:
    """The repairs, each with the helix of `after` that it is paired in, unless `before` has the same pair."""
    old = {pair for helix in helices_of(before) for pair in map(tuple, helix.tolist())}
    restored: dict[int, str] = {}
    for helix in helices_of(after):
        name = helix_name(helix)
        restored |= {end: name for pair in helix.tolist() if tuple(pair) not in old for end in pair}
    return tuple(replace(change, helix=restored.get(change.position - 1)) for change in repairs)


def _possible_bases(sequence: str) -> npt.NDArray[np.bool_]:
    """The bases that each letter stands for. *Shape:* (L, 4)"""
    table = {code: [base in letters for base in NUCLEOTIDES] for code, letters in LETTERS_OF.items()}
    return np.array([table[letter] for letter in sequence.upper()])


def _new_repairer(options: RepairOptions, before: Stamps) -> _Repairer:
    repairer = _Repairer(options)
    check_unchanged(options.relatives, before)
    return repairer


@lru_cache(maxsize=2)
def _cached_repairer(options: RepairOptions, versions: object) -> _Repairer:
    """A repairer is kept, so that calls of `repair` in a loop load the model once."""
    return _Repairer(options)


def _failed(record: Record, reason: str) -> RepairResult:
    given = record.qualities or ""
    can_stay = len(given) == len(str(record.sequence or "")) and _QUALITIES.fullmatch(given)
    return RepairResult(
        name=record.name,
        description=record.description,
        sequence=record.sequence,
        given_qualities=given if can_stay else None,
        error=reason,
    )
