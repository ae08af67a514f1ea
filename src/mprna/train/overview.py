"""What a pretraining run asked of its model, and how the losses fell: the data of the paper's figure 1.

Shape letters: L nucleotides, N points, B sequences, T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from torch import Tensor

from mprna.alphabet import MASK_ID, NUCLEOTIDES, STRUCTURE_SYMBOLS, VOCABULARY
from mprna.errors import ModelError
from mprna.files import read_json
from mprna.model.layout import CONFIG_FILE
from mprna.objectives.mixture import OBJECTIVES, ObjectiveConfig, corrupt
from mprna.objectives.objective import IGNORE
from mprna.objectives.padding import Annotation, TrainingSlice, pad_slices
from mprna.tokenizer import Tokenizer
from mprna.train.tracker import METRICS_FILE, read_metrics

NUM_MEANS: Final = 40
"""Points of a training curve; each is the mean of as many steps as that takes."""

MAX_DRAWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Learning:
    """One objective over a run, in nats per scored token."""

    name: str
    weight: float
    tokens: tuple[float, ...]
    """Read until then, in millions. *Shape:* (N,)"""
    losses: tuple[float, ...]
    """Means over steps. *Shape:* (N,)"""
    validation_tokens: tuple[float, ...]
    validation_losses: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Corrupted:
    """One sequence as a model reads it, and what each objective wants to hear. *Shape:* (L,) each"""

    shown: str
    """`?` where masked."""
    masked: str
    """Letters that were masked; blank elsewhere."""
    substituted: str
    """Letters that were substituted; blank elsewhere."""
    structure: str


def read_objectives(run_dir: Path) -> ObjectiveConfig:
    """Rates and weights of a pretraining run.

    Raises:
        ModelError: no pretraining run.
    """
    try:
        return ObjectiveConfig(**read_json(run_dir / CONFIG_FILE)["train"]["objectives"])
    except (KeyError, TypeError):
        message = f"{run_dir / CONFIG_FILE}: no objectives; is this a run of `mprna pretrain`?"
        raise ModelError(message) from None


def read_learning(run_dir: Path) -> list[Learning]:
    """Losses of all objectives that a run has, over the tokens that it read.

    Raises:
        ModelError: no pretraining run, or one without a step.
    """
    weights = read_objectives(run_dir).weights
    rows = read_metrics(run_dir / METRICS_FILE)
    steps = [row for row in rows if row["kind"] == "train"]
    read = dict(zip((row["step"] for row in steps), _millions(steps), strict=True))
    learned = [_learning(name, weights[name], rows, read) for name in OBJECTIVES if name in weights]
    learned = [one for one in learned if one.losses]
    if not learned:
        raise ModelError(f"{run_dir}: no losses of objectives in {METRICS_FILE}; has it made a step?")
    return learned


def corrupted_example(sequence: str, dot_bracket: str, config: ObjectiveConfig) -> Corrupted:
    """The first draw, by the run's own code and rates, that shows every kind of corruption that is on.

    Raises:
        ModelError: rates so low that no draw does.
    """
    tokenizer = Tokenizer()
    symbols = np.frombuffer(dot_bracket.encode(), np.uint8)
    ids = np.asarray(tokenizer.encode_bytes(np.frombuffer(sequence.encode(), np.uint8)))
    piece = TrainingSlice(ids, Annotation(symbols, np.full(len(symbols), 255, np.uint8)))
    clean = pad_slices([piece], np.array([False]), tokenizer)
    for draw in range(MAX_DRAWS):
        batch = corrupt(clean, config=config, rng=np.random.default_rng([0, draw]))
        masked = _letters(batch.token_labels, VOCABULARY)
        substituted = _letters(batch.repair_labels, NUCLEOTIDES)
        if (masked.strip() or not config.mask_rate) and (substituted.strip() or not config.mutation_rate):
            shown = [VOCABULARY[i] if i != MASK_ID else "?" for i in batch.input_ids[0, 1:-1].tolist()]
            structure = _letters(batch.structure_labels, STRUCTURE_SYMBOLS)
            return Corrupted("".join(shown), masked, substituted, structure)
    raise ModelError(f"nothing was corrupted in {MAX_DRAWS:,} draws; are the rates too low?")


def _millions(steps: Sequence[dict[str, Any]]) -> npt.NDArray[np.float64]:
    return np.cumsum([row.get("tokens", 0.0) for row in steps]) / 1e6


def _learning(name: str, weight: float, rows: Sequence[dict[str, Any]], read: dict[int, float]) -> Learning:
    train, validation = (_points(rows, kind, f"{name}_loss", read) for kind in ("train", "validation"))
    means = np.array([part.mean(axis=0) for part in np.array_split(train, NUM_MEANS) if len(part)])
    columns = [tuple(column.tolist()) for table in (means.reshape(-1, 2), validation) for column in table.T]
    return Learning(name, weight, *columns)


def _points(
    rows: Sequence[dict[str, Any]], kind: str, key: str, read: dict[int, float]
) -> npt.NDArray[np.float64]:
    """Tokens and loss. *Shape:* (N, 2)"""
    mine = [row for row in rows if row["kind"] == kind and key in row]
    found = [(read[row["step"]], row[key]) for row in mine if row["step"] in read]
    return np.array(found, dtype=np.float64).reshape(-1, 2)


def _letters(labels_BT: Tensor, alphabet: Sequence[str]) -> str:
    """Labels of the only sequence as letters, without `<cls>` and `<eos>`."""
    return "".join(" " if label == IGNORE else alphabet[label] for label in labels_BT[0, 1:-1].tolist())
