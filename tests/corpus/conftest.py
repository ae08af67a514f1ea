"""A small transcriptome with everything that a build must drop, the folder it lies in, and builds of it."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mprna.corpus.build import build_corpus
from mprna.corpus.manifest import Manifest
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shards import read_shard

SLICE_LENGTH, MIN_LENGTH = 40, 12
OPTIONS = CorpusOptions(slice_length=40, min_length=12, slices_per_shard=25, annotate_share=0.5, seed=3)


def random_rna(rng: random.Random, length: int) -> str:
    return "".join(rng.choices("ACGT", k=length))


def make_records() -> list[tuple[str, str]]:
    """Header and sequence: 3 species, duplicates, tails of every length, and what is wrong with input."""
    rng = random.Random(7)
    records = [(f"t{i}|Homo_sapiens|mrna", random_rna(rng, 60 + i)) for i in range(30)]
    records += [(f"a{i}|Zea_mays|cds", random_rna(rng, rng.randint(12, 200))) for i in range(30)]
    records += [(f"copy{i}|Danio_rerio|mrna", records[i][1].lower()) for i in range(0, 40, 5)]
    return [
        *records,
        ("empty|Zea_mays|cds", ""),
        ("short|Zea_mays|cds", "ACGUACGUACG"),
        ("protein|Zea_mays|cds", "MKVLAAGHWE" * 4),
        ("gap|Zea_mays|cds", "ACGU-ACGUACGUACGU"),
        ("unknown|Zea_mays|cds", "N" * 40 + "ACGT" * 10),
        ("iupac|Zea_mays|cds", "RACGTTGCAACGTAACCGGTT"),
        ("no_species", random_rna(rng, 100)),
    ]


def write_fasta(path: Path, records: list[tuple[str, str]]) -> None:
    text = "".join(f">{header}\n{sequence}\n" for header, sequence in records)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
    else:
        path.write_text(text)


@pytest.fixture
def records() -> list[tuple[str, str]]:
    return make_records()


@pytest.fixture
def transcripts_dir(tmp_path: Path, records: list[tuple[str, str]]) -> Path:
    """The records in three files, one compressed, beside a file that is no input."""
    directory = tmp_path / "transcripts"
    directory.mkdir()
    write_fasta(directory / "a.fa", records[:25])
    write_fasta(directory / "b.fasta.gz", records[25:50])
    write_fasta(directory / "c.fna", records[50:])
    (directory / "README.md").write_text("no input\n")
    return directory


def build(inputs: Path, out_dir: Path, **changes: object) -> Manifest:
    return build_corpus([inputs], out_dir, replace(OPTIONS, **changes))  # type: ignore[arg-type]


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def all_rows(directory: Path, manifest: Manifest) -> list[dict[str, object]]:
    return [row for file in manifest.files for row in read_shard(directory / file.name).to_pylist()]


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def dying_rename(share: float) -> Callable[[Path, Path], Path]:
    """`Path.replace` in a process that dies before it so often, and as often after it."""
    rename, rng = Path.replace, random.Random(5)

    def rename_and_die(self: Path, target: Path) -> Path:
        if rng.random() < share:
            raise Killed
        renamed = rename(self, target)
        if rng.random() < share:
            raise Killed
        return renamed

    return rename_and_die
