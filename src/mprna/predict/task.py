"""Records through a fine-tuned model: one row per record, and a reason where there is no prediction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError
from mprna.io.records import Record

if TYPE_CHECKING:
    from mprna.runtime.task import TaskEngine

Row = dict[str, Any]


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


def write_tsv(rows: Iterable[Row], names: list[str], stream: IO[str]) -> None:
    """A line of column names and one line per row; lists as JSON, unknown values empty."""
    stream.write("\t".join(names) + "\n")
    for row in rows:
        stream.write("\t".join(_cell(row[name]) for name in names) + "\n")


def write_jsonl(rows: Iterable[Row], stream: IO[str]) -> None:
    """One object per row."""
    for row in rows:
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


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


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else " ".join(str(value).split())
