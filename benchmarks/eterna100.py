"""How many puzzles of Eterna100 `mprna design` solves, beside RNAinverse (in ViennaRNA).

    python benchmarks/eterna100.py --data-dir DIR --version v2 --time-limit 10 --seeds 0

DIR holds eterna100.jsonl, of which only the numbers, names and target structures are kept: known solutions
are dropped as the lines are read. A puzzle is solved where ViennaRNA's minimum free energy structure (Turner
2004, 37 °C) is the target; it is folded again for that. Each puzzle has the time limit per seed, in seconds
of processor time on one core, for either tool; RNAinverse starts anew from random sequences until it is over.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from mprna.design.constraints import Constraints, Rules
from mprna.design.search import Budget, Search
from mprna.folding.vienna import DEFAULT_MODEL, fold_mfe

RNAINVERSE = """
import signal, sys, time, RNA
seed, target, time_limit = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
start = time.process_time()
signal.setitimer(signal.ITIMER_PROF, time_limit)  # of processor time; ends the process
RNA.init_rand(seed)
while True:
    sequence, distance = RNA.inverse_fold(RNA.random_string(len(target), "ACGU"), target)
    if distance == 0 and RNA.fold(sequence)[0] == target:
        print(sequence, time.process_time() - start)
        break
"""


@dataclass(frozen=True)
class Puzzle:
    number: int
    name: str
    target: str


@dataclass(frozen=True)
class Outcome:
    sequence: str | None
    """Of a puzzle that was solved."""
    seconds: float
    gap: float | None = None
    """kcal/mol of the closest, where that is known."""


def read_puzzles(path: Path, version: str) -> list[Puzzle]:
    rows = map(json.loads, path.read_text().splitlines())
    return [Puzzle(row["n"], row["name"], row[f"structure_{version}"]) for row in rows]


def run_mprna(puzzle: Puzzle, seed: int, time_limit: float) -> Outcome:
    """The search of `mprna design` without the certificate."""
    start = time.process_time()
    rules = Rules(puzzle.target, Constraints())
    search = Search(puzzle.target, rules, DEFAULT_MODEL, Random(f"{seed}:1"))
    state = search.run(Budget(start + time_limit, 1 << 62, time.process_time))
    return Outcome(None if state.gap else state.sequence, time.process_time() - start, state.gap)


def run_rnainverse(puzzle: Puzzle, seed: int, time_limit: float) -> Outcome:
    command = [sys.executable, "-c", RNAINVERSE, str(seed + 1), puzzle.target, str(time_limit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode == -signal.SIGPROF:
        return Outcome(None, time_limit)
    result.check_returncode()
    sequence, seconds = result.stdout.split()
    return Outcome(sequence, float(seconds))


TOOLS = {"mprna": run_mprna, "rnainverse": run_rnainverse}


def check(puzzle: Puzzle, outcome: Outcome) -> bool:
    """Whether a claimed solution is one."""
    if outcome.sequence is None:
        return False
    if fold_mfe(outcome.sequence)[0] != puzzle.target:
        raise SystemExit(f"puzzle {puzzle.number}: {outcome.sequence} does not fold into the target")
    return True


def print_row(puzzle: Puzzle, outcomes: list[tuple[Outcome, bool]]) -> None:
    cells = [
        f"{outcome.seconds:.1f} s"
        if solved
        else ("-" if outcome.gap is None else f"- ({outcome.gap:.2f} kcal/mol)")
        for outcome, solved in outcomes
    ]
    name = puzzle.name.replace("|", "\\|")
    print(f"| {puzzle.number} | {name} | {len(puzzle.target)} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--version", choices=("v1", "v2"), default="v2")
    parser.add_argument("--time-limit", type=float, default=20.0, metavar="SECONDS", help="[%(default)s]")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--tools", nargs="+", choices=tuple(TOOLS), default=list(TOOLS))
    parser.add_argument("--only", type=int, nargs="+", metavar="N", help="puzzles by number")
    args = parser.parse_args()
    puzzles = read_puzzles(args.data_dir / "eterna100.jsonl", args.version)
    chosen = [puzzle for puzzle in puzzles if not args.only or puzzle.number in args.only]
    columns = [(tool, seed) for seed in args.seeds for tool in args.tools]
    print("| | puzzle | nt | " + " | ".join(f"{tool}, seed {seed}" for tool, seed in columns) + " |")
    print("|---" * (3 + len(columns)) + "|")
    totals, seconds = dict.fromkeys(columns, 0), dict.fromkeys(columns, 0.0)
    for puzzle in chosen:
        outcomes = []
        for tool, seed in columns:
            outcome = TOOLS[tool](puzzle, seed, args.time_limit)
            outcomes.append((outcome, check(puzzle, outcome)))
            totals[tool, seed] += outcomes[-1][1]
            seconds[tool, seed] += outcome.seconds
        print_row(puzzle, outcomes)
    cells = [f"{totals[c]} of {len(chosen)}, {seconds[c]:.0f} s" for c in columns]
    print(f"| | solved | | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
