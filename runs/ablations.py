"""Does structure pretraining help? One small network from six starts, three tasks, three seeds, one table.

    python runs/ablations.py CORPORA WORK --data-dir DATA [--arms language repair ...]

`runs/ablations.sh` builds CORPORA and calls this. DATA holds `rgb/` and `snm_source/`. Every arm is
pretrained on equally many tokens, padding included; then its last model is fine-tuned on RGB's bpRNA
(train, valid, test) and on SNMD and SNMR (training rows rebuilt from Arabidopsis transcripts; valid; test)
with a fixed budget, `--seeds` times. Validation chooses the epoch; test is scored once, at the end.
WORK/table.md (`ablation_table.py`) has means over seeds with intervals, and paired differences. One seed
pretrains, so the intervals do not know how far another one would be.

Killed at any moment, the same command goes on where it was. Two processes with different `--arms` may share
WORK. `--plan` measures what it would cost here and trains nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from ablation_table import items_path, save_items, table_lines
from repair import transcripts, windows

from mprna.alphabet import NUCLEOTIDES
from mprna.bench.data import load_split
from mprna.bench.examples import Example
from mprna.bench.metrics import METRICS, Floats
from mprna.bench.rebuild import WINDOW, substitute
from mprna.bench.suite import choose_tasks
from mprna.bench.task import Task
from mprna.corpus.manifest import read_manifest
from mprna.files import write_json
from mprna.io.labelled import LabelledRow
from mprna.model.checkpoint import save_checkpoint
from mprna.model.network import MprnaModel
from mprna.model.presets import PRESETS
from mprna.objectives.mixture import ObjectiveConfig
from mprna.objectives.objective import Batch
from mprna.runtime.load import load_task_engine
from mprna.train.config import TrainConfig
from mprna.train.device import find_device, slow_precision
from mprna.train.finetune import FinetuneConfig, finetune
from mprna.train.loop import train
from mprna.train.pretrain import Pretraining, make_stream, pretrain
from mprna.train.recipes import mini_cpu

LABELLED_WEIGHT = 16
"""Times that the slices with a structure to trust are seen per epoch, as in runs/mini_more.sh."""

WARM_UP, TIMED = 2, 4
"""Steps of the plan."""


@dataclass(frozen=True)
class Arm:
    """How a network is pretrained."""

    about: str
    objectives: ObjectiveConfig
    corpora: tuple[str, str] = ("corpus", "labelled")
    """All slices, and those that have a structure."""


LANGUAGE = ObjectiveConfig(
    mutation_rate=0.0,
    clean_share=0.0,
    joint_share=0.0,
    mutation_repair=0.0,
    secondary_structure=0.0,
    base_pairing=0.0,
)
PAPER = ObjectiveConfig(base_pairing=0.0)

ARMS = {
    "language": Arm("masked language modelling", LANGUAGE),
    "repair": Arm(
        "+ mutation repair", dataclasses.replace(PAPER, clean_share=0, joint_share=0, secondary_structure=0)
    ),
    "unfiltered": Arm(
        "+ structure labels, every fold of ViennaRNA",
        dataclasses.replace(PAPER, weigh_by_confidence=False),
        ("unfiltered", "unfiltered_labelled"),
    ),
    "calibrated": Arm("+ structure labels, calibrated", PAPER),
    "pairs": Arm("calibrated, + partners (ours): the whole recipe", ObjectiveConfig()),
}
RANDOM = "random"
"""Not pretrained at all."""

COMPARED = (
    ("language", RANDOM),
    ("repair", "language"),
    ("unfiltered", "repair"),
    ("calibrated", "unfiltered"),
    ("calibrated", "repair"),
    ("calibrated", "language"),
    ("pairs", "calibrated"),
    ("pairs", "language"),
)

TASKS = ("ssp-bprna", "snmd", "snmr")


def main() -> None:
    args = parse()
    torch.set_num_threads(1)
    if args.plan:
        print_plan(args)
        return
    claim(args)
    tasks = choose_tasks("rgb", args.tasks)
    for name in args.arms:
        model_dir = initial_model(name, args)
        for task in tasks:
            for seed in range(args.seeds):
                tune_and_score(name, model_dir, task, seed, args)
    starts = {RANDOM: "not pretrained"} | {name: arm.about for name, arm in ARMS.items()}
    table = "\n".join(table_lines(args.work, tasks, starts, COMPARED, seeds=args.seeds))
    (args.work / "table.md").write_text(table + "\n")
    print(table)


def claim(args: argparse.Namespace) -> None:
    """One WORK, one budget: what decides the outcome is written once, and must be the same ever after."""
    names = ("preset", "tokens", "train_rows", "valid_rows", "test_rows", "epochs", "seeds")
    settings = {name: getattr(args, name) for name in names}
    path = args.work / "settings.json"
    if path.exists() and json.loads(path.read_text()) != settings:
        raise SystemExit(f"{path} was written with other settings; choose another WORK")
    args.work.mkdir(parents=True, exist_ok=True)
    write_json(settings, path)


# Pretraining


def initial_model(name: str, args: argparse.Namespace) -> Path:
    """The directory of an arm's model; trains it where that is not done yet."""
    run_dir: Path = args.work / "pretrain" / name
    if name == RANDOM:
        config = mini_cpu()
        torch.manual_seed(config.seed)
        save_checkpoint(MprnaModel(PRESETS[args.preset]), run_dir / "model", dtype=torch.float16)
        return run_dir / "model"
    return finished(pretrain_arm(ARMS[name], args, run_dir, train_config(ARMS[name], args)))


