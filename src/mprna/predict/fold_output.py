"""Folded records to files, so that an interrupted run can be resumed.

Results grow in `FILE.part`, line by line, and get their name when all are there. Whatever stops the
program, `resume` copies the records that are complete and goes on with the next one. Some of those that it
keeps are computed again, since a file does not say with which options it was made.
"""

from __future__ import annotations

import dataclasses
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from io import StringIO
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import numpy as np

from mprna.errors import FormatError, UsageError
from mprna.files import shortened
from mprna.io.dot_bracket import looks_like_another_line
from mprna.io.formats import FORMATS, Reader, Writer
from mprna.io.output import compression_of, failing_to_write, file_behind, open_output
from mprna.io.records import Record
from mprna.leftovers import remove_abandoned, writer

_MAX_TRIES: Final = 100
"""To be the only one that writes a file, of which each fails where another process is done just then."""

RESUMABLE: Final = ("vienna", "dbn", "tsv", "jsonl")
"""Formats whose records can be told complete from cut off."""

_NUM_CHECKED: Final = 3
"""Kept structures that are computed again."""

_TELLING_LENGTH: Final = 200
"""Those nearest to it in length are: long enough to come out otherwise with other options, and quick."""

Compute = Callable[[Iterable[Record]], Iterator[Record]]
"""Gives one result per record, in order, with its name and sequence."""


class _Kept(NamedTuple):
    record: Record
    result: Record


def write_results(
    compute: Compute,
    records: Iterable[Record],
    output: str | None,
    *,
    format_name: str,
    resume: bool = False,
    on_result: Callable[[Record], object] = lambda _: None,
) -> None:
    """Write `compute(records)`.

    Args:
        output: the file; None or `-` is standard output. Compressed and binary files are written whole or
            not at all; others through `output.part`, which is kept where something stops the work.
        resume: keep what `output.part`, or else `output`, holds; a last record that is cut off is computed
            again.
        on_result: called with every result that is written, kept or computed.

    Raises:
        FormatError: `output` cannot be written.
        UsageError: a format that cannot be written; another process that writes the file; or `resume` with
            a file that does not allow it, or that holds results of other records or of another `compute`.
    """
    format = FORMATS[format_name]
    if format.write is None:
        raise UsageError(f"format {format_name!r} cannot be written")
    path = file_behind(output)
    if path is None or format_name not in RESUMABLE or compression_of(path):
        if resume:
            raise UsageError(f"--resume works with uncompressed files of {', '.join(RESUMABLE)}")
        with open_output(output, binary=format.binary) as stream:
            format.write(_told(compute(records), on_result), stream)
        return
    previous = _complete_records(path, format.read) if resume else iter(())
    with failing_to_write(output):
        _write_in_parts(compute, iter(records), path, format.write, previous, on_result)


def _write_in_parts(
    compute: Compute,
    records: Iterator[Record],
    path: Path,
    write: Writer,
    previous: Iterator[Record],
    on_result: Callable[[Record], object],
) -> None:
    part = path.with_name(path.name + ".part")
    fresh = path.with_name(f".{shortened(path.name)}{writer()}")

    def results() -> Iterator[Record]:
        checked: list[_Kept] = []
        for kept in _matched(previous, records, path):
            checked = _most_telling([*checked, kept])
            yield kept.result
        computed = compute(chain([record for record, _ in checked], records))
        _check_again(checked, computed, path, write)
        first = next(computed, None)  # whatever is wrong from the beginning leaves an older `part` alone
        if not any(_takes_place(fresh, part) for _ in range(_MAX_TRIES)):
            raise _another(part)
        # From here on, `part` holds all that the previous one did.
        if first is not None:
            yield first
            yield from computed

    _refuse_another(part)
    remove_abandoned(path.parent)
    try:
        with fresh.open("w", encoding="utf-8", newline="\n", buffering=1) as stream:
            _lock(stream.fileno(), part)  # which stays under every name that the file gets
            write(_told(results(), on_result), stream)
            stream.flush()
            if not _is_at(part, stream):  # on a disk without locks
                raise _another(part)
            part.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _check_again(checked: list[_Kept], computed: Iterator[Record], path: Path, write: Writer) -> None:
    """Raise where results that were kept are not those that come out now.

    Raises:
        UsageError: one differs.
    """
    for (_, result), again in zip(checked, computed, strict=False):
        if _printed(again, write) != _printed(result, write):
            raise UsageError(
                f"{path}: {result.name!r} comes out otherwise now; give the options that the file was "
                "made with (--engine, --model, energies), remove it or leave out --resume"
            )


