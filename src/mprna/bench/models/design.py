"""Sequences for target structures, each by a search of its own with a time limit; nothing is trained."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Protocol

from mprna.alphabet import NUCLEOTIDES
from mprna.bench.examples import Example
from mprna.bench.record import part_path
from mprna.bench.task import Task
from mprna.design.constraints import Constraints, Rules
from mprna.design.search import Budget, Search
from mprna.folding.vienna import DEFAULT_MODEL
from mprna.predict.parallel import map_ordered


class Designer(Protocol):
    """A way from a target to a sequence; a function of a module, so that processes can call it."""

    def __call__(self, target: str, *, seed: int, time_limit: float) -> str:
        """The sequence that came closest within the limit, in seconds of processor time; empty for none."""
        ...


class DesignModel:
    """One sequence per target. What was designed before a run was killed is not designed again.

    Args:
        record_of: seed to where the record will lie; finished designs are kept beside it until then.
        jobs: processes, each at work on one target.
    """

    types: tuple[str, ...] = ("design",)
    trains = False
    is_seeded = True

    def __init__(
        self, designer: Designer, *, time_limit: float, record_of: Callable[[int], Path], jobs: int = 1
    ) -> None:
        self._designer, self._time_limit, self._jobs = designer, time_limit, jobs
        self._record_of = record_of
        self._seed = 0
        self.choices: dict[str, Any] = {"budget": {"time_limit": time_limit}}
        self.num_failed = self.num_truncated = 0

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Nothing to learn: the seed is that of the search."""
        self._seed = seed

    def predict(self, task: Task, sequences: Sequence[str]) -> list[str]:
        """One sequence per target; empty where there is none."""
        part = part_path(self._record_of(self._seed))
        part.parent.mkdir(parents=True, exist_ok=True)
        designs = self._finished(part)
        left = [target for target in dict.fromkeys(sequences) if target not in designs]
        make_design = partial(_design, self._designer, self._seed, self._time_limit)
        found = map_ordered(make_design, left, jobs=self._jobs, on_kill=lambda target, why: "")
        with part.open("a", encoding="utf-8", buffering=1) as stream:
            stream.write("\n")  # ends a line that was cut off
            for target, sequence in zip(left, found, strict=True):
                designs[target] = sequence
                row = {"target": target, "sequence": sequence, "time_limit": self._time_limit}
                stream.write(json.dumps(row) + "\n")
        answers = [designs[target] for target in sequences]
        self.num_failed = answers.count("")
        return answers

    def _finished(self, part: Path) -> dict[str, str]:
        """Target to sequence, with this time limit. A line that is cut off or damaged is designed again."""
        designs = {}
        for line in part.read_text("utf-8", "replace").splitlines() if part.exists() else ():
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                row = json.loads(line)
                target, sequence = row["target"], row["sequence"]
                is_design = len(sequence) in (0, len(target)) and set(sequence) <= set(NUCLEOTIDES)
                if is_design and row["time_limit"] == self._time_limit:
                    designs[target] = sequence
        return designs


def _design(designer: Designer, seed: int, time_limit: float) -> Callable[[str], str]:
    """What a process does for each target."""
    return partial(designer, seed=seed, time_limit=time_limit)


def search(target: str, *, seed: int, time_limit: float) -> str:
    """The search of `mprna design`, without constraints and certificate."""
    rules = Rules(target, Constraints())
    budget = Budget(time.process_time() + time_limit, 1 << 62, time.process_time)
    return Search(target, rules, DEFAULT_MODEL, Random(f"{seed}:1")).run(budget).sequence
