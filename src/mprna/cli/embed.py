"""`mprna embed`: sequences to vectors."""

from __future__ import annotations

import argparse
from typing import Final

from mprna.cli.options import (
    add_inputs,
    add_jobs,
    add_model,
    add_output,
    add_quiet,
    chosen_format,
    example,
    num_jobs,
    positive_int,
    read_inputs,
)
from mprna.cli.tally import Tally
from mprna.predict.limits import MAX_EMBEDDED_LENGTH
from mprna.runtime.store import DEFAULT_MODEL

FORMATS: Final = ("npz", "jsonl", "tsv")

DESCRIPTION: Final = """\
Hidden states of the model's last layer, one vector per nucleotide. npz holds one (length, width) array per
record, under the record's name, numbered where others have it too; jsonl one object per record; tsv one line
per record (needs --pool). Records that are no RNA are left out of npz, counted on standard error with the
name of the first, and have a row with the reason elsewhere; the exit status is then 1."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "embed",
        help="sequences to vectors",
        description=DESCRIPTION,
        epilog=example(
            "mprna embed rnas.fa -o vectors.npz",
            "mprna embed rnas.fa.gz --pool --format tsv -j 4 > vectors.tsv",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_inputs(parser)
    add_output(parser, FORMATS, by_default="on standard output jsonl, tsv with --pool")
    parser.add_argument(
        "--pool", action="store_true", help="the mean over nucleotides: one vector per record"
    )
    add_model(parser, default=DEFAULT_MODEL)
    parser.add_argument(
        "--max-length",
        type=positive_int,
        default=MAX_EMBEDDED_LENGTH,
        metavar="NT",
        help="leave out longer sequences [%(default)s]",
    )
    add_jobs(parser)
    add_quiet(parser)


def run(args: argparse.Namespace) -> int:
    from mprna.io.records import numbered
    from mprna.predict.embed import embed_records
    from mprna.predict.embed_output import write_vectors

    tally = Tally("records have no vectors", quiet=args.quiet, output=args.output)
    embeddings = embed_records(
        numbered(read_inputs(args.inputs)),
        model=args.model,
        backend=args.backend,
        pool=args.pool,
        max_length=args.max_length,
        jobs=num_jobs(args),
    )
    counted = (tally.seen(embedding, embedding.name, embedding.error) for embedding in embeddings)
    format_name = chosen_format(args, FORMATS, "tsv" if args.pool else "jsonl")
    write_vectors(counted, args.output, format_name=format_name, pooled=args.pool)
    return tally.finish()
