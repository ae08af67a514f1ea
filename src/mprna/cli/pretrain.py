"""`mprna pretrain`: corpora and a recipe in, a run directory out."""

from __future__ import annotations

import argparse
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from mprna.cli.options import add_device, add_tensorboard, check_tensorboard, job_count
from mprna.errors import MissingExtraError, StoppedError
from mprna.runtime.store import find_model

EXAMPLE = """\
example:
  mprna corpus build transcripts/*.fa.gz --out corpus --slice-length 256 --annotate 0.5
  mprna pretrain --recipe mini_cpu --corpus corpus --out runs/mini --set num_steps=1000
  mprna pretrain --recipe mini_cpu --corpus corpus --out runs/mini --set num_steps=1000 --resume
  mprna pretrain --recipe mini_cpu --corpus corpus rare=2 common=0.5 --out runs/mixture
"""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "pretrain",
        help="pretrain a model on annotated shards",
        description="Pretrain a model on the shards that `mprna corpus build` made.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--recipe", required=True, help="smoke, mini_cpu, mini_gpu, mini_fold, mprna_52m or mprna_186m"
    )
    parser.add_argument(
        "--corpus",
        type=_corpus,
        nargs="+",
        required=True,
        metavar="DIR[=WEIGHT]",
        help="one or more corpora; those of weight 2 are seen twice per epoch, those of 0.5 in halves [1]",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="run directory to write")
    parser.add_argument("--validation", type=Path, metavar="DIR", help="corpus for evaluations")
    parser.add_argument(
        "--init", metavar="NAME", help="model to start from instead of random weights: a name or a directory"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="override a setting of the recipe, such as num_steps=500 or objectives.base_pairing=0",
    )
    parser.add_argument("--resume", action="store_true", help="continue from the newest checkpoint")
    add_tensorboard(parser)
    add_device(parser)
    parser.add_argument("-j", "--threads", type=job_count, metavar="N", help="CPU threads (default: all)")
    parser.set_defaults(run=run)


def _corpus(text: str) -> tuple[Path, float]:
    """`DIR=WEIGHT`, or DIR of weight 1; a DIR with an equals sign in its name needs a weight."""
    directory, equals, weight = text.rpartition("=")
    if not equals:
        return Path(text), 1.0
    try:
        return Path(directory), float(weight)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected DIR or DIR=WEIGHT, WEIGHT a number") from None


def run(args: argparse.Namespace) -> int:
    if find_spec("torch") is None:
        raise MissingExtraError("mprna pretrain", "train")
    check_tensorboard(args)
    from mprna.train.config import with_settings
    from mprna.train.distributed import is_first
    from mprna.train.pretrain import pretrain
    from mprna.train.recipes import find_recipe
    from mprna.train.state import newest_step

    config = with_settings(find_recipe(args.recipe), args.settings)
    corpus_dirs, weights = zip(*args.corpus, strict=True)
    if set(weights) != {1.0}:
        config = replace(config, corpus_weights=weights)
    model_dir = pretrain(
        config,
        list(corpus_dirs),
        args.out,
        validation_dir=args.validation,
        initial_model=find_model(args.init) if args.init else None,
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