def _refuse_another(part: Path) -> None:
    """Raise at once where another process writes `part`.

    Raises:
        UsageError: one does.
    """
    with suppress(FileNotFoundError), part.open("rb") as stream:
        _lock(stream.fileno(), part, shared=True)


def _takes_place(fresh: Path, part: Path) -> bool:
    """Rename `fresh` to `part`, of which one process at a time has the lock; False where it must ask again.

    Raises:
        UsageError: another process writes `part`.
    """
    with suppress(FileExistsError):
        part.touch(exist_ok=False)
    try:
        old = part.open("rb")
    except FileNotFoundError:  # whoever wrote it is done just now
        return False
    with old:
        _lock(old.fileno(), part)
        if not _is_at(part, old):
            return False
        fresh.replace(part)
    return True


def _is_at(path: Path, stream: IO[Any]) -> bool:
    return path.exists() and os.path.samestat(os.fstat(stream.fileno()), path.stat())


def _lock(descriptor: int, part: Path, *, shared: bool = False) -> None:
    """Take flock's lock, which ends with its process; nothing where the disk has no locks.

    Raises:
        UsageError: another process has it.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise _another(part) from None
    except OSError:
        return


def _another(part: Path) -> UsageError:
    return UsageError(f"another mprna writes {part}; wait, or choose another -o")


def _complete_records(path: Path, read: Reader | None) -> Iterator[Record]:
    """The records that an earlier run left, without one that is cut off."""
    found = next((old for old in (path.with_name(path.name + ".part"), path) if old.exists()), None)
    if found is None or read is None:
        return
    is_whole = _ends_with_newline(found)
    last: Record | None = None
    try:
        for record in read(os.fspath(found)):
            if last is not None:
                yield last
            last = record
    except FormatError:  # in the middle of a record, so the one before is whole
        is_whole = True
    if last is not None and is_whole and (last.dot_bracket or last.error):
        yield last


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(max(path.stat().st_size - 1, 0))
        return stream.read() == b"\n"


def _told(results: Iterable[Record], on_result: Callable[[Record], object]) -> Iterator[Record]:
    for result in results:
        on_result(result)
        yield result


def _most_telling(kept: list[_Kept]) -> list[_Kept]:
    """At most `_NUM_CHECKED` structures; results without one tell nothing."""
    structures = [item for item in kept if item.result.dot_bracket is not None]
    structures.sort(key=lambda item: abs(len(item.record.sequence) - _TELLING_LENGTH))
    return structures[:_NUM_CHECKED]


def _printed(result: Record, write: Writer) -> str:
    """A result as it is written, without its header and its pair probabilities.

    Formats differ in the white space of a header that they keep, processors in last digits of probabilities.
    """
    probs = result.base_pair_probs
    blank = None if probs is None else np.zeros_like(probs)
    stream = StringIO()
    write([dataclasses.replace(result, name="", description="", base_pair_probs=blank)], stream)
    return stream.getvalue()


def _matched(results: Iterator[Record], records: Iterator[Record], path: Path) -> Iterator[_Kept]:
    """Pass results on while they are those of `records`, which advance with them."""
    for number, result in enumerate(results, 1):
        record = next(records, None)
        if record is None or not _is_result_of(record, result):
            raise UsageError(
                f"{path}: result {number}, {result.name!r}, is of another input; "
                "remove the file or leave out --resume"
            )
        name = result.name if record.name else ""
        yield _Kept(record, dataclasses.replace(result, name=name, sequence=record.sequence))


def _is_result_of(record: Record, result: Record) -> bool:
    """Whether a result that was read back is of this record; formats differ in what white space they keep."""
    same_header = not record.name or result.header.split() == record.header.split()
    has_outcome = (result.dot_bracket is None) != (result.error is None)
    same_sequence = "".join(result.sequence.split()) == "".join(record.sequence.split())
    left_out = result.error is not None and not result.sequence and looks_like_another_line(record)
    return same_header and has_outcome and (same_sequence or left_out)
