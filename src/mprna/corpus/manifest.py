"""The manifest of a corpus: its files, where they come from, and what was left out. It is written last.

A folder with a `manifest.json` is a whole corpus; one without is an unfinished build.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from mprna.corpus.drops import Drops
from mprna.digest import file_sha256
from mprna.errors import CorpusError
from mprna.files import write_json

MANIFEST_NAME: Final = "manifest.json"

SCHEMA_NAME: Final = "slices"
SCHEMA_VERSION: Final = 3
READABLE_VERSIONS: Final = (1, 2, 3)
"""Columns that a version does not have are read as null."""

READABLE: Final = " or ".join(map(str, READABLE_VERSIONS))


@dataclass(frozen=True, kw_only=True)
class ShardFile:
    """One Parquet file of a corpus.

    Args:
        fold_failed: slices that were chosen for annotation and have no fold.
        fold_failures: the same by reason; a manifest of an older version does not say it.
        low_fidelity: slices whose structure was left out because its expected F1 is too low.
    """

    name: str
    rows: int
    nt: int
    annotated: int
    fold_failed: int
    sha256: str
    fold_failures: dict[str, int] = field(default_factory=dict)
    low_fidelity: int = 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """One input file, and what was read from it before any filter.

    `unknown_species` counts the records for which the rule of the build found no species.
    """

    name: str
    sha256: str
    records: int
    nt: int
    unknown_species: int = 0


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a corpus is made of, how, and from what.

    Args:
        files: the shards in order.
        sources: the inputs in order.
        drops: what was left out, by reason; nucleotides of sources = of files + of drops.
        options: as given to the build, energy model included.
        versions: of the programs whose change could change a byte.
        references: SHA-256 of the other files that the build read, by use and name.
        reports: SHA-256 of the other files that it wrote, by name.
    """

    files: tuple[ShardFile, ...]
    sources: tuple[Source, ...]
    drops: Drops
    options: dict[str, Any]
    versions: dict[str, str]
    references: dict[str, str] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)

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
        """How many folds failed, by reason: no_fold, timeout, memory or crash."""
        total: Counter[str] = Counter()
        for file in self.files:
            total.update(file.fold_failures)
        return dict(sorted(total.items()))

    @property
    def low_fidelity(self) -> int:
        """Number of slices without a structure because its expected F1 is too low."""
        return sum(file.low_fidelity for file in self.files)

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
                "low_fidelity": self.low_fidelity,
            },
            "drops": self.drops.to_json(),
            "options": self.options,
            "versions": self.versions,
            "references": self.references,
            "reports": self.reports,
            "files": [asdict(file) for file in self.files],
            "sources": [asdict(source) for source in self.sources],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Manifest:
        """Inverse of `to_json`.

        Raises:
            TypeError: a value of another type than `to_json` gives.
        """
        manifest = cls(
            files=tuple(ShardFile(**entry) for entry in document["files"]),
            sources=tuple(Source(**entry) for entry in document["sources"]),
            drops=Drops.from_json(document["drops"]),
            options=document["options"],
            versions=document["versions"],
            references=document.get("references", {}),
            reports=document.get("reports", {}),
        )
        for entry in (manifest, *manifest.files, *manifest.sources, *manifest.drops.values()):
            _check_types(entry)
        return manifest


def _check_types(entry: Any) -> None:
    types = {"int": int, "str": str, "tuple": tuple}
    for known in fields(entry):
        value = getattr(entry, known.name)
        expected = types.get(str(known.type).partition("[")[0], dict)
        if not isinstance(value, expected) or isinstance(value, bool):
            raise TypeError(f"{known.name!r} is {value!r:.40}")


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
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: damaged ({error}); remove the corpus and build it again") from None
    readable = [{"name": SCHEMA_NAME, "version": version} for version in READABLE_VERSIONS]
    if not isinstance(document, dict) or document.get("schema") not in readable:
        raise CorpusError(f"{path}: not a manifest of schema {SCHEMA_NAME!r} version {READABLE}")
    try:
        return Manifest.from_json(document)
    except (AttributeError, KeyError, TypeError) as error:
        raise CorpusError(f"{path}: damaged (entry {error}); remove the corpus and build it again") from None


def check_digest(path: Path, sha256: str) -> None:
    """Make sure that a file of a corpus is the one that the manifest describes.

    Raises:
        CorpusError: missing, or other bytes.
        OSError: not readable.
    """
    if not path.is_file():
        raise CorpusError(f"{path}: missing; restore it, or remove the corpus and build it again")
    if file_sha256(path) != sha256:
        raise CorpusError(
            f"{path}: its SHA-256 is not that of the manifest; "
            "restore it, or remove the corpus and build it again"
        )
