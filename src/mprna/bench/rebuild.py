"""Training data that were never published, built anew by a stated recipe and marked as such.

DATA/RNA-SNMD/  train.jsonl  rebuilt.json
DATA/RNA-mRNA/  train.jsonl  valid.jsonl  rebuilt.json

The same source and seed give the same bytes; `rebuilt.json` holds recipe, seed and the SHA-256 of all files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mprna import __version__
from mprna.bench.data import REBUILT, find_split, load_split, read_rebuilt
from mprna.bench.task import Task, choose_tasks
from mprna.errors import DataError, FormatError, UsageError
from mprna.io.formats import read_records
from mprna.io.jsonl import json_object
from mprna.io.output import open_output
from mprna.io.source import numbered_lines, open_input

SCHEMA: Final = {"schema": "mprna.rebuilt", "version": 1}
WINDOW: Final = 200
"""nt of a row of SNMD and SNMR."""
MOST: Final = 10
"""Positions that are drawn in a row, at most."""
SHARED: Final = 31
"""A window that has a word of so many letters in common with a published row is not taken."""
VALID_FOLD: Final = "0"
"""The similarity cluster of OpenVaccine that becomes validation."""

Rows = list[dict[str, Any]]


def rebuild_mutations(source: Path, data_dir: Path, *, num_rows: int = 8_000, seed: int = 45) -> Path:
    """Train of SNMD and SNMR from transcripts: 200-nt windows, k of U{0..10} positions with replacement.

    Each position is set to a random base of four, so that one in four stays. The recipe fits the published
    rows; the authors' own is unknown. Windows are drawn evenly over all of the transcripts.

    Args:
        source: transcripts in any format that `mprna.io` reads.
        data_dir: has the published splits, whose words of 31 letters are avoided, and gets train.

    Returns:
        the folder written to.

    Raises:
        DataError: no published split, or no transcript of 200 nt without N.
        UsageError: a train file that this did not make.
    """
    (task,) = choose_tasks("rgb", ("snmd",))
    folder, published = _folder(task, data_dir)
    held_out = {word for sequence in published for word in _long_words(sequence)}
    transcripts = [record.sequence.upper().replace("T", "U") for record in read_records(source)]
    whole = [sequence for sequence in transcripts if len(sequence) >= WINDOW]
    if not whole:
        raise DataError(f"{source}: no transcript of {WINDOW} nt")
    rng = np.random.default_rng(seed)
    starts = np.array([len(sequence) - WINDOW + 1 for sequence in whole], dtype=np.float64)
    rows: Rows = []
    num_refused = 0
    while len(rows) < num_rows:
        if num_refused > 100 * num_rows:
            raise DataError(
                f"{source}: hardly a window of A, C, G, U that shares no {SHARED}-mer with {folder}"
            )
        sequence = whole[int(rng.choice(len(whole), p=starts / starts.sum()))]
        start = int(rng.integers(len(sequence) - WINDOW + 1))
        window = sequence[start : start + WINDOW]
        if set(window) <= set("ACGU") and held_out.isdisjoint(_long_words(window)):
            rows.append({"seq": window, "mut": substitute(window, rng)})
        else:
            num_refused += 1
    recipe = (
        f"{num_rows} windows of {WINDOW} nt, k of U{{0..{MOST}}} positions drawn with replacement, each set "
        "to a random base of four"
    )
    facts = {"seed": seed, "source_transcripts": len(transcripts), "windows_refused": num_refused}
    return _write(folder, source, recipe, {"train": rows}, facts)


def substitute(sequence: str, rng: np.random.Generator) -> str:
    """The sequence with k of U{0..10} positions, drawn with replacement, set to random bases."""
    letters = list(sequence)
    for place in rng.integers(len(letters), size=int(rng.integers(MOST + 1))):
        letters[place] = "ACGU"[int(rng.integers(4))]
    return "".join(letters)


def rebuild_degradation(source: Path, data_dir: Path) -> Path:
    """Train and validation of mRNA from OpenVaccine's training set, without the RNAs of the test split.

    Validation is one of the similarity clusters (`kfold`); rows that are in none are left out. All rows
    count, whatever their signal to noise, as in the test split.

    Raises:
        DataError: no published test split, or no row left.
        FormatError: a row without one of the columns.
        UsageError: a train or validation file that this did not make.
    """
    (task,) = choose_tasks("rgb", ("mrna",))
    folder, published = _folder(task, data_dir)
    splits: dict[str, Rows] = {"train": [], "valid": []}
    num_published, num_unclustered = 0, 0
    with open_input(source) as file:
        lines = ((number, line) for number, line in list(numbered_lines(file)) if line.strip())
        for number, line in lines:
            row = json_object(line, file.name, number)
            missing = {"sequence", *task.classes} - set(row)
            if missing:
                raise FormatError(f"no column {', '.join(sorted(missing))}", path=file.name, line=number)
            fold = row.get("kfold")
            if str(row["sequence"]).upper().replace("T", "U") in published:
                num_published += 1
            elif fold is None:
                num_unclustered += 1
            else:
                split = "valid" if str(fold) == VALID_FOLD else "train"
                splits[split].append({name: row[name] for name in ("sequence", *task.classes)})
    if not all(splits.values()):
        raise DataError(
            f"{source}: {len(splits['train'])} rows for train and {len(splits['valid'])} for valid"
        )
    recipe = f"OpenVaccine without the test RNAs, similarity cluster {VALID_FOLD} as validation"
    facts = {"rows_in_test": num_published, "rows_without_cluster": num_unclustered}
    return _write(folder, source, recipe, splits, facts)


def _folder(task: Task, data_dir: Path) -> tuple[Path, set[str]]:
    """Where the published splits of a task lie, and all of their sequences.

    Raises:
        DataError: no test split.
        UsageError: a train split that is not a rebuilt one.
    """
    load_split(task, "test", data_dir)
    paths = {split: find_split(task, split, data_dir) for split in ("train", "valid", "test")}
    folder = Path(str(paths["test"])).parent
    if paths["train"] is not None and not (folder / REBUILT).exists():
        raise UsageError(
            f"{paths['train']} is there already, and was not rebuilt by this; nothing is written"
        )
    made = set(read_rebuilt(folder)["files"])
    sequences: set[str] = set()
    for split, path in paths.items():
        for column in {task.sequence, task.label} if task.type.startswith("mutation") else {task.sequence}:
            if path is not None and path.name not in made:
                examples = load_split(replace(task, sequence=column), split, data_dir).examples
                sequences |= {example.sequence for example in examples}
    return folder, sequences


def _long_words(sequence: str) -> Iterable[str]:
    return (sequence[i : i + SHARED] for i in range(len(sequence) - SHARED + 1))


def _write(folder: Path, source: Path, recipe: str, splits: dict[str, Rows], facts: dict[str, Any]) -> Path:
    digests = {f"{name}.jsonl": _write_rows(folder / f"{name}.jsonl", rows) for name, rows in splits.items()}
    manifest = SCHEMA | {
        "recipe": recipe,
        "source": source.name,
        "source_sha256": _content_digest(source),
        **facts,
        "rows": {name: len(rows) for name, rows in splits.items()},
        "files": digests,
        "mprna": __version__,
    }
    with open_output(folder / REBUILT) as stream:
        json.dump(manifest, stream, indent=1)
        stream.write("\n")
    return folder


def _write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> str:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    with open_output(path) as stream:
        stream.write(text)
    return hashlib.sha256(text.encode()).hexdigest()


def _content_digest(path: Path) -> str:
    """SHA-256 of what a file holds, unpacked where it is gzip."""
    data = path.read_bytes()
    return hashlib.sha256(gzip.decompress(data) if path.suffix == ".gz" else data).hexdigest()
