"""`mprna bench`: tasks, runs, leaks and tables."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mprna.cli.bench_figure import add_figure
from mprna.cli.bench_rebuild import add_rebuild
from mprna.cli.bench_report import add_report
from mprna.cli.bench_run import add_run
from mprna.cli.options import SUITES, add_suite, example


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bench` and its own subcommands."""
    parser = subparsers.add_parser(
        "bench",
        help="benchmark models: tasks, runs, leaks between splits, tables",
        description="Benchmark models on RGB, PGB, GUE, GB and Eterna100, or on tables of your own.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_download(actions)
    add_run(actions)
    add_report(actions)
    add_figure(actions)
    _add_audit(actions)
    add_rebuild(actions)


def _add_list(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "list",
        help="tasks of the suites, and models",
        description="Task, type, metrics, longest sequence and expected rows of train, valid and test, "
        "tab-separated; with --data-dir whether the files are there; with --models the models instead.",
        epilog=example("mprna bench list", "mprna bench list rgb --data-dir data/rgb"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", nargs="?", metavar="SUITE", help="name, or a file SUITE.toml [all]")
    parser.add_argument("--data-dir", type=Path, metavar="DIR", help="look here for the files")
    parser.add_argument("--models", action="store_true", help="list models by name")
    parser.set_defaults(run=_list)


def _add_download(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "download",
        help="the data of a suite, from the Hugging Face hub",
        description="Fetch the splits of a suite that are not in the data folder (needs the extra [hub]) and "
        "compare their rows with those that the suite describes. The same command again goes on. Prints "
        "task, split, rows, whether they are as described, and whether the file is new, tab-separated.",
        epilog=example(
            "mprna bench download rgb --data-dir data/rgb",
            "mprna bench download gue --task prom_core_tata --data-dir data/gue",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_suite(parser)
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="folder for the data")
    parser.add_argument(
        "--revision",
        default="main",
        metavar="COMMIT",
        help="commit, tag or branch of the repository; the commit is written to DIR/downloaded.json "
        "[%(default)s]",
    )
    parser.add_argument(
        "--any-rows", action="store_true", help="take rows too that differ from those this suite describes"
    )
    parser.set_defaults(run=_download)


def _add_audit(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "audit",
        help="sequences that stand in two splits, or in a corpus",
        description="Exact and near duplicates (half of the 14-mers in one other sequence) between the "
        "splits of every task, and with --against of the test splits in a corpus, as a table.",
        epilog=example(
            "mprna bench audit rgb --data-dir data/rgb -o audit.json",
            "mprna bench audit rgb --data-dir data/rgb --against transcripts/plants.fa.gz",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_suite(parser)
    parser.add_argument("--data-dir", type=Path, required=True, metavar="DIR", help="folder with the data")
    parser.add_argument(
        "--against", type=Path, nargs="+", default=[], metavar="FILE", help="sequences of a training corpus"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="also write the rows, for report --without-leaked",
    )
    parser.set_defaults(run=_audit)


def _audit(args: argparse.Namespace) -> int:
    from mprna.bench.audit import audit_corpus, audit_task, write_audit
    from mprna.bench.data import find_split
    from mprna.bench.suite import choose_tasks
    from mprna.errors import MissingDataError

    tasks = choose_tasks(args.suite, tuple(args.task))
    leaks, tested = [], []
    for task in tasks:
        try:
            leaks += audit_task(task, args.data_dir)
            tested += [task] if find_split(task, "test", args.data_dir) else []
        except MissingDataError as error:
            print(f"mprna: skipped {error}", file=sys.stderr)
    if args.against and tested:
        leaks += audit_corpus(tested, args.data_dir, args.against)
    print("task", "split", "in", "sequences", "exact", "near", sep="\t")
    for leak in leaks:
        counts = (leak.num_sequences, len(leak.exact), len(leak.near))
        print(leak.task, leak.split, leak.within, *counts, sep="\t")
    if args.output:
        write_audit(leaks, args.output)
    return 0 if leaks else 1


def _list(args: argparse.Namespace) -> int:
    from mprna.bench.data import find_split
    from mprna.bench.models.registry import MODELS, baselines
    from mprna.bench.suite import load_suite
    from mprna.bench.task import SPLITS

    if args.models:
        print("\n".join(MODELS))
        for name, entry in baselines().items():
            print(name, entry["id"], entry["tokenization"], entry["parameters"], sep="\t")
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


def _download(args: argparse.Namespace) -> int:
    from mprna.bench.download import download
    from mprna.bench.suite import choose_tasks

    tasks = choose_tasks(args.suite, tuple(args.task))
    status = 0
    for arrival in download(tasks, args.data_dir, revision=args.revision, any_rows=args.any_rows):
        if arrival.reason:
            print(f"mprna: {arrival.reason}", file=sys.stderr)
            status = 1
            continue
        described = {True: "as described", False: "not as described", None: "not described"}
        state = "new" if arrival.is_new else "was there"
        print(
            arrival.task.full_name,
            arrival.split,
            arrival.rows,
            described[arrival.as_described],
            state,
            sep="\t",
        )
    return status
