"""What a fine-tuned model predicts, as `config.json` says. Needs no torch."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mprna.errors import ModelError
from mprna.files import read_json
from mprna.model.layout import CONFIG_FILE

PAIR_PREDICTION: Final = "pair_prediction"
"""The partner of every nucleotide, or none."""
MULTILABEL: Final = "sequence_multilabel"
"""Labels that do not exclude each other, each of which a sequence has or not."""

TASKS: Final = (
    "token_classification",
    "token_regression",
    "sequence_classification",
    MULTILABEL,
    "sequence_regression",
    PAIR_PREDICTION,
)
POOLINGS: Final = ("mean_max", "mean", "cls")
"""How a sequence becomes one vector: mean and maximum over its nucleotides side by side, the mean, or that of
`<cls>`."""


@dataclass(frozen=True, kw_only=True)
class TaskConfig:
    """What a head predicts, as written to `config.json`."""

    task: str
    """One of `TASKS`."""
    labels: tuple[str, ...]
    """Names of the classes or labels, or of the predicted numbers."""
    pooling: str = "mean_max"
    """For sequence tasks: one of `POOLINGS`."""
    offsets: tuple[float, ...] = ()
    """Of each predicted number: what the network says times its scale, plus this."""
    scales: tuple[float, ...] = ()
    """Scale of each predicted number, positive; see `offsets`."""
    lora_rank: int = 0
    """Rank of the low-rank updates while they are trained; 0 where there are none."""

    def __post_init__(self) -> None:
        if self.task not in TASKS or self.pooling not in POOLINGS or not self.labels:
            raise ModelError(f"no task that this mprna knows: {self.task!r}, {self.pooling!r}; upgrade it")
        if not isinstance(self.labels, tuple) or not all(isinstance(name, str) for name in self.labels):
            raise ModelError(f"labels {self.labels!r:.40}; expected a list of names")
        if len(set(self.labels)) < len(self.labels):
            raise ModelError(f"labels {self.labels!r:.40}; expected names that differ")
        for values in (self.offsets, self.scales):
            if not isinstance(values, tuple) or not all(map(_is_finite, values)):
                raise ModelError(f"offsets or scales {values!r:.40}; expected lists of numbers")

    @property
    def vectors(self) -> int:
        """How many vectors of the encoder the head reads at a place."""
        return 2 if self.pooling == "mean_max" and not self.per_token else 1

    @property
    def per_token(self) -> bool:
        return not self.task.startswith("sequence")

    @property
    def is_classification(self) -> bool:
        """Whether one class of several is right; of pairs, every token is a class."""
        return not self.is_multilabel and not self.task.endswith("regression")

    @property
    def is_multilabel(self) -> bool:
        return self.task == MULTILABEL

    @property
    def is_pairing(self) -> bool:
        return self.task == PAIR_PREDICTION

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TaskConfig:
        """The inverse of `to_dict`; an unknown or missing field is a `ModelError`."""
        try:
            parsed: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
            return cls(**parsed)
        except (AttributeError, TypeError) as error:
            raise ModelError(f"no description of a task ({error})") from None


def _is_finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def read_task_config(directory: Path) -> TaskConfig:
    """What the model of a directory predicts.

    Raises:
        ModelError: `config.json` does not say so.
    """
    path = directory / CONFIG_FILE
    try:
        task = TaskConfig.from_dict(read_json(path).get("task", {}))
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from None
    if task.task.endswith("regression"):
        num_units = len(task.offsets), len(task.scales)
        if num_units != (len(task.labels),) * 2 or min(task.scales) <= 0:
            raise ModelError(f"{path}: expected an offset and a positive scale for each label")
    return task


PAIR_TASK: Final = TaskConfig(task=PAIR_PREDICTION, labels=("base pairs",))
"""The only one of its kind."""
