"""Sequences to structures, by the network, by ViennaRNA or by both."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from typing import Final, overload

import numpy.typing as npt

from mprna.alphabet import clean_sequence
from mprna.errors import MprnaWarning, UsageError
from mprna.folding.restraints import check_reactivities
from mprna.io.records import Record, as_record, check_sequences
from mprna.predict.folder import MAX_RELATED_LENGTH, Folder, failed
from mprna.predict.options import FoldOptions
from mprna.predict.parallel import IN_FLIGHT, MANY_IN_FLIGHT, map_ordered
from mprna.predict.relatives import Stamps, check_unchanged, stamps
from mprna.runtime.store import stamp

DEFAULT_OPTIONS: Final = FoldOptions()


@overload
def fold(  # type: ignore[overload-overlap]
    sequences: str | Record,
    options: FoldOptions = ...,
    *,
    constraint: str | None = ...,
    reactivities: npt.ArrayLike | None = ...,
) -> Record: ...
@overload
def fold(
    sequences: Iterable[str | Record], options: FoldOptions = ..., *, jobs: int = ...
) -> list[Record]: ...
def fold(
    sequences: str | Record | Iterable[str | Record],
    options: FoldOptions = DEFAULT_OPTIONS,
    *,
    jobs: int = 1,
    constraint: str | None = None,
    reactivities: npt.ArrayLike | None = None,
) -> Record | list[Record]:
    """Fold one sequence, or many.

    Args:
        sequences: RNA or DNA letters in any case, or records, which may have a constraint and
            reactivities. Sequences get the names `sequence_1`, `sequence_2`, ...
        options: the engine and its settings, the same for all.
        jobs: processes for many sequences. A script that asks for more than one must be importable: keep
            the call under `if __name__ == "__main__":`.
        constraint: of one sequence: what its structure must look like (`rna.constraints`).
        reactivities: of one sequence: SHAPE data, one number per nucleotide, NaN without data.

    Returns:
        one record for a string or record; for many a list in their order, in which a sequence that cannot
        be folded has its reason in `error`.

    Raises:
        SequenceError: one sequence, which is empty or no RNA.
        StructureError: one sequence, whose constraint cannot be met.
        FoldingError: one sequence, which is too long, cannot be folded or has other reactivities than one
            number per nucleotide.
        ModelError: no such model, or damaged files.
        FormatError: templates or relatives that cannot be read.
        UsageError: a constraint or reactivities beside many sequences, or something that holds no sequences.
    """
    if isinstance(sequences, (str, Record)):
        record = _with_restraints(as_record(sequences, "sequence_1"), constraint, reactivities)
        return _folder(options).fold(record)
    if constraint is not None or reactivities is not None:
        raise UsageError("constraint and reactivities belong to one sequence; give records that have them")
    check_sequences(sequences)
    records = (as_record(sequence, f"sequence_{number}") for number, sequence in enumerate(sequences, 1))
    return list(fold_records(records, options, jobs=jobs))


def fold_records(
    records: Iterable[Record], options: FoldOptions = DEFAULT_OPTIONS, *, jobs: int = 1
) -> Iterator[Record]:
    """One result per record, in the order of `records`, which are read as results are taken.

    A record that cannot be folded comes back with the reason in `error`. Results do not depend on `jobs`.
    Warns of RNAs that are too long for relatives and templates.

    Raises:
        ModelError: no such model, or damaged files.
        FormatError: templates or relatives that cannot be read.
    """
    before = stamps(options.templates + options.relatives)
    if before:
        records = _telling_of_long_ones(records)
    make_folder = partial(_new_folder, options, before) if jobs > 1 else partial(_folder, options)
    ahead = IN_FLIGHT if options.pair_probs else MANY_IN_FLIGHT
    on_kill = partial(failed, engine=options.engine)
    return map_ordered(make_folder, records, jobs=jobs, on_kill=on_kill, ahead=ahead)


def _telling_of_long_ones(records: Iterable[Record]) -> Iterator[Record]:
    count, first = 0, ""
    for record in records:
        if len(str(record.sequence)) > MAX_RELATED_LENGTH:  # of a table with gaps it may be None
            count, first = count + 1, first or record.name
        yield record
    if count:
        what = f"records above {MAX_RELATED_LENGTH} nt, which are folded without relatives"
        warnings.warn(f"{what}: {count}; the first: {first}", MprnaWarning, stacklevel=1)


def _with_restraints(record: Record, constraint: str | None, reactivities: npt.ArrayLike | None) -> Record:
    if constraint is not None:
        record = dataclasses.replace(record, constraint=constraint)
    if reactivities is not None:
        values = check_reactivities(reactivities, clean_sequence(record.sequence))
        record = dataclasses.replace(record, reactivities=values)
    return record


def _new_folder(options: FoldOptions, before: Stamps) -> Folder:
    folder = Folder(options)
    check_unchanged(options.templates + options.relatives, before)
    return folder


def _folder(options: FoldOptions) -> Folder:
    model_stamp = None if options.engine == "vienna" else stamp(options.model)
    return _cached_folder(options, model_stamp, stamps(options.templates + options.relatives))


@lru_cache(maxsize=2)
def _cached_folder(options: FoldOptions, model_stamp: object, file_stamps: object) -> Folder:
    """So that calls in a loop load the model once."""
    return Folder(options)
