"""Shards: Parquet files of slices with a versioned schema, and the manifest that is written last.

A folder with a `manifest.json` is a whole corpus; one without is an unfinished build. The only file of
this room that imports pyarrow.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mprna.corpus.drops import Drops
from mprna.errors import CorpusError, MissingExtraError

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_NAME: Final = "slices"
SCHEMA_VERSION: Final = 1
MANIFEST_NAME: Final = "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One row of a shard. `(source, id, start)` says where it was cut; the labels may be missing.

    Args:
        id: the transcript's id.
        source: file that it came from, relative to the folder that all inputs share.
        species: as in the header; empty where unknown.
        start: 0-based position of the first nucleotide in its transcript.
        sequence: clean, `ACGUN`.
        structure: dot-bracket, ViennaRNA's of minimum free energy or a known one; None where not annotated,
            as the four below.
        mfe: kcal/mol; None for a known structure.
        ensemble_energy: kcal/mol; None for a known structure.
        fidelity: 1 - normalised ensemble defect, 0..1.
        confidence: one byte per nucleotide, round(255 * probability of its state).
    """

    id: str
    source: str
    species: str
    start: int
    sequence: str
    structure: str | None = None
    mfe: float | None = None
    ensemble_energy: float | None = None
    fidelity: float | None = None
    confidence: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class ShardFile:
    """One Parquet file of a corpus; `fold_failed` counts slices chosen for annotation that have none,
    `fold_failures` says why (a manifest of an older version does not)."""

    name: str
    rows: int
    nt: int
    annotated: int
    fold_failed: int
    sha256: str
    fold_failures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """One input file, and what was read from it before any filter."""

    name: str
    sha256: str
    records: int
    nt: int


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a corpus is made of, how, and from what.

    Args:
        files: the shards in order.
        sources: the inputs in order.
        drops: what was left out, by reason; nucleotides of sources = of files + of drops.
        options: as given to the build, energy model included.
        versions: of the programs whose change could change a byte.
    """

    files: tuple[ShardFile, ...]
    sources: tuple[Source, ...]
    drops: Drops
    options: dict[str, Any]
    versions: dict[str, str]

    @property
    def rows(self) -> int:
        """Number of slices."""
        return sum(file.rows for file in self.files)

    @property
    def nt(self) -> int:
        """Number of nucleotides."""
        return sum(file.nt for file in self.files)

    @property
    def annotated(self) -> int:
        """Number of slices with a structure."""
        return sum(file.annotated for file in self.files)

    @property
    def fold_failed(self) -> int:
        """Number of slices that were chosen for annotation and could not be folded."""
        return sum(file.fold_failed for file in self.files)

    @property
    def fold_failures(self) -> dict[str, int]:
        """The same by reason: no_fold, timeout, memory or crash."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.fold_failures)
        return dict(sorted(total.items()))

    def to_json(self) -> dict[str, Any]:
        """The document `manifest.json`."""
        return {
            "schema": {"name": SCHEMA_NAME, "version": SCHEMA_VERSION},
            "totals": {
                "rows": self.rows,
                "nt": self.nt,
                "annotated": self.annotated,
                "fold_failed": self.fold_failed,
                "fold_failures": self.fold_failures,
            },
            "drops": self.drops.to_json(),
            "options": self.options,
            "versions": self.versions,
            "files": [asdict(file) for file in self.files],
            "sources": [asdict(source) for source in self.sources],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Manifest:
        """Inverse of `to_json`."""
        return cls(
            files=tuple(ShardFile(**entry) for entry in document["files"]),
            sources=tuple(Source(**entry) for entry in document["sources"]),
            drops=Drops.from_json(document["drops"]),
            options=document["options"],
            versions=document["versions"],
        )


def slice_schema() -> pa.Schema:
    """Arrow schema of a shard, with its name and version in the metadata."""
    pa = _pyarrow()
    required = [("id", pa.string()), ("source", pa.string()), ("species", pa.string())]
    required += [("start", pa.int32()), ("sequence", pa.string())]
    optional = [("structure", pa.string())]
    optional += [(name, pa.float32()) for name in ("mfe", "ensemble_energy", "fidelity")]
    optional += [("confidence", pa.binary())]
    fields = [pa.field(name, kind, nullable=False) for name, kind in required]
    fields += [pa.field(name, kind) for name, kind in optional]
    metadata = {"mprna.schema": SCHEMA_NAME, "mprna.version": str(SCHEMA_VERSION)}
    return pa.schema(fields, metadata=metadata)


def write_shard(slices: Iterable[Slice], path: Path) -> None:
    """Write slices as one zstd Parquet file; equal slices give equal bytes."""
    pa = _pyarrow()
    import pyarrow.parquet as pq

    schema = slice_schema()
    rows = list(slices)
    columns = [pa.array([getattr(row, field.name) for row in rows], field.type) for field in schema]
    table = pa.Table.from_arrays(columns, schema=schema)
    pq.write_table(table, path, compression="zstd", use_dictionary=["source", "species"])


def read_shard(path: Path) -> pa.Table:
    """All rows of a shard.

    Raises:
        CorpusError: damaged, or no shard of this schema and version.
    """
    pa = _pyarrow()
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise CorpusError(f"{path}: missing shard; restore it or build the corpus again") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise CorpusError(f"{path}: damaged shard ({error}); build the corpus again") from None
    if not table.schema.equals(slice_schema(), check_metadata=False):
        raise CorpusError(f"{path}: its columns are not those of a shard of slices")
    found = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
    if (found.get("mprna.schema"), found.get("mprna.version")) != (SCHEMA_NAME, str(SCHEMA_VERSION)):
        raise CorpusError(f"{path}: not a shard of schema {SCHEMA_NAME!r} version {SCHEMA_VERSION}")
    return table


def read_slices(directories: Sequence[Path], columns: Sequence[str]) -> pa.Table:
    """Some columns of all slices of several corpora, in one chunk each.

    Raises:
        CorpusError: a corpus that is missing or unfinished, or a damaged shard.
    """
    pa = _pyarrow()
    paths = [directory / file.name for directory in directories for file in read_manifest(directory).files]
    tables = [read_shard(path).select(columns) for path in paths]
    schema = pa.schema([slice_schema().field(name) for name in columns])
    return pa.concat_tables([schema.empty_table(), *tables]).combine_chunks()


def write_manifest(manifest: Manifest, directory: Path) -> None:
    """Write `manifest.json`, whole or not at all."""
    write_json(manifest.to_json(), directory / MANIFEST_NAME)


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a corpus.

    Raises:
        CorpusError: there is none (no corpus, or an unfinished build), or of another version.
    """
    path = directory / MANIFEST_NAME
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise CorpusError(
            f"{directory}: no {MANIFEST_NAME}, so no corpus or an unfinished one; "
            "give the folder of a finished build, or run the same build again to finish it"
        ) from None
    except ValueError as error:
        raise CorpusError(f"{path}: damaged ({error}); build the corpus again") from None
    if not isinstance(document, dict) or document.get("schema") != {
        "name": SCHEMA_NAME,
        "version": SCHEMA_VERSION,
    }:
        raise CorpusError(f"{path}: not a manifest of schema {SCHEMA_NAME!r} version {SCHEMA_VERSION}")
    try:
        return Manifest.from_json(document)
    except (KeyError, TypeError) as error:
        raise CorpusError(f"{path}: damaged (entry {error}); build the corpus again") from None


def pyarrow_version() -> str:
    """Version of the library that writes the bytes.

    Raises:
        MissingExtraError: it is not installed.
    """
    return str(_pyarrow().__version__)


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_json(document: dict[str, Any], path: Path) -> None:
    """Write a JSON document to a temporary name, flush it to disk, rename it."""
    temporary = path.with_name(temporary_name(path.name))
    with temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
    flush_to_disk(temporary)
    temporary.replace(path)


def temporary_name(name: str) -> str:
    """What a file is called until it is whole; no two processes on a shared disk choose the same."""
    return f"{name}.{socket.gethostname()}.{os.getpid()}.tmp"


def flush_to_disk(path: Path) -> None:
    """Make sure that what was written is on disk before a rename makes it count."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _pyarrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise MissingExtraError("a corpus of Parquet shards", "parquet") from None
    return pyarrow
