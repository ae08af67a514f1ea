"""Records through a fine-tuned model: one row per record, and a reason where there is no prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError
from mprna.io.records import Record
from mprna.predict.tables import Row

if TYPE_CHECKING:
    from mprna.runtime.task import TaskEngine


def open_task_engine(model_dir: Path) -> TaskEngine:
    """Open a model that `mprna finetune` wrote; errors are those of `TaskEngine`."""
    from mprna.runtime.task import TaskEngine

    return TaskEngine(model_dir)


def predict_rows(records: Iterable[Record], engine: TaskEngine) -> Iterator[Row]:
    """`name`, the prediction, and `error`, which is None where there is a prediction.

    Sequence classes have `label` and one `p_CLASS` each, token classes `labels`, one per nucleotide; numbers
    stand under the names of their columns in the training data, as a list for token tasks.
    """
    for record in records:
        row: Row = dict.fromkeys(columns(engine))
        row["name"] = record.name
        try:
            row |= _prediction(clean_sequence(record.sequence), engine)
        except SequenceError as error:
            row["error"] = str(error)
        yield row


def columns(engine: TaskEngine) -> list[str]:
    """Names of a row's values, in order."""
    if not engine.is_classification:
        return ["name", *engine.labels, "error"]
    found = ["labels"] if engine.per_token else ["label", *(f"p_{name}" for name in engine.labels)]
    return ["name", *found, "error"]


def _prediction(sequence: str, engine: TaskEngine) -> Row:
    values_PC = engine.predict(sequence)
    if not engine.is_classification:
        columns_CP = [[float(f"{value:.6g}") for value in column] for column in values_PC.T.tolist()]
        found = columns_CP if engine.per_token else [column[0] for column in columns_CP]
        return dict(zip(engine.labels, found, strict=True))
    classes = [engine.labels[i] for i in values_PC.argmax(1).tolist()]
    if engine.per_token:
        single = all(len(name) == 1 for name in engine.labels)
        return {"labels": "".join(classes) if single else classes}
    probs = {f"p_{name}": round(p, 4) for name, p in zip(engine.labels, values_PC[0].tolist(), strict=True)}
    return {"label": classes[0]} | probs
