"""Tokens per second on one core from shards to batches, and memory per nucleotide.

    python benchmarks/loader.py [--data-dir CORPUS]

Stages, each with those before it: `slices` are found in memory, `padded` into one batch, `corrupted` and
labelled as tensors (what training gets), `stream` with the plan of the epoch. Padding does not count.
Without --data-dir: random sequences, half of the corpora with random nested structures, seed 0.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from mprna.corpus.drops import Drops
from mprna.corpus.manifest import Manifest, ShardFile, write_manifest
from mprna.corpus.shards import Slice, write_shard
from mprna.digest import file_sha256
from mprna.objectives.mixture import ObjectiveConfig
from mprna.objectives.padding import pad_slices
from mprna.train.dataset import BatchStream, SliceDataset

GOAL = 5e6  # tokens/s, slices of 1,024 nt
NUM_NUCLEOTIDES = 4_000_000
LENGTHS = (160, 1_024)
BATCH_TOKENS = 16_384
NUM_ROUNDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, metavar="CORPUS", help="a corpus of `mprna corpus build`")
    parser.add_argument("--nucleotides", type=int, default=NUM_NUCLEOTIDES, metavar="N")
    args = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| corpus | bytes/nt | slices, M tokens/s | padded | corrupted | stream |\n|---|---|---|---|---|---|"
    )
    if args.data_dir:
        measure(args.data_dir.name, args.data_dir)
        return
    for length in LENGTHS:
        for annotated in (False, True):
            with tempfile.TemporaryDirectory() as directory:
                write_corpus(Path(directory), length, args.nucleotides // length, annotated=annotated)
                rate = measure(f"{length:,} nt, {'annotated' if annotated else 'plain'}", Path(directory))
    print(f"\n{length:,} nt: {'above' if rate >= GOAL else 'BELOW'} the goal of {GOAL / 1e6:.0f} M tokens/s")


def measure(name: str, corpus_dir: Path) -> float:
    """Print one line of the table; tokens per second of the whole stream."""
    dataset = SliceDataset([corpus_dir])
    stream = BatchStream(dataset, objectives=ObjectiveConfig(), batch_tokens=BATCH_TOKENS, seed=0)
    plan = stream.epoch_plan(0)
    batches = [plan[number] for number in range(len(plan))]
    tokens = sum(int(stream.batch(batch).attention_mask.sum()) for batch in batches)

    def read() -> None:
        for batch in batches:
            [dataset[i] for i in batch.indices.tolist()]

    def pad() -> None:
        for batch in batches:
            pad_slices([dataset[i] for i in batch.indices.tolist()], batch.joint, dataset.tokenizer)

    def corrupt() -> None:
        for batch in batches:
            stream.batch(batch)

    def everything() -> None:
        epoch: Iterator[object] = stream.batches_from(0)
        for _ in batches:
            next(epoch)

    rates = [tokens / seconds(stage) for stage in (read, pad, corrupt, everything)]
    memory = dataset.num_bytes / dataset.lengths.sum()
    cells = [name, f"{memory:.2f}", *(f"{rate / 1e6:.1f}" for rate in rates)]
    print(f"| {' | '.join(cells)} |", flush=True)
    return rates[-1]


def seconds(stage: Callable[[], None]) -> float:
    """The best of some rounds, since other processes only ever slow one down."""
    times = []
    for _ in range(NUM_ROUNDS):
        start = time.perf_counter()
        stage()
        times.append(time.perf_counter() - start)
    return min(times)


def write_corpus(directory: Path, length: int, num_slices: int, *, annotated: bool) -> None:
    rng = np.random.default_rng(0)
    slices = []
    for number in range(num_slices):
        sequence = rng.choice(np.frombuffer(b"ACGU", np.uint8), length).tobytes().decode()
        labels = random_labels(rng, length) if annotated else {}
        place = {"id": str(number), "source": "random", "species": "", "start": 0}
        slices.append(Slice(**place, sequence=sequence, **labels))
    path = directory / "slices.parquet"
    write_shard(slices, path)
    file = ShardFile(
        name=path.name, rows=num_slices, nt=num_slices * length, annotated=num_slices * annotated,
        fold_failed=0, sha256=file_sha256(path),
    )  # fmt: skip
    write_manifest(Manifest(files=(file,), sources=(), drops=Drops(), options={}, versions={}), directory)


def random_labels(rng: np.random.Generator, length: int) -> dict[str, object]:
    """A nested structure with about 60 % of the nucleotides paired, as ViennaRNA's have, and confidences."""
    symbols, waiting = ["."] * length, []
    for position, draw in enumerate(rng.random(length)):
        if draw < 0.3:
            waiting.append(position)
        elif draw > 0.7 and waiting:
            symbols[waiting.pop()], symbols[position] = "(", ")"
    confidence = rng.integers(0, 256, length, dtype=np.uint8).tobytes()
    return {"structure": "".join(symbols), "confidence": confidence}


if __name__ == "__main__":
    main()
