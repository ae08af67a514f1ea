"""Annotation in a build beside bare ViennaRNA loops: same slices, same number of cores, in turn, in one run.

    python benchmarks/annotate.py TRANSCRIPTS [--slice-length 256] [--jobs 2] [--rounds 6]

A round is 8 shards. The build reads buckets, folds under limits and writes Parquet; a bare loop calls
ViennaRNA on lists of the same slices. Both have their processes running before the first round. Who goes
first alternates.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import RNA

from mprna.corpus.buckets import BucketWriter, Candidate
from mprna.corpus.build import build_corpus
from mprna.corpus.dedup import content_digest
from mprna.corpus.executor import build_in_worker, start_worker
from mprna.corpus.options import CorpusOptions
from mprna.corpus.shard_build import ShardTask
from mprna.corpus.shards import read_shard

SHARDS_PER_ROUND = 8
SPAWN = get_context("spawn")


def bare_loop(sequences: Sequence[str]) -> float:
    """The calls of an annotation, under both sets of parameters, and nothing else; returns CPU seconds."""
    start = time.process_time()
    RNA.params_load_RNA_Langdon2018()
    for sequence in sequences:
        RNA.fold_compound(sequence).mfe()
    RNA.params_load_RNA_Turner2004()
    for sequence in sequences:
        compound = RNA.fold_compound(sequence)
        compound.exp_params_rescale(compound.mfe()[1])
        compound.pf()
        compound.bpp()
    return time.process_time() - start


def sample(inputs: Path, directory: Path, options: CorpusOptions) -> list[str]:
    """Distinct real slices, without labels."""
    manifest = build_corpus([inputs], directory, options)
    tables = (read_shard(directory / file.name) for file in manifest.files)
    return [sequence for table in tables for sequence in table["sequence"].to_pylist()]


def make_tasks(lists: list[list[str]], directory: Path, options: CorpusOptions) -> list[ShardTask]:
    """One shard for every list, from buckets of its own."""
    tasks = []
    for index, sequences in enumerate(lists):
        folders = {name: directory / f"{index}" / name for name in ("buckets_dir", "results_dir", "out_dir")}
        for folder in folders.values():
            folder.mkdir(parents=True)
        writer = BucketWriter(folders["buckets_dir"])
        for sequence in sequences:
            writer.add(Candidate(content_digest(sequence), 0, "t", "", 0, sequence))
        writer.flush()
        tasks.append(
            ShardTask(
                index=0, num_shards=1, source_names=("a",), key_limit=2**64 - 1, options=options, **folders
            )
        )
    return tasks


def measure(
    build: ProcessPoolExecutor, bare: ProcessPoolExecutor, tasks: list[ShardTask], lists: list[list[str]]
) -> tuple[dict[str, list[float]], float]:
    """Slices per second of both contenders in every round, and CPU seconds of all bare loops."""
    rates: dict[str, list[float]] = {"build": [], "bare loops": []}
    cpu_seconds = 0.0
    for number in range(len(tasks) // SHARDS_PER_ROUND):
        part = slice(number * SHARDS_PER_ROUND, (number + 1) * SHARDS_PER_ROUND)
        contenders = {
            "build": lambda part=part: list(build.map(build_in_worker, tasks[part])),
            "bare loops": lambda part=part: list(bare.map(bare_loop, lists[part])),
        }
        for contender in sorted(contenders, reverse=number % 2 == 1):
            start = time.perf_counter()
            answers = contenders[contender]()
            if contender == "bare loops":
                cpu_seconds += sum(answers)
            seconds = time.perf_counter() - start
            rates[contender].append(sum(map(len, lists[part])) / seconds)
    return rates, cpu_seconds


def print_rates(rates: dict[str, list[float]]) -> None:
    for contender, values in rates.items():
        print(f"| {contender} | {statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f}) |")
    pairs = [a / b for a, b in zip(rates["build"], rates["bare loops"], strict=True)]
    ratio = statistics.median(rates["build"]) / statistics.median(rates["bare loops"])
    print(f"\nRatio of medians {ratio:.3f}; of single rounds {min(pairs):.3f}-{max(pairs):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("transcripts", type=Path)
    parser.add_argument("--slice-length", type=int, default=256, metavar="NT")
    parser.add_argument("--min-length", type=int, metavar="NT", help="of a slice [the slice length]")
    parser.add_argument("--slices", type=int, default=24, metavar="N", help="of a shard [%(default)s]")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--rounds", type=int, default=6, metavar="N")
    args = parser.parse_args()
    num_lists = args.rounds * SHARDS_PER_ROUND
    options = CorpusOptions(
        slice_length=args.slice_length,
        min_length=args.min_length or args.slice_length,
        max_slices=num_lists * args.slices,
        max_records=50_000,
        annotate_share=0.0,
    )
    with (
        tempfile.TemporaryDirectory() as name,
        ProcessPoolExecutor(args.jobs, SPAWN, start_worker) as bare,
        ProcessPoolExecutor(args.jobs, SPAWN, start_worker) as build,
    ):
        sequences = sample(args.transcripts, Path(name) / "sample", options)
        lists = [sequences[i::num_lists] for i in range(num_lists)]
        tasks = make_tasks(lists, Path(name), replace(options, annotate_share=1.0))
        warm = make_tasks([["GGGGAAAACCCC"]] * args.jobs * 4, Path(name) / "warm", tasks[0].options)
        list(build.map(build_in_worker, warm))
        list(bare.map(bare_loop, [["GGGGAAAACCCC"]] * args.jobs * 4))
        rates, cpu_seconds = measure(build, bare, tasks, lists)
    print(f"| {args.jobs} cores, {args.slice_length} nt | slices/s, median (min-max) |\n|---|---|")
    print_rates(rates)
    print(
        f"A bare loop takes {cpu_seconds / len(sequences):.4f} CPU seconds a slice ({len(sequences)} slices)"
    )


if __name__ == "__main__":
    main()
