"""Sequences that stand in two splits, or in a corpus: exactly, or nearly by shared words.

A test sequence is nearly in another split where half of its distinct 14-mers or more occur in one single
sequence of it. Against a corpus, which may be large, its words are counted against the corpus as a whole.

Shape letters: W words.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from operator import index
from pathlib import Path
from typing import Final

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.bench.data import Split, find_split, load_split
from mprna.bench.task import SPLITS, Task
from mprna.errors import DataError, SequenceError
from mprna.io.formats import read_records
from mprna.io.output import open_output
from mprna.rna.kmers import WORD, Codes, kmers_of

NEAR: Final = 0.5
"""Containment from which a sequence counts as nearly the same."""
_BATCH: Final = 2_000
_SCHEMA: Final = 1


@dataclass(frozen=True, slots=True)
class Leak:
    """One kind of overlap of one split with another, or of the test split with a corpus."""

    task: str
    split: str
    """Whose sequences are looked for."""
    within: str
    """The split or corpus they are looked for in; the split itself for repeats inside it."""
    num_sequences: int
    exact: tuple[int, ...]
    """Rows that stand there exactly. Within the split itself: repeats of an earlier row."""
    near: tuple[int, ...]
    """Rows that share at least half of their words with one sequence there, without the exact ones."""
    sha256: str = ""
    """SHA-256 of the file of `split`; the first audits do not have it."""


@dataclass(slots=True)
class Leaked:
    """What an audit says of a task's test split."""

    num_sequences: int
    sha256: str
    rows: set[int] = field(default_factory=set)
    """Those that stand, exactly or nearly, in train, valid or a corpus."""


def audit_task(task: Task, data_dir: Path) -> list[Leak]:
    """Overlaps between the splits of a task that are there.

    Raises:
        DataError: not one split is there.
    """
    task = replace(task, train_from_valid=0, valid_from_train=0)  # files as they are
    there = [split for split in SPLITS if find_split(task, split, data_dir)]
    if not there:
        load_split(task, "test", data_dir)
    splits = {split: load_split(task, split, data_dir) for split in there}
    sequences = {split: _sequences(loaded) for split, loaded in splits.items()}
    leaks = [_repeats(task, split, rows) for split, rows in sequences.items()]
    for split, within in (("test", "train"), ("test", "valid"), ("valid", "train")):
        if split in sequences and within in sequences:
            exact, near = find_shared(sequences[split], sequences[within])
            leaks.append(Leak(task.full_name, split, within, len(sequences[split]), exact, near))
    return [replace(leak, sha256=splits[leak.split].sha256) for leak in leaks]


def audit_corpus(tasks: Sequence[Task], data_dir: Path, corpus: Sequence[Path]) -> list[Leak]:
    """Test sequences of the tasks that stand in a corpus, given as files that `mprna.io` reads.

    Exact: the whole sequence is a part of a record. Near: half of its distinct words or more occur in the
    corpus.

    Raises:
        DataError: no test split, or a corpus file that cannot be read.
    """
    splits = {task: load_split(task, "test", data_dir) for task in tasks}
    tests = {task: _sequences(split) for task, split in splits.items()}
    everything = sorted({sequence for rows in tests.values() for sequence in rows})
    words = np.unique(_words(everything))
    seen = np.zeros(len(words), dtype=bool)
    holder: set[str] = set()
    wanted = _Parts(everything)
    for batch in _batches(_clean_records(corpus)):
        found = np.unique(_words(batch))
        seen[np.isin(words, found, assume_unique=True)] = True
        for record in batch:
            holder |= wanted.parts_of(record)
    name = ",".join(path.name for path in corpus)
    leaks = []
    for task, rows in tests.items():
        exact = tuple(i for i, sequence in enumerate(rows) if sequence in holder)
        shares = _shares(rows, words[seen])
        near = tuple(i for i in np.flatnonzero(shares >= NEAR).tolist() if rows[i] not in holder)
        leaks.append(Leak(task.full_name, "test", name, len(rows), exact, near, splits[task].sha256))
    return leaks


