"""What JSON Lines, TSV and Parquet share: one row of named values per record.

The names are those of `Record`'s fields; a few others are read too (`ALIASES`).
`base_pair_probs` is a list of `[i, j, probability]`, 0-based,
i < j, without probabilities below `MIN_LISTED_PROB`.

Shape letters: L nucleotides.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mprna.errors import FormatError, MprnaWarning
from mprna.io.records import Record, check_dot_bracket, split_header
from mprna.rna.energy import round_energy

MIN_LISTED_PROB: Final = 1e-5
"""Pairs below this are not listed; the same as RNAfold's `--bppmThreshold`."""

ALIASES: Final = {"seq": "sequence", "structure": "dot_bracket", "label": "dot_bracket", "id": "name"}
"""Names that published files use for ours, and that are read as such; ours win where both are there."""

_UNREAD: Final = {"reactivity": "reactivities", "shape": "reactivities", "constraints": "constraint"}
"""Names that are ignored like all others, but look as if they should guide a fold, and ours for that."""

_TEXTS: Final = (
    "name",
    "description",
    "sequence",
    "qualities",
    "dot_bracket",
    "constraint",
    "engine",
    "template",
    "error",
)
_NUMBERS: Final = ("energy", "confidence", "expected_f1")
NAMES: Final = (*_TEXTS, *_NUMBERS, "base_pair_probs", "reactivities", *ALIASES)
"""What may stand in a row; other names are ignored."""
_LARGEST_NUMBER: Final = 1e9
"""No RNA has an energy beyond, in kcal/mol."""
_NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")
"""NUL and surrogates, which JSON may hold and text files may not."""


def row_of(record: Record) -> dict[str, Any]:
    """Values by name; `None` is unknown. Energies have two decimals, confidences and expected F1 four."""
    probs = record.base_pair_probs
    return {
        "name": record.name,
        "description": record.description or None,
        "sequence": record.sequence,
        "qualities": record.qualities,
        "dot_bracket": record.dot_bracket,
        "energy": None if record.energy is None else round_energy(record.energy),
        "confidence": None if record.confidence is None else round(record.confidence, 4),
        "expected_f1": None if record.expected_f1 is None else round(record.expected_f1, 4),
        "base_pair_probs": None if probs is None else _triples(probs),
        "constraint": record.constraint,
        "reactivities": None if record.reactivities is None else _numbers(record.reactivities),
        "engine": record.engine,
        "template": record.template,
        "error": record.error,
    }


def record_from_row(row: Mapping[str, Any], number: int, *, path: str, line: int) -> Record:
    """The record of a row; only `sequence` is required and unknown names are ignored.

    Args:
        number: 1-based number of the record in its file, which names it if it has no name.
        path: the file, for errors.
        line: its line, for errors.

    Raises:
        FormatError: no sequence, a value of another type, or a structure that does not fit.
    """
    for name in _UNREAD.keys() & row.keys():
        _tell_of_unread(name, path)
    row = dict(row) | {
        name: text for name, text in _foreign_values(row).items() if _is_unknown(row.get(name))
    }
    values = {name: row[name] for name in (*_TEXTS, *_NUMBERS) if not _is_unknown(row.get(name))}
    _check_types(values, path, line)
    values |= {name: _NO_TEXT.sub("\ufffd", values[name]) for name in _TEXTS if name in values}
    if "sequence" not in values:
        raise FormatError("no 'sequence' in this record", path=path, line=line)
    values["sequence"] = "".join(values["sequence"].split())
    values["name"] = " ".join(values.get("name", "").split()) or split_header("", number)[0]
    if "dot_bracket" in values:
        check_dot_bracket(values["dot_bracket"], values["sequence"], path=path, line=line)
    if row.get("base_pair_probs") is not None:
        values["base_pair_probs"] = _matrix(row["base_pair_probs"], len(values["sequence"]), path, line)
    if row.get("reactivities") is not None:
        values["reactivities"] = _reactivities(row["reactivities"], path, line)
    return Record(**values)


@cache
def _tell_of_unread(name: str, path: str) -> None:
    """Once for each file."""
    message = f"{path}: {name!r} is not read; to guide the fold it must be named {_UNREAD[name]!r}"
    warnings.warn(message, MprnaWarning, stacklevel=1)


def _foreign_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values under the names that we would have given them."""
    texts = {name: row[name] for name in ALIASES if isinstance(row.get(name), str)}
    if any(symbol.isalnum() for symbol in texts.get("label", "")):
        del texts["label"]  # the class of a sequence, not its structure
    return {ALIASES[name]: text for name, text in texts.items()}


def _is_unknown(value: Any) -> bool:
    """None, or NaN, which others write for it."""
    return value is None or value != value


def _check_types(values: Mapping[str, Any], path: str, line: int) -> None:
    for name, value in values.items():
        if name in _TEXTS and not isinstance(value, str):
            raise FormatError(f"{name!r} is {value!r:.40}, expected text", path=path, line=line)
        if name in _NUMBERS and not _is_number(value):
            raise FormatError(f"{name!r} is {value!r:.40}, expected a number", path=path, line=line)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and -_LARGEST_NUMBER < value < _LARGEST_NUMBER


def _triples(base_pair_probs: npt.NDArray[np.float32]) -> list[list[Any]]:
    i, j = np.nonzero(np.triu(base_pair_probs, k=1) >= MIN_LISTED_PROB)
    probs = base_pair_probs[i, j].astype(np.float64).round(5)
    return [list(triple) for triple in zip(i.tolist(), j.tolist(), probs.tolist(), strict=True)]


def _numbers(values: npt.NDArray[np.float64]) -> list[float | None]:
    """What is not known as None: JSON has no NaN."""
    return [None if np.isnan(value) else value for value in values.tolist()]


def _reactivities(values: Any, path: str, line: int) -> npt.NDArray[np.float64]:
    """NaN where there is none. *Shape:* as many as there are"""
    try:
        numbers = values.replace(",", " ").split() if isinstance(values, str) else list(values)
        known = [float("nan") if value in (None, "NA") else float(value) for value in numbers]
        if any(map(math.isinf, known)):
            raise ValueError
    except (TypeError, ValueError, OverflowError) as error:
        message = "'reactivities' are no list of numbers, one per nucleotide, null where there are no data"
        raise FormatError(message, path=path, line=line) from error
    return np.array(known, dtype=np.float64)


def _matrix(triples: Any, length: int, path: str, line: int) -> npt.NDArray[np.float32]:
    """Symmetric pair probabilities. *Shape:* (L, L)"""
    try:
        matrix = np.zeros((length, length), dtype=np.float32)
        for i, j, prob in triples:
            if not (0 <= i < j < length and 0 <= prob <= 1):
                raise ValueError
            matrix[i, j] = matrix[j, i] = prob
    except (TypeError, ValueError, IndexError) as error:
        message = (
            f"'base_pair_probs' is no list of [i, j, probability] with 0 <= i < j < {length} and "
            "probabilities from 0 to 1"
        )
        raise FormatError(message, path=path, line=line) from error
    except MemoryError as error:
        message = f"no memory for the pair probabilities of {length} nt"
        raise FormatError(message, path=path, line=line) from error
    return matrix
