"""Speed of each engine beside a bare ViennaRNA loop: same RNAs, same core, in turn, in one run.

    python benchmarks/fold.py [FASTA] [--model NAME] [--every N] [--peers] [--templates FILE] ...
    python benchmarks/fold.py --long 100 1000 30000 [--engine model ...] [--model NAME]

Every RNA is folded by all contenders before the next one comes, so that a machine whose speed drifts slows
all of them alike; times are of the processor, one core, so that other work does not count, and relative
ones have 95 % bootstrap intervals over RNAs. `--peers` adds the programs of others that `peers.py` finds,
`--templates` and `--relatives` every engine with these. Then cold starts: whole processes from the shell,
`mprna fold` beside `import RNA`. `--long` is one random RNA of each length, in a process of its own: seconds
and memory.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import RNA
from peers import installed

from mprna.alphabet import clean_sequence
from mprna.bench.metrics import Floats
from mprna.bench.statistics import draw_items, interval
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions
from mprna.runtime.store import FOLDING_MODEL

LENGTH_BINS = (0, 80, 120, 200, 400, 1_000, 100_000)
HAIRPIN = "GGGGAAAACCCC"
NUM_STARTS = 7
ENGINES = ("vienna", "model", "hybrid")

Contender = Callable[[str], object]


def bare_mfe(sequence: str) -> object:
    return RNA.fold_compound(sequence).mfe()


def bare_ensemble(sequence: str) -> object:
    compound = RNA.fold_compound(sequence)
    compound.exp_params_rescale(compound.mfe()[1])
    compound.pf()
    return compound.bpp()


def engine(name: str, model: str, **files: tuple[str, ...]) -> Contender:
    folder = Folder(FoldOptions(engine=name, model=model, **files))
    return lambda sequence: folder(Record(name="", sequence=sequence))


def seconds(contender: Contender, sequence: str) -> float:
    start = time.process_time()
    contender(sequence)
    return time.process_time() - start


def print_speed(sequences: list[str], contenders: dict[str, Contender]) -> None:
    for contender in contenders.values():
        contender(sequences[0])
    lengths = np.array(list(map(len, sequences)))
    spent = np.array([[seconds(fold, sequence) for fold in contenders.values()] for sequence in sequences])
    print(f"| nt | RNAs | {' | '.join(f'{name}, RNAs/s (time / ViennaRNA MFE)' for name in contenders)} |")
    print("|---" * (len(contenders) + 2) + "|")
    places = {f"{low + 1}-{high}": (lengths > low) & (lengths <= high) for low, high in pairwise(LENGTH_BINS)}
    for place, chosen in {**places, "all": lengths > 0}.items():
        if chosen.any():
            print(f"| {place} | {chosen.sum()} | {' | '.join(cells(spent[chosen]))} |")


def cells(spent: Floats) -> list[str]:
    """Speed and relative time of each contender, with the interval.

    Args:
        spent: seconds, of the reference in the first column. *Shape:* (RNAs, contenders)
    """
    totals = draw_items(len(spent)) @ spent
    ranges = [interval(ratios) for ratios in (totals / totals[:, :1]).T]
    total = spent.sum(axis=0)
    return [
        f"{len(spent) / seconds:.1f} ({seconds / total[0]:.2f}, {low:.2f}-{high:.2f})"
        for seconds, (low, high) in zip(total, ranges, strict=True)
    ]


def print_cold_starts(model: str) -> None:
    mprna = [sys.executable, "-m", "mprna"]
    commands = {
        "python -c 'import RNA; RNA.fold(…)'": [sys.executable, "-c", f"import RNA; RNA.fold('{HAIRPIN}')"],
        "mprna fold --engine vienna": [*mprna, "fold", "--engine", "vienna", HAIRPIN],
        "mprna fold --engine hybrid": [*mprna, "fold", "--model", model, HAIRPIN],
        "mprna --help": [*mprna, "--help"],
    }
    times: dict[str, list[float]] = defaultdict(list)
    compiled = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for command in commands.values():  # which compiles what pip would have compiled
        subprocess.run(command, check=True, capture_output=True, env=compiled)
    for _ in range(NUM_STARTS):
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, env=compiled)
            times[name].append(time.perf_counter() - start)
    print("\n| whole process | seconds, median (min-max) |\n|---|---|")
    for name, values in times.items():
        print(f"| {name} | {statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f}) |")


def print_long(lengths: list[int], engines: list[str], model: str) -> None:
    print("| nt | engine | core-seconds | seconds that passed | peak, MiB |\n|---|---|---|---|---|")
    for length in lengths:
        sequence = "".join(random.Random(0).choices("ACGU", k=length))
        for name in engines:
            cpu, wall, peak = whole_process(["fold", "--engine", name, "--model", model, "--quiet"], sequence)
            print(f"| {length:,} | `{name}` | {cpu:.1f} | {wall:.1f} | {peak:.0f} |", flush=True)


def whole_process(arguments: list[str], text: str) -> tuple[float, float, float]:
    """Core-seconds, seconds, and MiB of one `mprna` that reads this."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "mprna", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(text + "\n")
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"mprna {' '.join(arguments)} ended with status {status}"
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("fasta", nargs="?", default="examples/rnas.fa")
    parser.add_argument("--model", default=FOLDING_MODEL)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th RNA")
    parser.add_argument("--peers", action="store_true", help="also programs of others (peers.py)")
    for option in ("--templates", "--relatives"):
        parser.add_argument(option, metavar="FILE", help="also every engine with these")
    parser.add_argument("--long", type=int, nargs="+", metavar="NT", help="one RNA of each length instead")
    parser.add_argument("--engine", nargs="+", default=ENGINES, help="of --long [all]")
    args = parser.parse_args()
    if args.long:
        print_long(args.long, list(args.engine), args.model)
        return
    contenders = {"ViennaRNA MFE": bare_mfe, "ViennaRNA ensemble": bare_ensemble}
    contenders |= {f"`{name}`": engine(name, args.model) for name in ENGINES}
    for option in ("templates", "relatives"):
        if file := getattr(args, option):
            beside = {name: engine(name, args.model, **{option: (file,)}) for name in ENGINES}
            contenders |= {f"`{name}` with {option}": fold for name, fold in beside.items()}
    if args.peers:
        contenders |= installed()
    records = list(read_records(args.fasta))[:: args.every]
    print_speed([clean_sequence(record.sequence) for record in records], contenders)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\nPeak memory of this process with all of them loaded: {peak:.0f} MiB")
    print_cold_starts(args.model)


if __name__ == "__main__":
    main()
