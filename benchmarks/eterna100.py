"""Records of `mprna bench run eterna100` by length of the puzzle, and how close the unsolved ones came.

    mprna bench run eterna100 --version v2 --model design --seeds 0 --data-dir DIR --out RECORDS
    python benchmarks/eterna100.py RECORDS --data-dir DIR

There is one column per record; several folders, such as those of several time limits, go into one table.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mprna.bench.data import load_split
from mprna.bench.examples import Example
from mprna.bench.record import RunRecord, read_records_of
from mprna.bench.suite import choose_tasks
from mprna.folding.vienna import energy_of, fold_mfe

LENGTHS = ((1, 50), (51, 100), (101, 200), (201, 300), (301, 400))
"""Of the rows, nt; no puzzle is longer."""


def puzzles_of(records: list[RunRecord], data_dir: Path) -> tuple[Example, ...]:
    """The puzzles that the records were made on."""
    if len(tests := {(record.suite, record.task, record.data["test"]["sha256"]) for record in records}) > 1:
        raise SystemExit(f"records of more than one set of puzzles: {sorted(tests)}")
    (task,) = choose_tasks(records[0].suite, (records[0].task,))
    split = load_split(task, "test", data_dir)
    if split.sha256 != records[0].data["test"]["sha256"]:
        raise SystemExit(f"{split.path} is not the file that the records were made on")
    return split.examples


def row(name: str, chosen: list[int], records: list[RunRecord]) -> str:
    solved = [sum(record.items["solved"][i][0] for i in chosen) for record in records]
    return f"| {name} | {len(chosen)} | {' | '.join(f'{number:.0f}' for number in solved)} |"


def unsolved(puzzle: Example, design: str) -> str:
    """Name and gap, kcal/mol: 0 where another structure has the same energy."""
    if not design:
        return f"{puzzle.name} (no answer)"
    return f"{puzzle.name} ({energy_of(design, puzzle.sequence) - fold_mfe(design)[1]:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", type=Path, nargs="+", metavar="DIR", help="of mprna bench run --out")
    parser.add_argument("--data-dir", type=Path, required=True)
    args = parser.parse_args()
    records = [record for folder in args.records for record in read_records_of(folder)]
    puzzles = puzzles_of(records, args.data_dir)
    titles = [f"{r.model}, seed {r.seed}, {r.choices['budget']['time_limit']:g} s" for r in records]
    print(f"| nt | puzzles | {' | '.join(titles)} |")
    print("|---" * (2 + len(records)) + "|")
    for first, last in LENGTHS:
        if chosen := [i for i, puzzle in enumerate(puzzles) if first <= len(puzzle.sequence) <= last]:
            print(row(f"{first}-{last}", chosen, records))
    print(row("all", list(range(len(puzzles))), records))
    for title, record in zip(titles, records, strict=True):
        missed = [
            unsolved(puzzle, design)
            for puzzle, design, (hit, _) in zip(puzzles, record.answers, record.items["solved"], strict=True)
            if not hit
        ]
        print(f"\nNot solved by {title}: {', '.join(missed) or 'none'}")


if __name__ == "__main__":
    main()