def find_shared(sequences: Sequence[str], others: Sequence[str]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows of `sequences` that are one of `others`, and further rows nearly contained in one of them."""
    known = set(others)
    exact = tuple(i for i, sequence in enumerate(sequences) if sequence in known)
    holders: dict[int, list[int]] = defaultdict(list)
    wanted = set(_words(sequences).tolist())
    for number, other in enumerate(others):
        for word in set(_words([other]).tolist()) & wanted:
            holders[word].append(number)
    near = tuple(
        i
        for i, sequence in enumerate(sequences)
        if sequence not in known and _containment(sequence, holders) >= NEAR
    )
    return exact, near


def write_audit(leaks: Sequence[Leak], path: Path) -> None:
    """Leaks as JSON, for `mprna bench report --without-leaked`."""
    with open_output(path) as stream:
        found = [asdict(leak) for leak in leaks]
        json.dump({"schema": _SCHEMA, "k": WORD, "near": NEAR, "leaks": found}, stream)
        stream.write("\n")


def leaked_rows(path: Path) -> dict[str, Leaked]:
    """Test rows of each task that was audited.

    Raises:
        DataError: no file of `write_audit`.
    """
    found: dict[str, Leaked] = {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["schema"] != _SCHEMA:
            raise ValueError(f"schema {content['schema']!r}")
        for leak in (Leak(**leak) for leak in content["leaks"]):
            if leak.split == "test":
                leaked = found.setdefault(leak.task, Leaked(index(leak.num_sequences), leak.sha256))
                leaked.rows.update(map(index, (*leak.exact, *leak.near)) if leak.within != "test" else ())
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: no audit; `mprna bench audit SUITE -o FILE` writes one") from error
    return found


class _Parts:
    """Finds which of many sequences are a part of a record, by their first word if they have one."""

    def __init__(self, sequences: Iterable[str]) -> None:
        self._by_start: dict[str, list[str]] = defaultdict(list)
        self._short: list[str] = []
        for sequence in sequences:
            if len(sequence) < WORD:
                self._short.append(sequence)
            else:
                self._by_start[sequence[:WORD]].append(sequence)

    def parts_of(self, record: str) -> set[str]:
        starts = (record[i : i + WORD] for i in range(len(record) - WORD + 1))
        candidates = {start for start in starts if start in self._by_start}
        possible = [*self._short, *(part for start in candidates for part in self._by_start[start])]
        return {part for part in possible if part in record}


def _sequences(split: Split) -> list[str]:
    return [example.sequence for example in split.examples]


def _repeats(task: Task, split: str, rows: Sequence[str]) -> Leak:
    first: dict[str, int] = {}
    repeats = tuple(i for i, sequence in enumerate(rows) if first.setdefault(sequence, i) != i)
    return Leak(task.full_name, split, split, len(rows), repeats, ())


def _words(sequences: Sequence[str]) -> Codes:
    kmers = kmers_of(sequences, WORD)
    return kmers.codes[kmers.valid]


def _containment(sequence: str, holders: dict[int, list[int]]) -> float:
    """Largest share of the sequence's distinct words that one other sequence has."""
    words = set(_words([sequence]).tolist())
    counts = Counter(number for word in words for number in holders.get(word, ()))
    return max(counts.values(), default=0) / len(words) if words else 0.0


def _shares(rows: Sequence[str], found: Codes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Share of the distinct words of each row that are among those found."""
    words_of = [np.unique(_words([row])) for row in rows]
    return np.array([float(np.isin(words, found).mean()) if len(words) else 0.0 for words in words_of])


def _clean_records(paths: Sequence[Path]) -> Iterator[str]:
    """Records that are no RNA are passed over: they cannot hold a test sequence."""
    for path in paths:
        for record in read_records(path):
            try:
                yield clean_sequence(record.sequence)
            except SequenceError:
                continue


def _batches(sequences: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sequences)
    while batch := list(islice(rest, _BATCH)):
        yield batch
