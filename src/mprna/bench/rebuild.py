"""Training data that the authors of RGB did not publish, rebuilt by a stated recipe and marked as rebuilt.

DATA/RNA-SNMD/  train.jsonl  rebuilt.json
DATA/RNA-mRNA/  train.jsonl  valid.jsonl  rebuilt.json

The same source and seed give the same bytes; `rebuilt.json` holds recipe, seed and the SHA-256 of all files.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mprna import __version__
from mprna.alphabet import as_rna
from mprna.bench.data import REBUILT, find_split, load_split, read_rebuilt
from mprna.bench.suite import choose_tasks
from mprna.bench.task import Task
from mprna.errors import DataError, FormatError, UsageError
from mprna.io.formats import read_records
from mprna.io.jsonl import json_rows
from mprna.io.output import open_output
from mprna.io.source import numbered_lines, open_input

SCHEMA: Final = {"schema": "mprna.rebuilt", "version": 1}
WINDOW: Final = 200
"""Length of the sequences of SNMD and SNMR, nucleotides."""
MAX_DRAWS: Final = 10
"""Most positions that are drawn to be substituted in a sequence."""
WORD: Final = 31
"""A window that shares a word of this length with a published sequence is not used."""
MAX_REFUSED: Final = 100
"""Windows that may be refused per row wanted, before the source is given up."""
VALID_CLUSTER: Final = "0"
"""The similarity cluster of OpenVaccine that becomes the validation split."""

Rows = list[dict[str, Any]]


def rebuild_mutations(source: Path, data_dir: Path, *, num_rows: int = 8_000, seed: int = 45) -> Path:
    """Make the training split of SNMD and SNMR: windows of transcripts, with substitutions.

    See `substitute` for these. The recipe reproduces the statistics of the published splits; the authors' own
    recipe is unknown. All windows of all transcripts are equally likely.

    Args:
        source: transcripts in any format that `mprna.io` reads.
        data_dir: has the published splits, whose sequences are avoided, and receives the training split.

    Returns:
        the folder written to.

    Raises:
        DataError: no published split, or not enough windows that may be used.
        UsageError: there is a training split already that was not made by this function.
    """
    (task,) = choose_tasks("rgb", ("snmd",))
    folder, published = _folder(task, data_dir, ["train"])
    held_out = {word for sequence in published for word in _words(sequence)}
    transcripts = [as_rna(record.sequence) for record in read_records(source)]
    long_enough = [sequence for sequence in transcripts if len(sequence) >= WINDOW]
    if not long_enough:
        raise DataError(f"{source}: no transcript of {WINDOW} nt")
    rng = np.random.default_rng(seed)
    windows = _windows(long_enough, rng)
    rows: Rows = []
    num_refused = 0
    while len(rows) < num_rows:
        if num_refused > MAX_REFUSED * num_rows:
            raise DataError(
                f"{source}: hardly a window of A, C, G, U that shares no {WORD}-mer with {folder}"
            )
        window = next(windows)
        if set(window) <= set("ACGU") and held_out.isdisjoint(_words(window)):
            rows.append({"seq": window, "mut": substitute(window, rng)})
        else:
            num_refused += 1
    recipe = (
        f"{num_rows} windows of {WINDOW} nt, k of U{{0..{MAX_DRAWS}}} positions drawn with replacement, "
        "each set to a random base of four"
    )
    facts = {"seed": seed, "source_transcripts": len(transcripts), "windows_refused": num_refused}
    return _write(folder, source, recipe, {"train": rows}, facts)


def _windows(sequences: Sequence[str], rng: np.random.Generator) -> Iterator[str]:
    """Random windows without end; every start in every sequence is equally likely."""
    starts = np.array([len(sequence) - WINDOW + 1 for sequence in sequences], dtype=np.float64)
    while True:
        sequence = sequences[int(rng.choice(len(sequences), p=starts / starts.sum()))]
        start = int(rng.integers(len(sequence) - WINDOW + 1))
        yield sequence[start : start + WINDOW]


def substitute(sequence: str, rng: np.random.Generator) -> str:
    """Set up to ten positions to random bases.

    The number of positions is uniform from 0 to 10. They are drawn with replacement, and each gets one of the
    four bases at random, so that one in four keeps its own.
    """
    letters = list(sequence)
    for place in rng.integers(len(letters), size=int(rng.integers(MAX_DRAWS + 1))):
        letters[place] = "ACGU"[int(rng.integers(4))]
    return "".join(letters)


def rebuild_degradation(source: Path, data_dir: Path) -> Path:
    """Make the training and validation splits of mRNA: OpenVaccine's training set without the test RNAs.

    The validation split is one of OpenVaccine's similarity clusters (column `kfold`); rows in no cluster are
    left out. Rows are kept whatever their signal to noise, as in the test split.

    Raises:
        DataError: no published test split, or no row left.
        FormatError: a row without one of the columns.
        UsageError: there is a training or validation split already that was not made by this function.
    """
    (task,) = choose_tasks("rgb", ("mrna",))
    splits: dict[str, Rows] = {"train": [], "valid": []}
    folder, published = _folder(task, data_dir, list(splits))
    num_published, num_unclustered = 0, 0
    columns = ("sequence", *task.classes)
    for row in _rows_with(columns, source):
        cluster = row.get("kfold")
        if as_rna(str(row["sequence"])) in published:
            num_published += 1
        elif cluster is None:
            num_unclustered += 1
        else:
            split = "valid" if str(cluster) == VALID_CLUSTER else "train"
            splits[split].append({name: row[name] for name in columns})
    if not all(splits.values()):
        raise DataError(
            f"{source}: {len(splits['train'])} rows for train and {len(splits['valid'])} for valid"
        )
    recipe = f"OpenVaccine without the test RNAs, similarity cluster {VALID_CLUSTER} as validation"
    facts = {"rows_in_test": num_published, "rows_without_cluster": num_unclustered}
    return _write(folder, source, recipe, splits, facts)


def _rows_with(columns: Sequence[str], source: Path) -> Iterator[dict[str, Any]]:
    """Rows of a JSON Lines file, each with all of the columns.

    Raises:
        FormatError: a row without one of them.
    """
    with open_input(source) as file:
        for number, row in json_rows(numbered_lines(file), file.name):
            if missing := sorted(set(columns) - set(row)):
                raise FormatError(f"no column {', '.join(missing)}", path=file.name, line=number)
            yield row


def _folder(task: Task, data_dir: Path, splits: Sequence[str]) -> tuple[Path, set[str]]:
    """The folder of the published splits of a task, and all of their sequences.

    Args:
        splits: what is to be written there.

    Raises:
        DataError: no test split.
        UsageError: one of `splits` is there already and was not rebuilt.
    """
    load_split(task, "test", data_dir)  # raises where there is none
    paths = {split: find_split(task, split, data_dir) for split in ("train", "valid", "test")}
    folder = Path(str(paths["test"])).parent
    made = set(read_rebuilt(folder)["files"])
    for split in splits:
        path = paths[split]
        if path is not None and path.name not in made:
            raise UsageError(f"{path} is there already, and was not rebuilt by this; nothing is written")
    sequences: set[str] = set()
    for split, file in paths.items():
        for column in {task.sequence, task.label} if task.type.startswith("mutation") else {task.sequence}:
            if file is not None and file.name not in made:
                examples = load_split(replace(task, sequence=column), split, data_dir).examples
                sequences |= {example.sequence for example in examples}
    return folder, sequences


def _words(sequence: str) -> Iterator[str]:
    """All words of `WORD` letters."""
    return (sequence[i : i + WORD] for i in range(len(sequence) - WORD + 1))


def _write(folder: Path, source: Path, recipe: str, splits: dict[str, Rows], facts: dict[str, Any]) -> Path:
    texts = {
        f"{name}.jsonl": "".join(json.dumps(row) + "\n" for row in rows) for name, rows in splits.items()
    }
    manifest = SCHEMA | {
        "recipe": recipe,
        "source": source.name,
        "source_sha256": _content_digest(source),
        **facts,
        "rows": {name: len(rows) for name, rows in splits.items()},
        "files": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
        "mprna": __version__,
    }
    texts[REBUILT] = json.dumps(manifest, indent=1) + "\n"
    with ExitStack() as files:  # they get their names from the last to the first: REBUILT makes them ours
        for name, text in texts.items():
            stream = files.enter_context(open_output(folder / name))
            stream.write(text)
            stream.flush()
    return folder


def _content_digest(path: Path) -> str:
    """SHA-256 of what a file holds; a gzip file is unpacked first, so that packing does not matter."""
    data = path.read_bytes()
    return hashlib.sha256(gzip.decompress(data) if path.suffix == ".gz" else data).hexdigest()
