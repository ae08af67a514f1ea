"""`mprna predict`: a fine-tuned model on new sequences."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from mprna.cli.options import add_inputs, add_output, chosen_format, example, numbered, read_inputs
from mprna.errors import MissingExtraError

FORMATS: Final = ("tsv", "jsonl")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "predict",
        help="predict with a fine-tuned model",
        description="Predict with a model that `mprna finetune` wrote: one row per record, with a reason "
        "where there is no prediction.",
        epilog=example(
            "mprna predict runs/expression/model promoters.fa -o expression.tsv",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="model directory, or installed name")
    add_inputs(parser)
    add_output(parser, FORMATS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    if find_spec("torch") is None:
        raise MissingExtraError("mprna predict", "train")
    from mprna.io.output import open_output
    from mprna.predict.task import Row, columns, open_task_engine, predict_rows, write_jsonl, write_tsv
    from mprna.runtime.store import find_model

    engine = open_task_engine(find_model(args.model))
    failed = 0

    def counted() -> Iterator[Row]:
        nonlocal failed
        for row in predict_rows(numbered(read_inputs(args.inputs)), engine):
            failed += row["error"] is not None
            yield row

    with open_output(args.output) as stream:
        if chosen_format(args, FORMATS) == "jsonl":
            write_jsonl(counted(), stream)
        else:
            write_tsv(counted(), columns(engine), stream)
    if failed:
        print(f"mprna: {failed} records without a prediction; see the column error", file=sys.stderr)
    return int(failed > 0)
