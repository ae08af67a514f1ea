"""Whether a pair network folds a family that it has never seen: one training per family of ArchiveII.

    python benchmarks/families.py archiveII_bpseq.jsonl.gz WORK [--families tRNA 5s] [--steps 3000]

For every family: `runs/hybrid_fold.py` learns from the RNAs of all others, without those that share more than
half of their 14-mers with one of the family; the family is then folded by the network, with and without its
prior, and beside it by the prior alone and by ViennaRNA. The table is that of `benchmarks/accuracy.py`, with
intervals over families and every tool compared with ViennaRNA. `--train` adds files to every training; say
then that they may hold the family under another name, which only likeness of sequences is a guard against.

A name's family is what stands before its first underscore. Killed at any moment, the same command goes on
where it was: WORK holds a folder per family with `train.jsonl`, `test.jsonl`, the training of
`runs/hybrid_fold.py` and the predictions.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.decoding.nested import decode_nested
from mprna.folding.prior import prior_pair_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.fold import Folder
from mprna.predict.options import FoldOptions

ROOT = Path(__file__).parent.parent
PRIOR_GAMMA = 1.5
"""As where the prior was chosen (docs/experiments.md)."""
NUM_VALID = 100
"""RNAs of the other families, that are not learned from."""
FAMILY = "^[^_]+"
TOOLS = ("vienna", "prior", "model", "hybrid")

Fold = Callable[[str], str]


def read_families(path: Path) -> dict[str, list[Record]]:
    """Records with a structure, by family."""
    families: dict[str, list[Record]] = defaultdict(list)
    for record in read_records(path):
        if record.dot_bracket is not None:
            families[record.name.partition("_")[0]].append(record)
    return dict(families)


def sample(records: list[Record], num: int) -> list[Record]:
    """At most so many, at random, the same ones every time."""
    chosen = np.random.default_rng(0).permutation(len(records))[:num]
    return [records[n] for n in sorted(chosen.tolist())]


def write(records: Iterable[Record], path: Path) -> None:
    """JSON Lines; under its name only when complete."""
    partial_path = path.with_name(path.name + ".part")
    with partial_path.open("w") as stream:
        for record in records:
            row = {"id": record.name, "sequence": record.sequence, "structure": record.dot_bracket}
            stream.write(json.dumps(row) + "\n")
    os.replace(partial_path, path)


def train(folder: Path, args: argparse.Namespace) -> Path:
    """The model directory of a network that has not seen the family."""
    model = folder / "training" / "model"
    if not (model / "manifest.json").exists():
        command = [sys.executable, ROOT / "runs/hybrid_fold.py", folder / "train.jsonl", *args.train]
        options = {
            "--exclude": folder / "test.jsonl",
            "--valid": folder / "valid.jsonl",
            "--out": folder / "training",
            "--steps": args.steps,
            "--max-length": args.max_length,
            "--seed": args.seed,
        }
        command += [word for option in options.items() for word in option]
        subprocess.run([str(word) for word in command], check=True)
    return model


def prior_alone(sequence: str) -> str:
    return decode_nested(sequence, prior_pair_probs(sequence), gamma=PRIOR_GAMMA)


def folders(model: Path) -> dict[str, Fold]:
    def fold(folder: Folder, sequence: str) -> str:
        return folder.fold(Record(name="", sequence=sequence)).dot_bracket or ""

    engines = {
        engine: partial(fold, Folder(FoldOptions(engine=engine, model=model)))
        for engine in ("vienna", "model", "hybrid")
    }
    return engines | {"prior": prior_alone}


def run_family(family: str, families: dict[str, list[Record]], args: argparse.Namespace) -> Path:
    """The folder with the predictions of one family."""
    folder: Path = args.work / family
    folder.mkdir(parents=True, exist_ok=True)
    others = [record for name, records in families.items() if name != family for record in records]
    valid = sample(others, min(NUM_VALID, len(others) // 10))
    learned = [record for record in others if record not in valid]
    tested = [record for record in families[family] if len(record.sequence) <= args.longest]
    parts = {"train": learned, "valid": valid, "test": sample(tested, args.num_rnas)}
    for name, records in parts.items():
        write(records, folder / f"{name}.jsonl")
    tools = folders(train(folder, args))
    for tool in TOOLS:
        path = folder / f"{tool}.jsonl"
        if path.exists():
            continue
        found = [
            Record(name=r.name, sequence=r.sequence, dot_bracket=tools[tool](clean_sequence(r.sequence)))
            for r in parts["test"]
        ]
        write(found, path)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("archive", type=Path, help="known structures, named FAMILY_...")
    parser.add_argument("work", type=Path)
    parser.add_argument("--families", nargs="*", metavar="NAME", help="[all]")
    parser.add_argument(
        "--train", type=Path, nargs="*", default=[], metavar="FILE", help="learned from as well"
    )
    parser.add_argument("--steps", type=int, default=3_000, help="of each training [%(default)s]")
    parser.add_argument(
        "--max-length", type=int, default=300, metavar="NT", help="of RNAs learned from [%(default)s]"
    )
    parser.add_argument(
        "--longest", type=int, default=1_000, metavar="NT", help="of RNAs that are folded [%(default)s]"
    )
    parser.add_argument(
        "--num-rnas", type=int, default=200, help="at most, of each family, at random [%(default)s]"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    families = read_families(args.archive)
    chosen = args.families or sorted(families)
    if unknown := sorted(set(chosen) - set(families)):
        raise SystemExit(f"no family {', '.join(unknown)}; there are {', '.join(sorted(families))}")
    done = [run_family(family, families, args) for family in chosen]
    for name in ("test", *TOOLS):
        texts = [(folder / f"{name}.jsonl").read_text() for folder in done]
        (args.work / f"{name}.jsonl").write_text("".join(texts))
    files = [str(args.work / f"{name}.jsonl") for name in ("test", *TOOLS)]
    command = [sys.executable, str(ROOT / "benchmarks/accuracy.py"), *files, "--family", FAMILY]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
