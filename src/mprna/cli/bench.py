"""`mprna bench`: tasks, runs, leaks and tables."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli.bench_figure import add_figure, add_structure_models, report_figures
from mprna.cli.bench_rebuild import add_rebuild
from mprna.cli.options import add_device, add_jobs, example, num_jobs, positive_int, seed
from mprna.errors import UsageError

if TYPE_CHECKING:
    from mprna.bench.runner import Outcome

SUITES: Final = ("rgb", "pgb", "gue", "gb", "eterna100")
MODES: Final = ("probe", "head", "lora", "full", "scratch")
BUDGET: Final = (
    ("--epochs", "passes over train at most, of every network [10]"),
    ("--batch-size", "sequences per step, of every network [32]"),
    ("--patience", "epochs without a better validation metric that end training [3]"),
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `bench` and its own subcommands."""
    parser = subparsers.add_parser(
        "bench",
        help="benchmark models: tasks, runs, leaks between splits, tables",
        description="Benchmark models on RGB, PGB, GUE, GB and Eterna100.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_list(actions)
    _add_download(actions)
    _add_run(actions)
    _add_report(actions)
    add_figure(actions)
    _add_audit(actions)
    add_rebuild(actions)


def _add_suite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("suite", choices=SUITES, help="rgb, pgb, gue, gb or eterna100")
    parser.add_argument(
        "--task",
        "--version",
        dest="task",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one, such as v1 or v2 of eterna100; may be repeated",
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
    _add_suite(parser)
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


def _add_run(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
            "mprna bench run eterna100 --version v2 --model design --model rnainverse --time-limit 10 "
            "--data-dir data/eterna100",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_suite(parser)
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
    parser.add_argument(
        "--mode",
        choices=MODES,
        help="how checkpoints and transformers models are trained: a linear head on frozen states, a small "
        "head, low-rank updates, all weights, or the same network from random weights; NAME:MODE says it of "
        "one model [NAME alone: folding or probe]",
    )
    for flag, text in BUDGET:
        parser.add_argument(flag, type=positive_int, metavar="N", help=text)
    parser.add_argument(
        "--learning-rate",
        type=_positive_float,
        nargs="+",
        default=[],
        metavar="X",
        help="peak of fine-tuning; of several the first seed takes the one that is best on validation, and "
        "the other seeds follow it [by mode]",
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


def _add_report(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "report",
        help="records to tables: Markdown, LaTeX or a page of its own",
        description="Means over seeds, intervals over test items, paired tests and average ranks of all "
        "records of a folder; published numbers in a block apart.",
        epilog=example("mprna bench report bench/", "mprna bench report bench/ --format html -o report.html"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("records", type=Path, metavar="DIR", help="folder of the records")
    parser.add_argument(
        "--format",
        choices=("markdown", "latex", "html"),
        help="[by the suffix of -o: .tex, .html; else markdown]",
    )
    parser.add_argument("-o", "--output", metavar="FILE", help="instead of standard output")
    parser.add_argument(
        "--without-leaked", type=Path, metavar="FILE", help="leave out the test rows that this audit found"
    )
    parser.add_argument(
        "--figure", type=Path, metavar="FILE.svg", help="also draw every task by its first metric as bars"
    )
    parser.add_argument(
        "--training",
        type=Path,
        metavar="RUN",
        help="in the page: what this pretraining run asked and learned",
    )
    parser.add_argument(
        "--structure", type=Path, metavar="FILE", help="in the page: known structures beside predicted ones"
    )
    add_structure_models(parser)
    parser.add_argument("--no-published", action="store_true", help="without the block of published numbers")
    parser.add_argument("--title", default="Benchmark", help="[%(default)s]")
    parser.set_defaults(run=_report)


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
    _add_suite(parser)
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


def _report(args: argparse.Namespace) -> int:
    from mprna.bench.audit import leaked_rows
    from mprna.bench.figures import chart_svg, measured_panels
    from mprna.bench.record import read_records_of
    from mprna.bench.report import render
    from mprna.bench.table import build_table
    from mprna.io.output import open_output

    left_out = leaked_rows(args.without_leaked) if args.without_leaked else None
    table = build_table(read_records_of(args.records), left_out)
    suffix = (args.output or "").rpartition(".")[2]
    format_name = args.format or {"tex": "latex", "html": "html"}.get(suffix, "markdown")
    figures = report_figures(args)
    text = render(table, format_name, title=args.title, published=not args.no_published, figures=figures)
    with open_output(args.output) as stream:
        stream.write(text)
    if args.figure:
        with open_output(args.figure) as stream:
            stream.write(chart_svg(measured_panels(table)))
    return 0


def _audit(args: argparse.Namespace) -> int:
    from mprna.bench.audit import audit_corpus, audit_task, write_audit
    from mprna.bench.task import choose_tasks
    from mprna.errors import DataError

    tasks = choose_tasks(args.suite, tuple(args.task))
    leaks, found = [], []
    for task in tasks:
        try:
            leaks += audit_task(task, args.data_dir)
            found.append(task)
        except DataError as error:
            if type(error) is not DataError:
                raise
            print(f"mprna: skipped {error}", file=sys.stderr)
    if args.against and found:
        leaks += audit_corpus(found, args.data_dir, args.against)
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
    from mprna.bench.task import SPLITS, load_suite

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
    from mprna.bench.task import choose_tasks

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


def _run(args: argparse.Namespace) -> int:
    from mprna.bench.models.model import Budget
    from mprna.bench.models.registry import ModelOptions, with_mode
    from mprna.bench.runner import run_all
    from mprna.bench.task import choose_tasks

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
