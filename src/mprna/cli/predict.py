"""`mprna predict`: a fine-tuned model on new sequences."""

from __future__ import annotations

import argparse
from typing import Final

from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_output,
    add_quiet,
    chosen_format,
    example,
    num_jobs,
    read_inputs,
)
from mprna.cli.tally import Tally

FORMATS: Final = ("tsv", "jsonl", "parquet")


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
    parser.add_argument("model", metavar="MODEL", help="run or model directory, or installed name")
    add_inputs(parser)
    add_output(parser, FORMATS)
    add_jobs(parser)
    add_quiet(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered
    from mprna.predict.finetuned import predict_records, read_columns
    from mprna.predict.tables import write_table
    from mprna.runtime.store import find_model

    tally = Tally("records have no prediction", quiet=args.quiet, output=args.output)
    model_dir = find_model(args.model)
    rows = predict_records(numbered(read_inputs(args.inputs)), model_dir, jobs=num_jobs(args))
    counted = (tally.seen(row, row["name"], row["error"]) for row in rows)
    write_table(
        counted,
        read_columns(model_dir),
        args.output,
        format_name=chosen_format(args, FORMATS),
        schema_name="predictions",
    )
    return tally.finish()
