"""Tokens per second of training, beside `EsmForMaskedLM` under the Trainer of Hugging Face, in one run.

    python benchmarks/train.py [--preset mini] [--length 256] [--steps 8] [--data-dir CORPUS]
    python benchmarks/train.py --device cuda --batch-tokens 65536 --steps 20

Both train the same architecture by masked language modelling alone on the same slices, in bfloat16 on a GPU
and where the CPU has AVX-512, in batches of at most as many tokens; in turn, `--rounds` times. Ours cuts
batches by length, the Trainer takes them as they come. Then ours with all four objectives. Padding does not
count. MFU is the share of a bfloat16 (float32) product of two matrices that the useful products reach
(`mprna/train/utilization.py`). Memory is the peak of a process of its own, on a GPU of its tensors there.
Needs accelerate, as the Trainer does. Without --data-dir: random sequences, two thirds of full length, the
others of 50 nt and more, seed 0.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    DataCollatorForLanguageModeling,
    EsmConfig,
    EsmForMaskedLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
)

from mprna.corpus.drops import Drops
from mprna.corpus.manifest import Manifest, ShardFile, write_manifest
from mprna.corpus.shards import Slice, write_shard
from mprna.digest import file_sha256
from mprna.model.hf_layout import config_to_hf
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.mixture import ObjectiveConfig
from mprna.objectives.objective import Batch
from mprna.tokenizer import Tokenizer
from mprna.train.config import TrainConfig
from mprna.train.dataset import SliceDataset
from mprna.train.loop import train
from mprna.train.pretrain import Pretraining, make_stream
from mprna.train.utilization import product_flops, training_flops

BATCHES = 25
"""Of the random corpus, about."""
WARM_UP = 2
"""Steps that are not timed."""
GOAL = 1.5

LANGUAGE_ONLY = ObjectiveConfig(mutation_repair=0.0, secondary_structure=0.0, base_pairing=0.0)
SIDES = ("ours", "trainer", "ours, all objectives")


def main() -> None:
    args = parse()
    if args.side:
        print(json.dumps(measure(args)))
        return
    with tempfile.TemporaryDirectory() as directory:
        corpus_dir = args.data_dir or write_corpus(Path(directory) / "corpus", args.length, args.batch_tokens)
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(args.rounds):
            for side in SIDES:
                runs[side].append(in_a_process(side, corpus_dir, args))
    print_table(runs, args)


def in_a_process(side: str, corpus_dir: Path, args: argparse.Namespace) -> dict[str, float]:
    command = [
        sys.executable,
        __file__,
        "--side",
        side,
        "--data-dir",
        str(corpus_dir),
        "--preset",
        args.preset,
    ]
    command += ["--steps", str(args.steps), "--batch-tokens", str(args.batch_tokens), "--device", args.device]
    outcome = subprocess.run(command, capture_output=True, text=True)
    if outcome.returncode != 0:
        raise SystemExit(f"{side}: {outcome.stderr.strip()}")
    result: dict[str, float] = json.loads(outcome.stdout.splitlines()[-1])
    return result


def measure(args: argparse.Namespace) -> dict[str, float]:
    """Of one side: tokens and seconds of its steps, memory in MiB, and the speed of matrix products."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    run = run_trainer if args.side == "trainer" else run_ours
    with tempfile.TemporaryDirectory() as directory:
        tokens, seconds, flops = run(args, Path(directory))
    if args.device == "cpu":
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    else:
        memory = torch.cuda.max_memory_allocated() / 2**20
    peak = product_flops(torch.device(args.device), bfloat16=has_bfloat16(args.device))
    return {"rate": tokens / seconds, "mfu": flops / seconds / peak, "memory": memory}


def run_ours(args: argparse.Namespace, directory: Path) -> tuple[float, float, float]:
    """Tokens, seconds and useful operations of the timed steps."""
    config = config_of(args)
    stream = make_stream([args.data_dir], config)
    learner = Pretraining(MprnaModel(PRESETS[args.preset]).to(args.device), config, [])
    clock = Clock(args.device)

    def batches_from(start: int) -> Iterator[Batch]:
        for batch in stream.batches_from(start):
            clock.tick(batch.attention_mask.sum(1).tolist())
            yield batch

    train(learner, batches_from, config=config, run_dir=directory)
    return clock.result(args.preset)


