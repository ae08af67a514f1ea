"""Two files of structures, RNA by RNA: what they share, and how well one is the other."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mprna.alphabet import as_rna
from mprna.io.records import Record
from mprna.predict.tables import Row, rounded, write_table
from mprna.rna.scores import matthews_correlation, pair_scores
from mprna.rna.structure import dot_bracket_from_pairs, pairs_from_dot_bracket


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One RNA; the numbers are None where `error` says why it is not compared."""

    name: str
    length: int | None = None
    known_pairs: int | None = None
    """How many pairs the known structure has, those of pseudoknots too."""
    predicted_pairs: int | None = None
    shared_pairs: int | None = None
    precision: float | None = None
    """Share of the predicted pairs that are known; also called PPV."""
    recall: float | None = None
    """Share of the known pairs that are predicted; also called sensitivity."""
    f1: float | None = None
    f1_within_1: float | None = None
    """Of pairs of which one end may have slipped by a nucleotide."""
    mcc: float | None = None
    """Matthews' correlation over all possible pairs."""
    shared: str | None = None
    """The pairs that both have, as a dot-bracket."""
    error: str | None = None


_COUNTS: Final = ("length", "known_pairs", "predicted_pairs", "shared_pairs")
_SCORES: Final = ("precision", "recall", "f1", "f1_within_1", "mcc")
_TYPES: Final = dict.fromkeys(_COUNTS, "int") | dict.fromkeys(_SCORES, "float")
COLUMNS: Final = {field.name: _TYPES.get(field.name, "str") for field in dataclasses.fields(Comparison)}
"""Column and type, in order."""


def compare(known: Iterable[Record], predicted: Iterable[Record]) -> Iterator[Comparison]:
    """Every known structure with each predicted one of its name and sequence, in order.

    A known structure without such a prediction has one comparison too, which says so. Several predictions of
    one name are mfold's suboptimal structures, say, or other RNAs of that name.
    """
    by_name: defaultdict[str, list[Record]] = defaultdict(list)
    for record in predicted:
        by_name[record.name].append(dataclasses.replace(record, base_pair_probs=None))  # which are large
    for record in known:
        for other in _predictions(record, by_name.get(record.name, [])):
            yield _compared(record, other)


def write_comparisons(found: Iterable[Comparison], output: str | None, *, format_name: str) -> None:
    """Write one row per RNA, numbers with four decimals; arguments and errors are those of `write_table`."""
    write_table(map(_row, found), COLUMNS, output, format_name=format_name, schema_name="compare")


def _predictions(known: Record, named: Sequence[Record]) -> Sequence[Record | None]:
    """Those of the same sequence; where there is none, the first of the name."""
    return [other for other in named if _are_alike(known, other)] or named[:1] or [None]


def _are_alike(known: Record, other: Record) -> bool:
    return as_rna(known.sequence) == as_rna(other.sequence)


def _compared(known: Record, other: Record | None) -> Comparison:
    reason = _complaint(known, other)
    if reason is not None or other is None:
        return Comparison(name=known.name, error=reason)
    length = len(known.sequence)
    own, theirs = (pairs_from_dot_bracket(record.dot_bracket or "") for record in (known, other))
    scores, within_1 = (pair_scores(own, theirs, tolerance=tolerance) for tolerance in (0, 1))
    shared = sorted({tuple(pair) for pair in own.tolist()} & {tuple(pair) for pair in theirs.tolist()})
    return Comparison(
        name=known.name,
        length=length,
        known_pairs=len(own),
        predicted_pairs=len(theirs),
        shared_pairs=len(shared),
        precision=scores.precision,
        recall=scores.recall,
        f1=scores.f1,
        f1_within_1=within_1.f1,
        mcc=matthews_correlation(own, theirs, length),
        shared=dot_bracket_from_pairs(shared, length),
    )


def _complaint(known: Record, predicted: Record | None) -> str | None:
    """Why two structures are not compared."""
    if known.dot_bracket is None:
        return known.error or "no known structure"
    if predicted is None:
        return "no predicted structure of this name"
    if not _are_alike(known, predicted):
        return "the predicted structure is of another sequence"
    if predicted.dot_bracket is None:
        return predicted.error or "no predicted structure"
    return None


def _row(comparison: Comparison) -> Row:
    return {name: _value(getattr(comparison, name)) for name in COLUMNS}


def _value(value: Any) -> Any:
    return rounded(value) if isinstance(value, float) else value
