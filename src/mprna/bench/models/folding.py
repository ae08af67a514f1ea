"""Structures by `mprna.fold`, with any engine and any of our models; no weight is trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mprna.bench.examples import Example
from mprna.bench.task import Task
from mprna.io.jsonl import write_jsonl
from mprna.io.records import Record
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions


class FoldingModel:
    """Zero-shot secondary structure. An RNA that cannot be folded counts as unpaired.

    Args:
        options: engine and model.
        jobs: processes.
    """

    types: tuple[str, ...] = ("structure",)
    trains = False
    is_seeded = False

    def __init__(self, options: FoldOptions, *, jobs: int = 1) -> None:
        self._options, self._jobs = options, jobs
        self.choices: dict[str, Any] = {}
        self.num_failed = self.num_truncated = 0

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Nothing to learn."""

    def predict(self, task: Task, sequences: Sequence[str]) -> list[str]:
        """One dot-bracket per sequence."""
        return self._fold(sequences, self._options)

    def _fold(self, sequences: Sequence[str], options: FoldOptions) -> list[str]:
        records = (Record(name=str(i), sequence=sequence) for i, sequence in enumerate(sequences))
        folded = [record.dot_bracket for record in fold_records(records, options, jobs=self._jobs)]
        self.num_failed = folded.count(None)
        return [
            dot_bracket or "." * len(sequence)
            for dot_bracket, sequence in zip(folded, sequences, strict=True)
        ]


class TemplateModel(FoldingModel):
    """The same, and the RNAs of `train` are templates."""

    trains = True

    def __init__(self, options: FoldOptions, *, jobs: int = 1) -> None:
        super().__init__(options, jobs=jobs)
        self._known: list[Record] | None = None

    def fit(self, task: Task, train: Sequence[Example], valid: Sequence[Example], seed: int) -> None:
        """Keep the structures of `train`."""
        self._known = [
            Record(name=str(i), sequence=one.sequence, dot_bracket=one.label) for i, one in enumerate(train)
        ]

    def predict(self, task: Task, sequences: Sequence[str]) -> list[str]:
        """One dot-bracket per sequence."""
        if self._known is None:
            raise RuntimeError("fit() first")
        with TemporaryDirectory(prefix="mprna-templates-") as folder:
            path = Path(folder) / "train.jsonl"
            with path.open("w", encoding="utf-8") as stream:
                write_jsonl(self._known, stream)
            return self._fold(sequences, dataclasses.replace(self._options, templates=(path,)))
