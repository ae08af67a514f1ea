"""`mprna finetune`: a pretrained model and a labelled table in, a model of the user's own out."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from mprna.cli.options import (
    add_device,
    add_tensorboard,
    check_tensorboard,
    example,
    job_count,
    positive_int,
    seed,
)
from mprna.errors import MissingExtraError, StoppedError
from mprna.runtime.store import DEFAULT_MODEL

TASKS = (
    "token_classification",
    "token_regression",
    "sequence_classification",
    "sequence_multilabel",
    "sequence_regression",
    "pair_prediction",
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "finetune",
        help="fine-tune a model on labelled sequences",
        description="Fine-tune a pretrained model on a table of labelled sequences (CSV, TSV, JSON Lines or "
        "Parquet), with early stopping on a validation table.",
        epilog=example(
            "mprna finetune --task sequence_regression --data train.csv valid.csv --out runs/expression",
            "mprna predict runs/expression/model new.fa",
            "mprna finetune --task pair_prediction --data known.csv other.csv --out runs/fold",
            "mprna fold --engine model --model runs/fold/model new.fa",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_data(parser)
    _add_model(parser)
    _add_training(parser)
    parser.set_defaults(run=run)


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--task", choices=TASKS, required=True, help="what is predicted, and from what")
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME",
        help="installed name, or a model directory [%(default)s]",
    )
    parser.add_argument(
        "--data", type=Path, nargs=2, required=True, metavar=("TRAIN", "VALID"), help="the two tables"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory to write")
    parser.add_argument(
        "--sequence", default="sequence", metavar="COLUMN", help="column of the sequences [%(default)s]"
    )
    parser.add_argument(
        "--label",
        nargs="+",
        default=["label"],
        metavar="COLUMN",
        help="column of the labels; several for several numbers, or labels that do not exclude each other "
        "[label]",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    """What is trained, and how the loss counts."""
    parser.add_argument(
        "--mode",
        choices=("full", "head", "lora"),
        default="full",
        help="train all weights, the head alone, or the head and low-rank updates [%(default)s]",
    )
    parser.add_argument(
        "--pooling",
        choices=("mean_max", "mean", "cls"),
        default="mean_max",
        help="of sequence tasks: mean and maximum over the nucleotides, their mean alone, or the first token "
        "[%(default)s]",
    )
    parser.add_argument(
        "--balance-classes", action="store_true", help="every class weighs the same, however rare it is"
    )


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--epochs", type=positive_int, default=10, metavar="N", help="at most [%(default)s]")
    parser.add_argument(
        "--patience",
        type=positive_int,
        default=3,
        metavar="N",
        help="epochs without a better validation metric that end it [%(default)s]",
    )
    parser.add_argument(
        "--batch-size", type=positive_int, default=32, metavar="N", help="sequences [%(default)s]"
    )
    parser.add_argument(
        "--accumulate-batches", type=positive_int, default=1, metavar="N", help="per step [%(default)s]"
    )
    parser.add_argument("--learning-rate", type=float, default=3e-4, metavar="X", help="peak [%(default)s]")
    parser.add_argument(
        "--lora-rank", type=positive_int, default=8, metavar="N", help="for --mode lora [%(default)s]"
    )
    parser.add_argument(
        "--bfloat16",
        action="store_true",
        help="faster and less exact: for GPUs, and processors with AVX-512",
    )
    parser.add_argument("--seed", type=seed, default=45, metavar="N", help="of head and order [%(default)s]")
    parser.add_argument("--resume", action="store_true", help="continue from the newest checkpoint")
    add_tensorboard(parser)
    add_device(parser)
    parser.add_argument("-j", "--threads", type=job_count, metavar="N", help="CPU threads (default: all)")


def run(args: argparse.Namespace) -> int:
    if find_spec("torch") is None:
        raise MissingExtraError("mprna finetune", "train")
    check_tensorboard(args)
    from mprna.io.labelled import read_labelled
    from mprna.runtime.store import find_model
    from mprna.train.distributed import is_first
    from mprna.train.finetune import FinetuneConfig, finetune
    from mprna.train.state import newest_step

    config = FinetuneConfig(
        task=args.task,
        mode=args.mode,
        pooling=args.pooling,
        epochs=args.epochs,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        balance_classes=args.balance_classes,
        patience=args.patience,
        lora_rank=args.lora_rank,
        accumulate_batches=args.accumulate_batches,
        bfloat16=args.bfloat16,
        seed=args.seed,
    )
    train_rows, validation_rows = (
        read_labelled(path, sequence_column=args.sequence, label_columns=args.label) for path in args.data
    )
    model_dir = finetune(
        config,
        find_model(args.model),
        train_rows,
        validation_rows,
        args.out,
        label_names=args.label,
        resume=args.resume,
        device=args.device,
        num_threads=args.threads,
        tensorboard=args.tensorboard,
    )
    if model_dir is not None:
        print(model_dir)
    elif is_first():
        raise StoppedError(f"stopped at step {newest_step(args.out)}; --resume goes on")
    return 0
