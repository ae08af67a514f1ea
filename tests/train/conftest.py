"""A small annotated corpus, written once per session."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mprna.corpus.drops import Drops
from mprna.corpus.manifest import Manifest, ShardFile, write_manifest
from mprna.corpus.shards import Slice, write_shard
from mprna.digest import file_sha256

LENGTHS = (20, 35, 50, 80)


def hairpin(rng: np.random.Generator, length: int) -> tuple[str, str]:
    """A random sequence that can fold into one stem, and that stem."""
    stem = rng.choice(list("ACGU"), (length - 4) // 2)
    partner = {"A": "U", "C": "G", "G": "C", "U": "A"}
    other = [partner[base] for base in reversed(stem)]
    loop = length - 2 * len(stem)
    sequence = "".join([*stem, *("A" * loop), *other])
    return sequence, "(" * len(stem) + "." * loop + ")" * len(stem)


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    slices = []
    for number in range(60):
        sequence, structure = hairpin(rng, LENGTHS[number % len(LENGTHS)])
        labels = {"structure": structure, "confidence": bytes([255] * len(sequence))} if number % 3 else {}
        place = {"id": str(number), "source": "test", "species": "none", "start": 0}
        slices.append(Slice(**place, sequence=sequence, **labels))
    path = directory / "slices.parquet"
    write_shard(slices, path)
    file = ShardFile(
        name=path.name, rows=60, nt=sum(len(s.sequence) for s in slices), annotated=40, fold_failed=0,
        sha256=file_sha256(path),
    )  # fmt: skip
    manifest = Manifest(files=(file,), sources=(), drops=Drops(), options={}, versions={})
    write_manifest(manifest, directory)
    return directory