def run_trainer(args: argparse.Namespace, directory: Path) -> tuple[float, float, float]:
    Tokenizer().save(directory)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(directory)
    dataset = SliceDataset([args.data_dir])
    sequences = [Tokenizer().decode(dataset[n].nucleotide_ids) for n in range(len(dataset))]
    rows = [tokenizer(sequence) for sequence in sequences]
    longest = max(len(row["input_ids"]) for row in rows)
    clock = Clock(args.device)
    collate = DataCollatorForLanguageModeling(tokenizer, mlm_probability=0.15)

    def collate_and_count(chosen: list[Any]) -> Any:
        clock.tick([len(row["input_ids"]) for row in chosen])
        return collate(chosen)

    trainer = Trainer(
        model=EsmForMaskedLM(EsmConfig(**config_to_hf(PRESETS[args.preset]))),
        args=TrainingArguments(
            output_dir=str(directory),
            max_steps=WARM_UP + args.steps + 1,
            per_device_train_batch_size=max(1, args.batch_tokens // longest),
            learning_rate=1e-4,
            bf16=has_bfloat16(args.device),
            use_cpu=args.device == "cpu",
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            dataloader_num_workers=0,
            remove_unused_columns=False,
        ),
        data_collator=collate_and_count,
        train_dataset=rows,
    )
    trainer.train()
    return clock.result(args.preset)


class Clock:
    """When each batch was asked for, and how long its sequences are."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.times: list[float] = []
        self.lengths: list[list[int]] = []

    def tick(self, lengths: list[int]) -> None:
        wait_for(self.device)
        self.times.append(time.perf_counter())
        self.lengths.append(lengths)

    def result(self, preset: str) -> tuple[float, float, float]:
        """Tokens, seconds and useful operations between the first batch after the warm-up and the last."""
        sequences = [length for batch in self.lengths[WARM_UP:-1] for length in batch]
        flops = training_flops(PRESETS[preset], sequences)
        return sum(sequences), self.times[-1] - self.times[WARM_UP], flops


def wait_for(device: str) -> None:
    """Until a GPU has done what it was told."""
    if device != "cpu":
        torch.cuda.synchronize()


def has_bfloat16(device: str) -> bool:
    return device != "cpu" or "AVX512" in torch.backends.cpu.get_cpu_capability()


def config_of(args: argparse.Namespace) -> TrainConfig:
    config = TrainConfig(
        preset=args.preset,
        num_steps=WARM_UP + args.steps + 1,
        batch_tokens=args.batch_tokens,
        learning_rate=1e-4,
        bfloat16=has_bfloat16(args.device),
        evaluate_every=10**9,
        save_every=10**9,
    )
    return config if args.side.endswith("objectives") else replace(config, objectives=LANGUAGE_ONLY)


def write_corpus(directory: Path, length: int, batch_tokens: int) -> Path:
    """Random slices; every second has a hairpin as its structure, so that all objectives have work."""
    rng = np.random.default_rng(0)
    directory.mkdir()
    slices = []
    num_slices = BATCHES * batch_tokens // length
    for number in range(num_slices):
        size = length if number % 3 else int(rng.integers(50, length))
        labels = {} if number % 2 else {"structure": hairpins(size), "confidence": bytes([200]) * size}
        sequence = "".join("ACGU"[base] for base in rng.integers(4, size=size))
        slices.append(
            Slice(id=str(number), source="random", species="", start=0, sequence=sequence, **labels)
        )
    path = directory / "slices.parquet"
    write_shard(slices, path)
    file = ShardFile(
        name=path.name, rows=num_slices, nt=sum(len(one.sequence) for one in slices),
        annotated=num_slices // 2, fold_failed=0, sha256=file_sha256(path),
    )  # fmt: skip
    write_manifest(Manifest(files=(file,), sources=(), drops=Drops(), options={}, versions={}), directory)
    return directory


def hairpins(length: int) -> str:
    return ("(((((....)))))......" * (length // 20 + 1))[: length // 20 * 20].ljust(length, ".")


def print_table(runs: dict[str, list[dict[str, float]]], args: argparse.Namespace) -> None:
    print(
        f"{args.preset}, slices of {args.length} nt, at most {args.batch_tokens:,} tokens a step, "
        f"{'one core' if args.device == 'cpu' else torch.cuda.get_device_name()}\n"
    )
    print("| | tokens/s | ratio to the Trainer, every round | MFU | MiB |\n|---|---|---|---|---|")
    for side, rounds in runs.items():
        ratios = [mine["rate"] / its["rate"] for mine, its in zip(rounds, runs["trainer"], strict=True)]
        best = max(rounds, key=lambda one: one["rate"])
        cells = [side, f"{best['rate']:,.0f}", " ".join(f"{ratio:.2f}" for ratio in ratios)]
        print(f"| {' | '.join(cells)} | {best['mfu']:.2f} | {best['memory']:,.0f} |")
        if side == "ours":
            reached = float(np.median(ratios))
    print(f"\n{'above' if reached >= GOAL else 'BELOW'} the goal of {GOAL} times the Trainer: {reached:.2f}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="mini", choices=list(PRESETS))
    parser.add_argument("--length", type=int, default=256, metavar="NT")
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-tokens", type=int, default=4_096)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--data-dir", type=Path, metavar="CORPUS")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
