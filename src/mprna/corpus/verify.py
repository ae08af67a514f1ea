"""Checks a finished corpus: bytes against the manifest, and rows against what the schema promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mprna.alphabet import NUCLEOTIDES
from mprna.corpus.manifest import Manifest, ShardFile, check_digest, read_manifest
from mprna.corpus.shards import read_shard
from mprna.errors import CorpusError, StructureError
from mprna.rna.sparse_pairs import unpack_pairs
from mprna.rna.structure import pairs_from_dot_bracket

_LETTERS = frozenset(NUCLEOTIDES + "N")
_LABELS = ("structure", "fidelity", "confidence")  # all else is missing for known structures
_PROBABILITIES = ("fidelity", "mfe_prob", "mean_pair_prob", "agreement", "expected_f1")
_VALUES = ("mfe", "ensemble_energy", *_PROBABILITIES[1:], "pair_probs")


def verify_corpus(directory: Path) -> Manifest:
    """Read every shard of a corpus and compare it with the manifest.

    Raises:
        CorpusError: the first thing that does not fit, with the file (and the row) where it is.
    """
    manifest = read_manifest(directory)
    _check_names(manifest, directory)
    _check_balance(manifest, directory)
    for name, sha256 in manifest.reports.items():
        check_digest(directory / name, sha256)
    for file in manifest.files:
        _check_file(file, directory / file.name)
    return manifest


def _check_names(manifest: Manifest, directory: Path) -> None:
    expected = {file.name for file in manifest.files}
    strange = sorted({path.name for path in directory.glob("*.parquet")} - expected)
    if strange:
        raise CorpusError(f"{directory / strange[0]}: not in the manifest; move it elsewhere")


def _check_balance(manifest: Manifest, directory: Path) -> None:
    """Every nucleotide that was read is in a slice or in a counted drop."""
    read = sum(source.nt for source in manifest.sources)
    if read != manifest.nt + manifest.drops.nt:
        raise CorpusError(
            f"{directory}: {read} nt were read, but {manifest.nt} kept and {manifest.drops.nt} dropped; "
            "the manifest was changed, remove the corpus and build it again"
        )


def _check_file(file: ShardFile, path: Path) -> None:
    rows = read_shard(path, file.sha256).to_pylist()
    for number, row in enumerate(rows, 1):
        complaint = _complaint(row)
        if complaint:
            raise CorpusError(f"{path}: row {number}: {complaint}")
    found = (
        len(rows),
        sum(len(row["sequence"]) for row in rows),
        sum(row["structure"] is not None for row in rows),
    )
    if found != (file.rows, file.nt, file.annotated):
        raise CorpusError(
            f"{path}: {found[0]} rows, {found[1]} nt, {found[2]} annotated; "
            f"the manifest says {file.rows}, {file.nt}, {file.annotated}"
        )


def _complaint(row: dict[str, Any]) -> str | None:
    """What is wrong with a row, if anything."""
    sequence = row["sequence"]
    if not sequence or not _LETTERS.issuperset(sequence):
        return "its sequence is empty or has other letters than ACGUN"
    present = [name for name in _LABELS if row[name] is not None]
    if not present:
        extra = [name for name in _VALUES if row[name] is not None]
        return f"{extra[0]} of no structure" if extra else None
    if len(present) < len(_LABELS):
        return f"labels are there all or none, but only {', '.join(present)}"
    if not len(sequence) == len(row["structure"]) == len(row["confidence"]):
        return "sequence, structure and confidence differ in length"
    for name in _PROBABILITIES:
        if row[name] is not None and not 0.0 <= row[name] <= 1.0:
            return f"{name} {row[name]} is not from 0 to 1"
    try:
        pairs_from_dot_bracket(row["structure"])
        pairs = unpack_pairs(row["pair_probs"] or b"")
    except (StructureError, ValueError) as error:
        return str(error)
    if not ((pairs["first"] < pairs["second"]) & (pairs["second"] < len(sequence))).all():
        return "pair probabilities of positions that are not in the sequence"
    return None
