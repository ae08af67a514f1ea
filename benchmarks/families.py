r"""Whether a pair network folds families that it has never seen: one training per family, or one for all.

    python benchmarks/families.py archiveII_bpseq.jsonl.gz WORK [--families tRNA 5s] [--steps 3000]
    python benchmarks/families.py archiveII_bpseq.jsonl.gz WORK --families tRNA 5s srp --together \
        --train MORE... --max-like 0.05 --left-out-names '_SPR_|^SRP_' --lookalikes tRNA 5s

For every family, or for all at once (--together): `runs/hybrid_fold.py` learns from the RNAs of all others
and of `--train`, for `--first-steps` from those without a structure alone, then from all. Left out are RNAs
that share more than `--max-like` of their 14-mers with any RNA of the family, those whose names say so, and
those that look like one: of a length between the family's 5th and 95th percentile and with as many hairpins
as most of it. The family is then folded by the network, with and without its prior, and beside it by the
prior alone and by ViennaRNA. The table is that of `benchmarks/accuracy.py`, with intervals over families and
every tool compared with ViennaRNA.

A name's family is what stands before its first underscore. A source, for `--times`, is the folder of a file.
Killed at any moment, the same command goes on where it was: WORK holds a folder per training with what is
learned from (`learned/SOURCE/`), `valid.jsonl` and `test.jsonl`, the trainings of `runs/hybrid_fold.py` and
the predictions.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import numpy as np

from mprna.alphabet import as_rna, clean_sequence
from mprna.corpus.decontaminate import Unwanted
from mprna.decoding.nested import decode_nested
from mprna.files import replacing
from mprna.folding.prior import prior_pair_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions

ROOT = Path(__file__).parent.parent
PRIOR_GAMMA = 1.5
"""As where the prior was chosen (docs/experiments.md)."""
NUM_VALID = 100
"""RNAs of the other families, that are not learned from."""
FAMILY = "^[^_]+"
TOOLS = ("vienna", "prior", "model", "hybrid")
FIRST_OPTIONS = ("--peak-rate", 1.5e-3, "--warm-up", 500, "--soft-prior-dropout", 0.9)
"""Where ensembles alone are learned, as in `docs/experiments.md`."""
SETTINGS = "settings.json"
"""The options that WORK was begun with."""

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
    with replacing(path) as partial, partial.open("w") as stream:
        for record in records:
            row = {"id": record.name, "sequence": record.sequence, "structure": record.dot_bracket}
            stream.write(json.dumps({name: value for name, value in row.items() if value}) + "\n")


def train(folder: Path, learned: dict[str, list[Record]], args: argparse.Namespace) -> Path:
    """The model directory of a network that has not seen the family.

    Args:
        learned: by source.
    """
    files = {source: folder / "learned" / source / "rnas.jsonl" for source in learned}
    for source, records in learned.items():
        files[source].parent.mkdir(parents=True, exist_ok=True)
        write(records, files[source])
    options: list[object] = ["--temperature", args.temperature, "--peak-rate", args.peak_rate]
    if args.first_steps:
        soft = [files[source] for source, records in learned.items() if not any(map(has_structure, records))]
        if not soft:
            raise SystemExit("--first-steps: no file of --train is without structures")
        first = [*FIRST_OPTIONS, "--steps", args.first_steps]
        options += ["--init", stage(folder / "first", soft, first, args)]
    if args.reactivity:
        options += ["--reactivity", *args.reactivity]
    if args.times:
        options += ["--times", *args.times]
    return stage(folder / "training", list(files.values()), [*options, "--steps", args.steps], args)


def stage(out: Path, files: list[Path], options: list[object], args: argparse.Namespace) -> Path:
    """The model directory of one training, which is made unless it is there."""
    if not (out / "model" / "manifest.json").exists():
        command = [sys.executable, ROOT / "runs/hybrid_fold.py", *files, "--out", out, *options]
        command += ["--exclude", out.parent / "test.jsonl", "--valid", out.parent / "valid.jsonl"]
        command += ["--ensembles", args.ensembles or args.work / "ensembles.sqlite", "--seed", args.seed]
        command += ["--max-length", args.max_length, *["--bfloat16"] * args.bfloat16]
        if status := subprocess.run([str(word) for word in command]).returncode:
            raise SystemExit(status)
    return out / "model"


def begin(args: argparse.Namespace) -> None:
    """Write down the options; what was made with others is not taken over."""
    path = args.work / SETTINGS
    settings = {name: value for name, value in vars(args).items() if name not in ("work", "ensembles")}
    text = json.dumps(settings, default=str, indent=2, sort_keys=True)
    if path.exists() and path.read_text() != text:
        raise SystemExit(f"{args.work} was begun with other options ({path}); choose another folder")
    args.work.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def has_structure(record: Record) -> bool:
    return record.dot_bracket is not None


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


def num_hairpins(dot_bracket: str) -> int:
    return len(re.findall(r"\(\.*\)", dot_bracket))


class LookAlikes:
    """What has the length and the number of hairpins of most RNAs of a family."""

    def __init__(self, family: list[Record]) -> None:
        lengths = [len(record.sequence) for record in family]
        self._shortest, self._longest = np.quantile(lengths, (0.05, 0.95))
        counts = Counter(num_hairpins(record.dot_bracket or "") for record in family)
        self._num_hairpins = counts.most_common(1)[0][0]

    def __contains__(self, record: Record) -> bool:
        fits = self._shortest <= len(record.sequence) <= self._longest
        return fits and num_hairpins(record.dot_bracket or "") == self._num_hairpins


def unlike(
    records: list[Record], folder: Path, left_out: dict[str, list[Record]], args: argparse.Namespace
) -> list[Record]:
    """The records that are none of the families left out, as far as names, words and shapes tell."""
    path = folder / "left_out.jsonl"
    write([record for family in left_out.values() for record in family], path)
    words = Unwanted({path.name: path})
    shapes = [LookAlikes(left_out[name]) for name in args.lookalikes if name in left_out]
    named = re.compile(args.left_out_names or r"(?!)")  # which nothing matches
    shares = words.shares([as_rna(record.sequence) for record in records])
    kept = [
        record
        for record, share in zip(records, shares, strict=True)
        if share <= args.max_like
        and not named.search(record.name)
        and not any(record in shape for shape in shapes)
    ]
    print(f"{folder.name}: {len(kept)} of {len(records)} RNAs to learn from", file=sys.stderr)
    return kept


def not_negative(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 0 or more")
    return int(text)


def source_of(path: Path) -> str:
    return path.absolute().parent.name


def run_without(names: list[str], families: dict[str, list[Record]], args: argparse.Namespace) -> Path:
    """The folder with the predictions of families that one network has not learned from."""
    folder: Path = args.work / ("together" if args.together else names[0])
    folder.mkdir(parents=True, exist_ok=True)
    left_out = {name: families[name] for name in names}
    others = [record for name, records in families.items() if name not in left_out for record in records]
    sources = [source_of(args.archive)] * len(others)
    for path in args.train:
        others += read_records(path)
        sources += [source_of(path)] * (len(others) - len(sources))
    source = dict(zip(map(id, others), sources, strict=True))
    others = unlike(others, folder, left_out, args)
    known = list(filter(has_structure, others))
    valid = sample(known, min(NUM_VALID, len(known) // 10))
    chosen = set(map(id, valid))
    learned: dict[str, list[Record]] = defaultdict(list)
    for record in others:
        if id(record) not in chosen:
            learned[source[id(record)]].append(record)
    tested = [
        record
        for family in left_out.values()
        for record in sample([r for r in family if len(r.sequence) <= args.longest], args.num_rnas)
    ]
    for name, records in {"valid": valid, "test": tested}.items():
        write(records, folder / f"{name}.jsonl")
    tools = folders(train(folder, learned, args))
    for tool in TOOLS:
        path = folder / f"{tool}.jsonl"
        if path.exists():
            continue
        found = [
            Record(name=r.name, sequence=r.sequence, dot_bracket=tools[tool](clean_sequence(r.sequence)))
            for r in tested
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
    parser.add_argument("--together", action="store_true", help="one training without all of the families")
    parser.add_argument(
        "--train", type=Path, nargs="*", default=[], metavar="FILE", help="learned from as well"
    )
    parser.add_argument("--reactivity", type=Path, nargs="*", default=[], metavar="FILE", help="as well")
    parser.add_argument("--max-like", type=float, default=0.5, metavar="SHARE", help="[%(default)s]")
    parser.add_argument("--left-out-names", metavar="REGEX", help="names that are not learned from")
    parser.add_argument(
        "--lookalikes", nargs="*", default=[], metavar="FAMILY", help="families whose look-alikes are not"
    )
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--peak-rate", type=float, default=1e-3, help="learning rate [%(default)s]")
    parser.add_argument("--steps", type=not_negative, default=3_000, help="of each training [%(default)s]")
    parser.add_argument(
        "--first-steps",
        type=not_negative,
        default=0,
        metavar="STEPS",
        help="before them, without known structures",
    )
    parser.add_argument(
        "--times", nargs="+", metavar="SOURCE=N", help="how often RNAs of a source are shown in an epoch [1]"
    )
    parser.add_argument("--ensembles", type=Path, metavar="FILE", help="[WORK/ensembles.sqlite]")
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
    begin(args)
    groups = [chosen] if args.together else [[family] for family in chosen]
    done = [run_without(names, families, args) for names in groups]
    for name in ("test", *TOOLS):
        texts = [(folder / f"{name}.jsonl").read_text() for folder in done]
        (args.work / f"{name}.jsonl").write_text("".join(texts))
    files = [str(args.work / f"{name}.jsonl") for name in ("test", *TOOLS)]
    command = [sys.executable, str(ROOT / "benchmarks/accuracy.py"), *files, "--family", FAMILY]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
