"""Folds that were made before, in one SQLite file: a build with other options folds nothing twice.

A row is found by everything that decides on the fold (the calibration does not), and carries a digest of
itself; a row that does not fit its digest is as good as none. Every row is committed on its own, also that of
the structure under the second parameter set, so a kill loses what was being folded and no more.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np

from mprna.corpus.annotate import ANNOTATION_VERSION
from mprna.corpus.fidelity import Folded
from mprna.errors import CorpusError
from mprna.folding.prior import PRIOR_PARAMETERS
from mprna.folding.vienna import EnergyModel, vienna_version
from mprna.rna.sparse_pairs import MIN_PACKED_PROB

CACHE_NAME: Final = "annotations-2.sqlite"
_WAIT_SECONDS: Final = 60.0  # for another process's commit


class AnnotationCache:
    """Folds by sequence; several processes of one machine may share a folder (not over a network).

    Raises:
        CorpusError: the folder cannot be written to, or the file is no cache.
    """

    def __init__(self, directory: Path, energy_model: EnergyModel, second_parameters: str) -> None:
        self._path = directory / CACHE_NAME
        made_by = [ANNOTATION_VERSION, [field.name for field in fields(Folded)]]
        self._context = json.dumps(
            [*made_by, vienna_version(), asdict(energy_model), second_parameters]
        ).encode()
        second = ["second", vienna_version(), asdict(energy_model) | {"parameters": second_parameters}]
        self._second_context = json.dumps(second).encode()
        conditions = asdict(energy_model) | {"parameters": PRIOR_PARAMETERS}
        prior = ["pair_probs", ANNOTATION_VERSION, vienna_version(), conditions, MIN_PACKED_PROB]
        self._pair_context = json.dumps(prior).encode()
        with self._errors():
            directory.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
            try:
                self._prepare()
            except sqlite3.Error:
                self.close()
                raise

    def _prepare(self) -> None:
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")  # no wait for the disk after every fold
        self._database.execute(
            "CREATE TABLE IF NOT EXISTS annotations "
            "(key BLOB PRIMARY KEY, labels TEXT NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID"
        )

    def get(self, sequence: str) -> Folded | None:
        """The fold, if it is there and intact."""
        labels = self._read(_key(self._context, sequence))
        return None if labels is None else _from_json(labels)

    def put(self, sequence: str, folded: Folded) -> None:
        """Keep a fold, in place of what is there."""
        self._write(_key(self._context, sequence), _to_json(folded))

    def get_second(self, sequence: str) -> str | None:
        """The structure under the second parameter set, if it is there and intact."""
        return self._read(_key(self._second_context, sequence))

    def put_second(self, sequence: str, structure: str) -> None:
        """Keep a structure under the second parameter set, in place of what is there."""
        self._write(_key(self._second_context, sequence), structure)

    def get_pair_probs(self, sequence: str) -> bytes | None:
        """The packed pair probabilities of the prior, if they are there and intact."""
        labels = self._read(_key(self._pair_context, sequence))
        return None if labels is None else bytes.fromhex(labels)

    def put_pair_probs(self, sequence: str, pair_probs: bytes) -> None:
        """Keep packed pair probabilities, in place of what is there."""
        self._write(_key(self._pair_context, sequence), pair_probs.hex())

    def _read(self, key: bytes) -> str | None:
        with self._errors():
            query = "SELECT labels, digest FROM annotations WHERE key = ?"
            row = self._database.execute(query, (key,)).fetchone()
        return None if row is None or row[1] != _digest(key, str(row[0])) else str(row[0])

    def _write(self, key: bytes, labels: str) -> None:
        with self._errors():
            command = "INSERT OR REPLACE INTO annotations VALUES (?, ?, ?)"
            self._database.execute(command, (key, labels, _digest(key, labels)))

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CorpusError(f"{error.filename}: {error.strerror}; choose another --cache folder") from None
        except sqlite3.Error as error:
            raise CorpusError(
                f"{self._path}: {error}; make it writable or free space, remove it if it is damaged, "
                "or choose another --cache folder"
            ) from None


def _key(context: bytes, sequence: str) -> bytes:
    return blake2b(context + b"\n" + sequence.encode("ascii"), digest_size=16).digest()


def _to_json(folded: Folded) -> str:
    probs = folded.state_probs.astype("<f4").tobytes()
    return json.dumps(asdict(folded) | {"state_probs": probs.hex()})


def _from_json(labels: str) -> Folded:
    document = json.loads(labels)
    probs = np.frombuffer(bytes.fromhex(document["state_probs"]), "<f4")
    return Folded(**document | {"state_probs": probs})


def _digest(key: bytes, labels: str) -> bytes:
    return blake2b(key + labels.encode(), digest_size=16).digest()
