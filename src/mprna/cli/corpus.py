"""`mprna corpus`: build and verify corpora for training."""

from __future__ import annotations

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.cli.corpus_calibrate import add_calibrate
from mprna.cli.corpus_options import add_options, options_of, references_of
from mprna.cli.corpus_stats import add_stats
from mprna.cli.options import add_jobs, example, num_jobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from mprna.corpus.build import Progress
    from mprna.corpus.executor import Executor
    from mprna.corpus.manifest import Manifest
    from mprna.corpus.plan import Plan

LOG_INTERVAL: Final = 60.0
"""Seconds between two lines of progress where stderr is no terminal."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `corpus` and its own subcommands."""
    parser = subparsers.add_parser(
        "corpus", help="build a corpus of annotated slices, or of known structures", description=__doc__
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_build(actions)
    _add_plan(actions)
    _add_known(actions)
    add_calibrate(actions)
    add_stats(actions)
    verify = actions.add_parser(
        "verify",
        help="check every byte of a finished corpus against its manifest",
        description="Check every byte of a finished corpus against its manifest.",
        epilog=example("mprna corpus verify corpus/"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("directory", type=Path, metavar="DIR", help="folder of a finished corpus")
    verify.set_defaults(run=_verify)


def _add_build(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "build",
        help="FASTA to annotated Parquet shards",
        description="Clean, slice, deduplicate and annotate FASTA or FASTQ files; write Parquet shards. "
        "Run the same command again to continue a build that was interrupted.",
        epilog=example("mprna corpus build transcripts/ --out corpus/ --slice-length 256 --max-slices 9000"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the corpus")
    add_options(parser)
    _add_execution(parser)
    parser.set_defaults(run=_build)


def _add_plan(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "plan",
        help="what a build would cost, before it starts",
        description="Count the input, fold a few of its slices on this machine, and print what `mprna "
        "corpus build` with the same options would take: core-hours, wall time, disk and money.",
        epilog=example("mprna corpus plan transcripts/ --slice-length 256 --cores 64 --price 0.04"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cores", type=int, default=1, metavar="N", help="of the build [%(default)s]")
    parser.add_argument("--price", type=float, metavar="PRICE", help="of a core for an hour")
    add_options(parser)
    parser.set_defaults(run=_plan)


def _add_execution(parser: argparse.ArgumentParser) -> None:
    """How a build runs; nothing of it changes a byte."""
    execution = parser.add_argument_group("execution")
    add_jobs(execution)
    execution.add_argument(
        "--executor",
        choices=("local", "ray"),
        default="local",
        help="processes of this machine, or a Ray cluster whose machines share the folder [%(default)s]",
    )
    execution.add_argument(
        "--address", metavar="ADDR", help="of the Ray cluster; without it, Ray starts one on this machine"
    )
    execution.add_argument(
        "--shard",
        metavar="i/N",
        help="do only job i (from 0) of an array of N; the last step is a build without --shard",
    )
    execution.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        help="keep annotations here, on a local disk, and take from here what was folded before",
    )
    execution.add_argument("--quiet", action="store_true", help="no progress on stderr")


def _add_known(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "known",
        help="RNAs with known structures to a corpus, for fine-tuning",
        description="Write RNAs with known structures as a corpus, for `mprna pretrain --init`. JSON "
        "Lines may name their values sequence and structure, or seq and label.",
        epilog=example("mprna corpus known structures.jsonl.gz --out known/ --max-length 300"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=Path,
        metavar="INPUT",
        help="file with structures, in any format with structures that fold reads",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the corpus")
    parser.add_argument("--min-length", type=int, default=20, metavar="NT", help="[%(default)s]")
    parser.add_argument("--max-length", type=int, default=512, metavar="NT", help="[%(default)s]")
    parser.set_defaults(run=_known)


def _build(args: argparse.Namespace) -> int:
    from mprna.corpus.build import Part, build_corpus, build_part

    options, report = options_of(args), None if args.quiet else _progress_line()
    references, executor = references_of(args), _executor(args)
    if args.shard is None:
        manifest = build_corpus(
            args.inputs,
            args.out,
            options,
            references=references,
            jobs=num_jobs(args),
            executor=executor,
            cache_dir=args.cache,
            report=report,
        )
        print(_summary(manifest))
        return 0
    part = Part.parse(args.shard)
    done = build_part(
        args.inputs,
        args.out,
        options,
        part,
        references=references,
        jobs=num_jobs(args),
        cache_dir=args.cache,
        report=report,
    )
    print(f"what\tpieces\nshards\t{done.shards}\nkept\t{done.slices}\nannotated\t{done.annotated}")
    return 0


def _executor(args: argparse.Namespace) -> Executor | None:
    """What runs the shards, unless it is the local pool."""
    from mprna.corpus.ray_executor import run_shards_on_ray
    from mprna.errors import UsageError

    if args.executor == "local":
        if args.address is not None:
            raise UsageError("--address is for --executor ray: give both or none")
        return None
    if args.shard is not None:
        raise UsageError("--shard is for job arrays: leave it out with --executor ray")
    return partial(run_shards_on_ray, address=args.address)


def _plan(args: argparse.Namespace) -> int:
    from mprna.corpus.plan import plan_corpus

    plan = plan_corpus(
        args.inputs, options_of(args), references=references_of(args), cores=args.cores, price=args.price
    )
    print(_plan_table(plan))
    return 0


def _known(args: argparse.Namespace) -> int:
    from mprna.corpus.known import build_known

    manifest = build_known(args.inputs, args.out, min_length=args.min_length, max_length=args.max_length)
    print(_summary(manifest))
    return 0


def _verify(args: argparse.Namespace) -> int:
    from mprna.corpus.verify import verify_corpus

    print(_summary(verify_corpus(args.directory)))
    return 0


def _progress_line() -> Callable[[Progress], None]:
    """A reporter that rewrites one line on stderr; in a file it writes a line a minute, and the last."""
    start = shown = time.monotonic()
    live = sys.stderr.isatty()

    def report(progress: Progress) -> None:
        nonlocal shown
        now, last = time.monotonic(), progress.shards == progress.num_shards
        if not (live or last or now - shown >= LOG_INTERVAL):
            return
        shown = now
        line = (
            f"shard {progress.shards}/{progress.num_shards}  {progress.slices:,} slices  "
            f"{progress.annotated:,} annotated  {now - start:,.0f} s"
        )
        if built := progress.shards - progress.found:
            line += f", {(now - start) * (progress.num_shards - progress.shards) / built:,.0f} s to go"
        before, after = ("\r\x1b[K", "\n" if last else "") if live else ("", "\n")
        print(f"{before}{line}", end=after, file=sys.stderr, flush=True)

    return report


def _summary(manifest: Manifest) -> str:
    """Totals of a corpus as a table of three tab-separated columns."""
    lines = [
        "what\tpieces\tnt",
        f"kept\t{manifest.rows}\t{manifest.nt}",
        f"annotated\t{manifest.annotated}\t-",
    ]
    if manifest.fold_failed:
        lines.append(f"not foldable\t{manifest.fold_failed}\t-")
    lines += [f"not foldable: {reason}\t{count}\t-" for reason, count in manifest.fold_failures.items()]
    unknown = sum(source.unknown_species for source in manifest.sources)
    if unknown:
        lines.append(f"of unknown species\t{unknown}\t-")
    if manifest.low_fidelity:
        lines.append(f"low fidelity\t{manifest.low_fidelity}\t-")
    lines += [f"dropped {name}\t{tally.pieces}\t{tally.nt}" for name, tally in sorted(manifest.drops.items())]
    return "\n".join(lines)


def _plan_table(plan: Plan) -> str:
    """An estimate as a table of two tab-separated columns; sizes in GB of 10^9 bytes."""
    folds = plan.fold_seconds
    rows = {
        "input files": f"{plan.num_files:,}",
        "input files counted": f"{plan.num_counted:,}, {100 * plan.counted_share:.3g} % of the bytes",
        "input nt": f"{plan.nt:,}",
        "slices": f"{plan.slices:,}",
        "slices to fold": f"{plan.folds:,}",
        "slices folded to measure": f"{folds.num_folds}, seed {plan.seed}",
        "seconds per fold": f"{folds.mean:.4f} +- {folds.error:.4f}, mean and standard error",
        "core-hours": f"{plan.core_hours:,.2f}",
        "hours to scan": f"{plan.scan_hours:,.2f}, on one core",
        "hours in all": f"{plan.wall_hours:,.2f}, on {plan.cores:,} cores",
        "disk, shards": f"{plan.shard_bytes / 1e9:,.3f} GB",
        "disk, while building": f"{plan.scaffold_bytes / 1e9:,.3f} GB more",
    }
    if plan.money is not None:
        rows["money"] = f"{plan.money:,.2f}"
    return "\n".join(["what\tvalue", *(f"{what}\t{value}" for what, value in rows.items())])
