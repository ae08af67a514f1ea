"""RNAs whose structures are known, from experiments or comparison, as a corpus of one shard.

A network that was pretrained on ViennaRNA's structures is fine-tuned on such a corpus by the same loop.
Records are taken whole or dropped whole; pairs that no decoder may print (non-canonical, or too close) are
left out of the labels, pseudoknots stay in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mprna.alphabet import clean_sequence
from mprna.corpus.drops import DropReason, Drops
from mprna.corpus.inputs import find_record_files, input_digests
from mprna.corpus.manifest import MANIFEST_NAME, SCHEMA_VERSION, Manifest, ShardFile, Source, write_manifest
from mprna.corpus.scaffold import hold_scaffold, remove_scaffold
from mprna.corpus.shards import Slice, pyarrow_version, write_shard
from mprna.digest import file_sha256
from mprna.errors import CorpusError, SequenceError
from mprna.files import replacing
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.canonical import MIN_HAIRPIN, canonical_pairs
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket

FILE_NAME = "slices.parquet"
CERTAIN = 255
"""Confidence byte of a known structure: probability 1."""


def build_known(
    inputs: Sequence[Path], out_dir: Path, *, min_length: int = 20, max_length: int = 512
) -> Manifest:
    """Write a corpus of known structures.

    Args:
        inputs: files with structures, in any format that `mprna.io` reads, or folders of them.
        out_dir: made if needed; must be empty, or what a killed process left of this.
        min_length: shorter RNAs are dropped, nt.
        max_length: longer RNAs are dropped, nt; a structure cannot be cut into slices.

    Raises:
        FormatError: a file that breaks its format.
        CorpusError: the folder is not empty, or another process writes it; no such input; or no record
            remains.
    """
    if (out_dir / MANIFEST_NAME).exists():
        remove_scaffold(out_dir)  # of one that was killed before its last step
        raise CorpusError(f"{out_dir} holds a finished corpus; choose another folder, or remove this one")
    paths = find_record_files(inputs)
    digests = input_digests(paths)
    drops, sources = Drops(), []
    slices: dict[str, Slice] = {}
    for name, path in paths.items():
        records = list(read_records(path))
        num_nt = sum(len(record.sequence) for record in records)
        sources.append(Source(name=name, sha256=digests[name], records=len(records), nt=num_nt))
        for record in records:
            found = _slice_of(record, name, min_length, max_length)
            if isinstance(found, DropReason):
                drops.count(found, len(record.sequence))
            elif found.sequence in slices:
                drops.count(DropReason.DUPLICATE, len(record.sequence))
            else:
                slices[found.sequence] = found
    if not slices:
        raise CorpusError(f"no record with a known structure remains (dropped: {drops.summary()})")
    options = {"min_length": min_length, "max_length": max_length}
    with hold_scaffold(out_dir, shared=False):
        manifest = _write(list(slices.values()), out_dir, drops, sources, options)
    remove_scaffold(out_dir)
    return manifest


def canonical_structure(sequence: str, dot_bracket: str) -> str:
    """The structure without pairs that are non-canonical or closer than a hairpin allows.

    >>> canonical_structure("GAGAAACAC", "(((...)))")
    '(.(...).)'
    """
    pairs = pairs_from_dot_bracket(dot_bracket)
    i, j = pairs.T
    possible = (j - i > MIN_HAIRPIN) & canonical_pairs(sequence, i, j)
    return dot_bracket_from_pairs(pairs[possible], len(sequence))


def _slice_of(record: Record, source: str, min_length: int, max_length: int) -> Slice | DropReason:
    try:
        sequence = clean_sequence(record.sequence)
    except SequenceError:
        return DropReason.ILLEGAL_SYMBOL if record.sequence else DropReason.EMPTY_RECORD
    if record.dot_bracket is None:
        return DropReason.NO_STRUCTURE
    if len(sequence) < min_length:
        return DropReason.SHORT_RECORD
    if len(sequence) > max_length:
        return DropReason.LONG_RECORD
    return Slice(
        id=record.name,
        source=source,
        species="",
        start=0,
        sequence=sequence,
        structure=canonical_structure(sequence, record.dot_bracket),
        fidelity=1.0,
        confidence=bytes([CERTAIN]) * len(sequence),
    )


def _write(
    slices: list[Slice], out_dir: Path, drops: Drops, sources: list[Source], options: dict[str, int]
) -> Manifest:
    path = out_dir / FILE_NAME
    with replacing(path) as partial:
        write_shard(slices, partial)
    file = ShardFile(
        name=FILE_NAME,
        rows=len(slices),
        nt=sum(len(piece.sequence) for piece in slices),
        annotated=len(slices),
        fold_failed=0,
        sha256=file_sha256(path),
    )
    manifest = Manifest(
        files=(file,),
        sources=tuple(sources),
        drops=drops,
        options=options,
        versions={"schema": str(SCHEMA_VERSION), "pyarrow": pyarrow_version()},
    )
    write_manifest(manifest, out_dir)
    return manifest
