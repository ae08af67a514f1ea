"""What a benchmark task is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

SPLITS: Final = ("train", "valid", "test")
METRICS_OF: Final = {
    "structure": ("token_macro_f1", "pair_f1"),
    "classification": ("macro_f1", "mcc", "auc"),
    "multilabel": ("label_macro_f1", "label_auc"),
    "regression": ("r2", "pearson", "rmse"),
    "multi_regression": ("rmse",),
    "mutation_detection": ("auc", "macro_f1", "mcc"),
    "mutation_repair": ("macro_f1", "mcc", "auc"),
    "degradation": ("mcrmse",),
    "design": ("solved", "ensemble_defect"),
}
"""Types of tasks, and what can be measured of each."""
LABELLED: Final = tuple(kind for kind in METRICS_OF if kind != "design")
"""Types whose examples are sequences with labels, from which a model can learn. An example of `design` is a
target structure, and the answer to it is a sequence."""
CLASSES_OF: Final = {
    "structure": ("(", ")", "."),
    "mutation_detection": ("original", "mutated"),
    "mutation_repair": ("A", "C", "G", "U"),
}
"""The classes of types that have always the same."""


@dataclass(frozen=True, slots=True)
class SplitFacts:
    """What a split's file should be."""

    size: int
    """Number of rows."""
    sha256: str
    """SHA-256 of the file as it was read here; the same rows compressed otherwise have another."""
    rows_sha256: str
    """Of sequences and labels in file order (`data.rows_digest`), which no packing changes."""


@dataclass(frozen=True, slots=True)
class Hub:
    """Where `mprna bench download` finds a suite on the Hugging Face hub."""

    id: str
    """Id of the repository; `{name}` is replaced by the task's name."""
    type: str = "dataset"
    """`dataset` or `space`."""
    archive: str = ""
    """The zip file that holds all, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One data set with its metrics."""

    suite: str
    name: str
    type: str
    """A key of `METRICS_OF`."""
    classes: tuple[str, ...] = ()
    """Labels as the files write them; columns of `degradation`, and of several numbers that do not stand in
    one. Empty for numbers in the column `label`."""
    metrics: tuple[str, ...] = ()
    """Among those of the type, the one that choices are made by first; all where empty."""
    dirs: tuple[str, ...] = ()
    """Folders, or beginnings of file names, in the data folder; the first with files is taken. Where empty,
    the name of the task, or `NAME/SUBSET`, unless there is a test file alone."""
    test_file: str = ""
    """Name of the test file in the data folder, where it does not say so itself."""
    sequence: str = "sequence"
    """Column of the sequence, or of the target structure where the task is `design`."""
    label: str = "label"
    """Column of the label; `design` has none."""
    item_name: str = ""
    """Column of what an item is called, for the lists of those that were missed."""
    max_length: int = 1024
    """Longer sequences are cut for models that are trained or probed, and counted; nt."""
    subsets: tuple[str, ...] = ()
    """Data sets of the task, each of which becomes a task `name.subset`."""
    group: str = ""
    """Name of the task that a subset is part of."""
    valid_from_train: int = 0
    """Where there is no validation split, every n-th row of train is it; 0 refuses."""
    train_from_valid: int = 0
    """Where there is no training split, every n-th row of validation is it, the others train; 0 refuses."""
    resplit_by: str = ""
    """Column by which a lone test file is split anew; empty refuses."""
    note: str = ""
    source: str = ""
    licence: str = ""
    version: str = ""
    hub: Hub | None = None
    splits: dict[str, SplitFacts] = field(default_factory=dict, hash=False)

    @property
    def facts(self) -> dict[str, Any]:
        """What a result depends on, beside the data, as JSON has it."""
        return {
            "type": self.type,
            "classes": list(self.classes),
            "metrics": list(self.metrics),
            "columns": [self.sequence, self.label],
            "max_length": self.max_length,
            "splits": [self.valid_from_train, self.train_from_valid, self.resplit_by],
        }

    @property
    def full_name(self) -> str:
        return f"{self.suite}/{self.name}"
