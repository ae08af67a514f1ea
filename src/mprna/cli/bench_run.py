"""`mprna bench run`: models on tasks."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli.options import add_device, add_jobs, add_suite, example, num_jobs, positive_int, seed
from mprna.errors import UsageError

if TYPE_CHECKING:
    from mprna.bench.runner import Outcome

MODES: Final = ("probe", "head", "lora", "full", "scratch", "pairs", "scratch-pairs")
BUDGET: Final = (
    ("--epochs", "passes over train at most, of every network [10]"),
    ("--batch-size", "sequences per step, of every network [32]"),
    ("--patience", "epochs without a better validation metric that end training [3]"),
)


def add_run(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "run",
        help="models on the tasks of a suite; one record per model, task and seed",
        description="Train where the model needs it, choose on the validation split, test once and write a "
        "record. Run the same command again to go on; finished records are not repeated.",
        epilog=example(
            "mprna bench run rgb --model vienna --data-dir data/rgb",
            "mprna bench run gue --task prom_core_tata --model kmer --model mini --data-dir data/gue",
            "mprna bench run gue --task prom_core_tata --model mini --mode lora --data-dir data/gue",
            "mprna bench run gue --task prom_core_tata --model hf:esm/ --mode full "
            "--learning-rate 3e-5 1e-4 3e-4 --data-dir data/gue",
            "mprna bench run own.toml --model kmer --model runs/expression/model --data-dir data",
            "mprna bench run eterna100 --version v2 --model design --model rnainverse --time-limit 10 "
            "--data-dir data/eterna100",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_suite(parser)
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME",
        help="a name of `mprna bench list --models`, an installed model or a directory, hf:DIR (a model of "
        "transformers), or 'command:PROGRAM ARGUMENTS', any program that folds a FASTA file ({}); may be "
        "repeated",
    )
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="folder with the data")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), metavar="DIR", help="folder of the records [%(default)s]"
    )
    parser.add_argument(
        "--seeds",
        type=seed,
        nargs="+",
        default=[45, 46, 47],
        metavar="N",
        help="of training, or of the search for designs [45 46 47]",
    )
    _add_training(parser)
    parser.add_argument(
        "--weights",
        action="append",
        default=[],
        metavar="NAME=DIR",
        help="where the weights of a published baseline lie; may be repeated",
    )
    parser.add_argument(
        "--trust-remote-code", action="store_true", help="run Python code that comes with a published model"
    )
    add_jobs(parser)
    parser.set_defaults(run=_run)


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode",
        choices=MODES,
        help="how checkpoints and transformers models are trained: a linear head on frozen states, a small "
        "head, low-rank updates, all weights, the same network from random weights, or all weights and our "
        "own head for pairs (structures), also from random weights; NAME:MODE says it of one model "
        "[NAME alone: folding or probe]",
    )
    for flag, text in BUDGET:
        parser.add_argument(flag, type=positive_int, metavar="N", help=text)
    parser.add_argument(
        "--learning-rate",
        type=_positive_float,
        nargs="+",
        default=[],
        metavar="X",
        help="peak of fine-tuning, and rate of cnn; of several the first seed takes the one that is best on "
        "validation, and the other seeds follow it [by mode; cnn 1e-3]",
    )
    parser.add_argument(
        "--time-limit",
        type=_positive_float,
        default=10.0,
        metavar="SECONDS",
        help="processor time of the search for each design [%(default)s]",
    )
    parser.add_argument(
        "--bfloat16", action="store_true", help="fine-tune in it: for GPUs, and processors with AVX-512"
    )
    add_device(parser)


def _run(args: argparse.Namespace) -> int:
    from mprna.bench.models.model import Budget
    from mprna.bench.models.registry import ModelOptions, with_mode
    from mprna.bench.runner import run_all
    from mprna.bench.suite import choose_tasks

    tasks = choose_tasks(args.suite, tuple(args.task))
    weights = dict(_weights(text) for text in args.weights)
    given = {name: getattr(args, name) for name in ("epochs", "batch_size", "patience")}
    given = {name: value for name, value in given.items() if value is not None}
    options = ModelOptions(
        jobs=num_jobs(args),
        weights=weights,
        remote_code=args.trust_remote_code,
        budget=Budget(**given, learning_rates=tuple(dict.fromkeys(args.learning_rate))),
        bfloat16=args.bfloat16,
        device=args.device,
        time_limit=args.time_limit,
    )
    models = [with_mode(name, args.mode) for name in args.model]
    num_records = 0
    for outcome in run_all(tasks, models, args.seeds, args.data_dir, args.out, options):
        num_records += outcome.record is not None
        _show(outcome)
    return 0 if num_records else 1


def _positive_float(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return value


def _weights(text: str) -> tuple[str, str]:
    from mprna.bench.models.registry import baselines

    name, _, directory = text.partition("=")
    if name not in baselines() or not Path(directory).is_dir():
        raise UsageError(f"--weights {text!r}; expected NAME=DIR with a baseline's name and a directory")
    return name, directory


def _show(outcome: Outcome) -> None:
    record, name = outcome.record, f"{outcome.task.full_name}\t{outcome.model}"
    if record is None:
        print(f"mprna: skipped {name}: {outcome.reason}", file=sys.stderr)
        return
    values = " ".join(f"{metric}={value:.4f}" for metric, value in record.metrics.items())
    state = f"{record.seconds:.1f} s" if outcome.is_new else "was there"
    counts = f"n={record.num_scored}/{record.num_original}"
    odd = "".join(
        f" {label}={number}"
        for label, number in (("truncated", record.num_truncated), ("failed", record.num_failed))
        if number
    )
    print(f"{name}\tseed {record.seed}\t{values}\t{counts}{odd}\t{state}")
