"""Structures by any program that reads FASTA and writes dot-brackets, as MXfold2; nothing is trained."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mprna.bench.examples import Example
from mprna.bench.task import Task
from mprna.errors import RunError, StructureError, UsageError, first_line
from mprna.rna.structure import pairs_from_dot_bracket

FASTA: Final = "{}"
"""What the name of the FASTA file takes the place of."""

_STRUCTURE: Final = re.compile(r"(?!>)([.()\[\]{}<>]+)(?:\s.*)?")
"""Not a header, whose name may be empty."""


@dataclass(frozen=True, slots=True)
class Program:
    """A known one."""

    command: tuple[str, ...]
    source: str
    """Where it is to be had."""
    module: str = ""
    """Python module that it needs in this environment."""

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None if self.module else bool(shutil.which(self.command[0]))


ETERNAFOLD: Final = """\
import sys, linearpartition
for line in open(sys.argv[1]):
    if not line.startswith(">"):
        print(linearpartition.partition(line.strip().replace("N", "A"), mode="eterna")["structure"])
"""
"""EternaFold's parameters (Wayment-Steele et al. 2022) in LinearPartition (Zhang et al. 2020), MEA."""

PROGRAMS: Final = {
    "mxfold2": Program(("mxfold2", "predict", FASTA), "https://github.com/mxfold/mxfold2"),
    "eternafold": Program(
        (sys.executable, "-c", ETERNAFOLD, FASTA),
        "pip install linearpartition-unofficial (for non-commercial use)",
        module="linearpartition",
    ),
}
"""Programs by name; they bring licences of their own."""


class ProgramModel:
    """One call for all sequences. An answer that is no structure of its RNA counts as unpaired.

    Args:
        command: program and arguments; `{}` in them becomes the name of a FASTA file, without it FASTA is on
            standard input. Its structures, one for each RNA in their order, are the lines that begin with a
            dot-bracket on standard output.
    """

    types: tuple[str, ...] = ("structure",)
    trains = False
    is_seeded = False

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self.choices: dict[str, Any] = {}
        self.num_failed = self.num_truncated = 0

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Nothing to learn."""

    def predict(self, task: Task, sequences: Sequence[str]) -> list[str]:
        """One dot-bracket per sequence.

        Raises:
            RunError: the program cannot be run, fails, or has more or fewer answers than sequences.
        """
        found = [match[1] for line in self._run(sequences) if (match := _STRUCTURE.fullmatch(line))]
        if len(found) != len(sequences):
            raise RunError(f"{self._command[0]} wrote {len(found)} structures for {len(sequences)} RNAs")
        fits = [_fits(answer, sequence) for answer, sequence in zip(found, sequences, strict=True)]
        self.num_failed = fits.count(False)
        return [
            answer if fit else "." * len(s) for answer, fit, s in zip(found, fits, sequences, strict=True)
        ]

    def _run(self, sequences: Sequence[str]) -> list[str]:
        fasta = "".join(f">{number}\n{sequence}\n" for number, sequence in enumerate(sequences))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rnas.fa"
            path.write_text(fasta)
            command = [part.replace(FASTA, str(path)) for part in self._command]
            stdin = fasta if command == list(self._command) else ""
            try:
                result = subprocess.run(
                    command, input=stdin, capture_output=True, encoding="utf-8", errors="replace", check=False
                )
            except OSError as error:
                raise RunError(f"{self._command[0]} cannot be run ({first_line(error)})") from error
        if result.returncode != 0:
            last = (result.stderr.strip().splitlines() or ["no message"])[-1]
            raise RunError(f"{self._command[0]} ended with status {result.returncode}: {last}")
        return result.stdout.splitlines()


def named_program(name: str) -> ProgramModel:
    """A key of `PROGRAMS`.

    Raises:
        UsageError: it is not installed.
    """
    program = PROGRAMS[name]
    if not program.is_installed:
        raise UsageError(
            f"{name} is not installed ({program.source}); where it is in an environment of its own, "
            "--model 'command:PROGRAM ARGUMENTS {}' calls it"
        )
    return ProgramModel(program.command)


def command_line(text: str) -> ProgramModel:
    """What stands after `command:`.

    Raises:
        UsageError: no such program.
    """
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"command:{text}: {error}") from error
    if not command or shutil.which(command[0]) is None:
        raise UsageError(f"command:{text}: expected a program that is installed, and its arguments")
    return ProgramModel(command)


def _fits(answer: str, sequence: str) -> bool:
    try:
        pairs_from_dot_bracket(answer)
    except StructureError:
        return False
    return len(answer) == len(sequence)
