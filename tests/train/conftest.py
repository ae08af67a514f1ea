"""A small annotated corpus, written once per session, and runs in processes of their own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mprna.corpus.drops import Drops
from mprna.corpus.manifest import Manifest, ShardFile, write_manifest
from mprna.corpus.shards import Slice, write_shard
from mprna.digest import file_sha256
from mprna.rna.sparse_pairs import pack_pairs
from mprna.rna.structure import pairs_from_dot_bracket

LENGTHS = (20, 35, 50, 80)


def hairpin(rng: np.random.Generator, length: int) -> tuple[str, str]:
    """A random sequence that can fold into one stem, and that stem."""
    stem = rng.choice(list("ACGU"), (length - 4) // 2)
    partner = {"A": "U", "C": "G", "G": "C", "U": "A"}
    other = [partner[base] for base in reversed(stem)]
    loop = length - 2 * len(stem)
    sequence = "".join([*stem, *("A" * loop), *other])
    return sequence, "(" * len(stem) + "." * loop + ")" * len(stem)


def doubtful(structure: str) -> bytes:
    """The pairs of a structure at probability 0.8, packed."""
    probs = np.zeros((len(structure), len(structure)))
    for first, second in pairs_from_dot_bracket(structure):
        probs[first, second] = probs[second, first] = 0.8
    return pack_pairs(probs)


@pytest.fixture(scope="session")
def corpus_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    slices = []
    for number in range(60):
        sequence, structure = hairpin(rng, LENGTHS[number % len(LENGTHS)])
        labels: dict[str, Any] = {}
        if number % 3:
            labels = {"structure": structure, "confidence": bytes([255] * len(sequence))}
        if number % 3 == 2:
            labels["pair_probs"] = doubtful(structure)
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


Processes = list[subprocess.Popen[bytes]]


@pytest.fixture(scope="session")
def start_pretraining(corpus_dir: Path) -> Callable[..., Processes]:
    """Starts a smoke run in as many processes as told, with what torchrun would tell them."""

    def start(run_dir: Path, world_size: int, settings: list[str], *extra: str) -> Processes:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "mprna",
            "pretrain",
            "--recipe",
            "smoke",
            "--corpus",
            str(corpus_dir),
        ]
        command += ["--out", str(run_dir), "-j", "1", *(f"--set={setting}" for setting in settings), *extra]
        told = {"WORLD_SIZE": world_size, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
        return [
            subprocess.Popen(
                command, env=os.environ | {k: str(v) for k, v in (told | {"RANK": rank}).items()}
            )
            for rank in range(world_size)
        ]

    return start


@pytest.fixture
def struck_at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], AbstractContextManager[None]]:
    """A context in which a training is interrupted in the middle of this step, counted from its start."""
    from torch.nn.utils import clip_grad_norm_

    @contextmanager
    def struck(step: int) -> Iterator[None]:
        calls = []

        def strike(*args: Any, **kwargs: Any) -> Any:
            calls.append(1)
            if len(calls) == step:
                raise KeyboardInterrupt
            return clip_grad_norm_(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr("mprna.train.loop.clip_grad_norm_", strike)
            with pytest.raises(KeyboardInterrupt):
                yield

    return struck
