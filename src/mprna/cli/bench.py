"""`mprna bench`: tasks, runs, leaks and tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli.options import add_jobs, example, num_jobs

if TYPE_CHECKING:
    from mprna.bench.runner import Outcome

SUITES: Final = ("rgb", "pgb", "gue", "gb")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bench` and its own subcommands."""
    parser = subparsers.add_parser(
        "bench",
        help="benchmark models: tasks, runs, leaks between splits, tables",
        description="Benchmark models on RGB, PGB, GUE and GB.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_run(actions)


def _add_suite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("suite", choices=SUITES, help="rgb, pgb, gue or gb")
    parser.add_argument(
        "--task", action="append", default=[], metavar="NAME", help="only this one; may be repeated"
    )


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "list",
        help="tasks of the suites, and models",
        description="Task, type, metrics, longest sequence and expected rows of train, valid and test, "
        "tab-separated; with --data-dir whether the files are there; with --models the models instead.",
        epilog=example("mprna bench list", "mprna bench list rgb --data-dir data/rgb"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", nargs="?", choices=SUITES, help="[all]")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="look here for the files")
    parser.add_argument("--models", action="store_true", help="list models by name")
    parser.set_defaults(run=_list)


def _add_run(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "run",
        help="models on the tasks of a suite; one record per model, task and seed",
        description="Train where the model needs it, choose on the validation split, test once and write a "
        "record. Run the same command again to go on; finished records are not repeated.",
        epilog=example(
            "mprna bench run rgb --model vienna --data-dir data/rgb",
            "mprna bench run gue --task prom_core_tata --model kmer --model mini --data-dir data/gue",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_suite(parser)
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="NAME",
        help="a name of `mprna bench list --models`, an installed model or a directory; may be repeated",
    )
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="folder with the data")
    parser.add_argument(
        "--out", type=Path, default=Path("bench"), metavar="DIR", help="folder of the records [%(default)s]"
    )
    parser.add_argument(
        "--seeds", type=int, nargs="+", default=[45, 46, 47], metavar="N", help="of training [45 46 47]"
    )
    add_jobs(parser)
    parser.set_defaults(run=_run)


def _list(args: argparse.Namespace) -> int:
    from mprna.bench.data import find_split
    from mprna.bench.models.registry import MODELS
    from mprna.bench.task import SPLITS, load_suite

    if args.models:
        print("\n".join(MODELS))
        return 0
    for suite in [args.suite] if args.suite else SUITES:
        for task in load_suite(suite):
            sizes = "/".join(str(task.splits[s].size) if s in task.splits else "-" for s in SPLITS)
            columns = [task.full_name, task.type, ",".join(task.metrics), f"{task.max_length} nt", sizes]
            if args.data_dir:
                found = [split for split in SPLITS if find_split(task, split, args.data_dir)]
                columns.append(",".join(found) or "missing")
            print(*columns, sep="\t")
    return 0


def _run(args: argparse.Namespace) -> int:
    from mprna.bench.models.registry import ModelOptions
    from mprna.bench.runner import run_all
    from mprna.bench.task import choose_tasks

    tasks = choose_tasks(args.suite, tuple(args.task))
    options = ModelOptions(jobs=num_jobs(args))
    num_records = 0
    for outcome in run_all(tasks, args.model, args.seeds, args.data_dir, args.out, options):
        num_records += outcome.record is not None
        _show(outcome)
    return 0 if num_records else 1


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