def train_config(arm: Arm, args: argparse.Namespace) -> TrainConfig:
    config = mini_cpu()
    return dataclasses.replace(
        config,
        preset=args.preset,
        num_steps=max(1, int(args.tokens) // config.batch_tokens),
        learning_rate=1e-3,
        evaluate_every=1_000,
        bfloat16=slow_precision(find_device(), bfloat16=True) is None,
        corpus_weights=(1.0, labelled_weight(arm, args.corpora)),
        objectives=arm.objectives,
    )


def labelled_weight(arm: Arm, corpora: Path) -> float:
    """Such that labelled nucleotides have the same share in every arm, however many slices are labelled."""
    trusted, labelled = (
        sum(file.nt for file in read_manifest(corpora / name).files) for name in ("labelled", arm.corpora[1])
    )
    return LABELLED_WEIGHT * trusted / labelled


def pretrain_arm(arm: Arm, args: argparse.Namespace, run_dir: Path, config: TrainConfig) -> Path | None:
    corpora = [args.corpora / name for name in arm.corpora]
    return pretrain(config, corpora, run_dir, validation_dir=args.corpora / "heldout", resume=True)


def finished(model_dir: Path | None) -> Path:
    if model_dir is None:
        raise SystemExit("stopped by SIGTERM; the same command goes on")
    return model_dir


# Fine-tuning


def tune_and_score(name: str, model_dir: Path, task: Task, seed: int, args: argparse.Namespace) -> None:
    """Fine-tune, then keep what the metric needs of every test item; nothing where that is there already."""
    path = items_path(args.work, task, name, seed)
    if path.exists():
        return
    run_dir = path.with_suffix("")
    rows, valid = training_rows(task, args)
    config = FinetuneConfig(
        task="token_classification",
        epochs=args.epochs,
        patience=args.epochs,
        learning_rate=5e-4,
        balance_classes=task.type == "mutation_detection",
        bfloat16=slow_precision(find_device(), bfloat16=True) is None,
        seed=seed,
    )
    tuned_dir = finished(finetune(config, model_dir, rows, valid, run_dir, resume=True))
    test = load_split(task, "test", args.data_dir / "rgb").examples[: args.test_rows]
    save_items(score(tuned_dir, task, test), path)


def training_rows(task: Task, args: argparse.Namespace) -> tuple[list[LabelledRow], list[LabelledRow]]:
    """The same rows for every arm and seed."""
    valid = load_split(task, "valid", args.data_dir / "rgb").examples
    if task.type == "structure":
        examples = load_split(task, "train", args.data_dir / "rgb").examples
    else:
        examples = tuple(mutated_examples(task, args.data_dir, 2 * args.train_rows))
    return choose(examples, task, args.train_rows), choose(valid, task, args.valid_rows)


def choose(examples: Sequence[Example], task: Task, number: int, longest: int = 300) -> list[LabelledRow]:
    """A random sample of rows that have a label."""
    found = [row_of(example, task) for example in examples if len(example.sequence) <= longest]
    labelled = [row for row in found if any(label is not None for label in row.labels[0])]
    order = np.random.default_rng(0).permutation(len(labelled))[:number]
    return [labelled[i] for i in order]


def row_of(example: Example, task: Task) -> LabelledRow:
    """Class names per nucleotide; None where the task scores nothing."""
    if task.type == "structure":
        labels = [symbol if symbol in task.classes else None for symbol in example.label]
    else:
        labels = [task.classes[number] if number >= 0 else None for number in example.label.tolist()]
    return LabelledRow(example.sequence, (labels,), task.full_name, 0)


def mutated_examples(task: Task, data_dir: Path, number: int) -> Iterator[Example]:
    """Windows of transcripts with substitutions, as RGB's rows were made."""
    rng = np.random.default_rng(1)
    draws = windows(transcripts(sorted((data_dir / "snm_source").glob("*.fa.gz")), len), WINDOW, rng)
    for _ in range(number):
        _, _, original = next(draws)
        mutated = substitute(original, rng)
        changed = np.array([old != new for old, new in zip(original, mutated, strict=True)])
        bases = np.array([NUCLEOTIDES.index(base) for base in original])
        label = changed.astype(int) if task.type == "mutation_detection" else np.where(changed, bases, -1)
        yield Example(mutated, label)


def score(model_dir: Path, task: Task, examples: Sequence[Example]) -> list[Floats]:
    """What the task's metric needs, of every example."""
    engine, metric = load_task_engine(model_dir), METRICS[task.metrics[0]]
    columns = [engine.task.labels.index(name) for name in task.classes]
    items = []
    for example in examples:
        probs = engine.predict(example.sequence)[:, columns]
        found: Any = probs
        if task.type == "structure":
            found = "".join(task.classes[best] for best in probs.argmax(1))
        items.append(metric.item(example.label, found))
    return items


# The plan


def print_plan(args: argparse.Namespace) -> None:
    """CPU seconds of a step, and what follows for all of it."""
    total = 0.0
    print("| | CPU s | hours |\n|---|---|---|")
    with TemporaryDirectory() as scratch:
        for name in (name for name in args.arms if name in ARMS):
            config = train_config(ARMS[name], args)
            seconds = seconds_per_step(ARMS[name], args, config, Path(scratch) / "steps" / name)
            hours = seconds * config.num_steps / 3600
            print(f"| {name}, {config.num_steps:,} steps | {seconds:.2f} a step | {hours:.2f} |", flush=True)
            total += hours
        model_dir = initial_model(RANDOM, argparse.Namespace(**vars(args) | {"work": Path(scratch)}))
        for task in choose_tasks("rgb", args.tasks):
            hours = tuning_seconds(task, model_dir, Path(scratch), args) / 3600
            print(f"| {task.name}, each of {args.seeds} seeds | | {hours:.2f} |", flush=True)
            total += hours * args.seeds * len(args.arms)
    print(f"| all of {', '.join(args.arms)} | | {total:.1f} |")


def seconds_per_step(arm: Arm, args: argparse.Namespace, config: TrainConfig, run_dir: Path) -> float:
    never, num_steps = 10**9, WARM_UP + TIMED + 1
    config = dataclasses.replace(config, num_steps=num_steps, evaluate_every=never, save_every=never)
    stream = make_stream([args.corpora / name for name in arm.corpora], config)
    run_dir.mkdir(parents=True)
    times: list[float] = []

    def batches_from(start: int) -> Iterator[Batch]:
        for batch in stream.batches_from(start):
            times.append(time.process_time())
            yield batch

    train(
        Pretraining(MprnaModel(PRESETS[args.preset]), config, []),
        batches_from,
        config=config,
        run_dir=run_dir,
    )
    return (times[WARM_UP + TIMED] - times[WARM_UP]) / TIMED


def tuning_seconds(task: Task, model_dir: Path, scratch: Path, args: argparse.Namespace) -> float:
    """At most, of one fine-tuning with its test; from two batches of training and 32 rows of test."""
    few = 64
    examples, valid = training_rows(task, args)
    config = FinetuneConfig(task="token_classification", epochs=1)
    started = time.process_time()
    tuned = finished(finetune(config, model_dir, examples[:few], valid[: few // 2], scratch / task.name))
    trained = time.process_time()
    test = load_split(task, "test", args.data_dir / "rgb").examples[: few // 2]
    score(tuned, task, test)
    tested = time.process_time()
    scored, step = (tested - trained) / len(test), (trained - started) / few
    rows = args.epochs * (step * args.train_rows + scored * args.valid_rows)
    return rows + scored * min(args.test_rows or 10**9, 1_305)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpora", type=Path, metavar="CORPORA")
    parser.add_argument("work", type=Path, metavar="WORK")
    parser.add_argument("--data-dir", type=Path, required=True)
    names = (RANDOM, *ARMS)
    parser.add_argument("--arms", nargs="+", choices=names, default=names, help="all without it")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS, help="all without it")
    parser.add_argument("--preset", default="micro", choices=PRESETS)
    parser.add_argument("--tokens", type=float, default=30e6, help="of every arm, padding included")
    parser.add_argument("--train-rows", type=int, default=3_000)
    parser.add_argument("--valid-rows", type=int, default=300)
    parser.add_argument("--test-rows", type=int, help="the first ones; all without it")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--plan", action="store_true", help="measure the cost, train nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
