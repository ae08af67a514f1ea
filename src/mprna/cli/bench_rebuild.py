"""`mprna bench rebuild`: training data that were never published."""

from __future__ import annotations

import argparse
from pathlib import Path

from mprna.cli.options import example, positive_int, seed


def add_rebuild(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "rebuild",
        help="training data of RGB that were never published, by a stated recipe",
        description="snmd (which serves snmr too): 200-nt windows of transcripts with up to ten "
        "substitutions. mrna: OpenVaccine's training rows without the test rows. The files lie beside the "
        "published splits, with the recipe in rebuilt.json, and tables say that they are rebuilt.",
        epilog=example(
            "mprna bench rebuild snmd --source arabidopsis.fa.gz --data-dir data/rgb",
            "mprna bench rebuild mrna --source openvaccine.jsonl.gz --data-dir data/rgb",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", choices=("snmd", "mrna"), help="snmd or mrna")
    parser.add_argument(
        "--source",
        type=Path,
        required=True,
        metavar="FILE",
        help="transcripts; or OpenVaccine's train.json with the column kfold, a similarity cluster",
    )
    parser.add_argument(
        "--data-dir", type=Path, required=True, metavar="DIR", help="folder with the published splits"
    )
    parser.add_argument("--rows", type=positive_int, default=8_000, metavar="N", help="snmd [%(default)s]")
    parser.add_argument("--seed", type=seed, default=45, metavar="N", help="snmd [%(default)s]")
    parser.set_defaults(run=_rebuild)


def _rebuild(args: argparse.Namespace) -> int:
    from mprna.bench.rebuild import rebuild_degradation, rebuild_mutations

    if args.task == "snmd":
        folder = rebuild_mutations(args.source, args.data_dir, num_rows=args.rows, seed=args.seed)
    else:
        folder = rebuild_degradation(args.source, args.data_dir)
    print(folder)
    return 0
