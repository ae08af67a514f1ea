"""Repairs as files: sequences, sequences with qualities, or rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from mprna.alphabet import NUCLEOTIDES
from mprna.errors import UsageError
from mprna.io.fasta import write_fasta, write_fastq
from mprna.io.output import open_output
from mprna.io.records import Record
from mprna.predict.repair import Repair, RepairResult
from mprna.predict.tables import TABLE_FORMATS, Row, check_format, write_table

REPAIR_FORMATS: Final = ("fasta", "fastq", *TABLE_FORMATS)

COLUMNS: Final = {
    "name": "str", "position": "int", "base": "str", "p_substitution": "float",
    **{f"p_{base}": "float" for base in NUCLEOTIDES}, "relatives": "int", "repaired": "str", "helix": "str",
    "error": "str",
}  # fmt: skip
"""Column and type; `position` counts from 1, `relatives` is empty unless files of them were given,
`repaired` holds a letter where a change is proposed."""


def write_repairs(
    results: Iterable[RepairResult], output: str | None, *, format_name: str, changes_only: bool = False
) -> None:
    """Write repaired sequences or rows.

    Args:
        output: the file; None or `-` is standard output.
        format_name: one of `REPAIR_FORMATS`.
        changes_only: of a table: the rows of proposed changes; a record without one keeps one row.

    Raises:
        FormatError: not writable.
        UsageError: another format, or `changes_only` with sequences.
        MissingExtraError: Parquet without pyarrow.
    """
    check_format(format_name, REPAIR_FORMATS)
    if changes_only and format_name not in TABLE_FORMATS:
        raise UsageError(f"changes_only is for tables ({', '.join(TABLE_FORMATS)}), not for {format_name}")
    if format_name in TABLE_FORMATS:
        rows = (row for result in results for row in rows_of(result, changes_only=changes_only))
        write_table(rows, COLUMNS, output, format_name=format_name, schema_name="repair")
        return
    write = write_fasta if format_name == "fasta" else write_fastq
    with open_output(output) as stream:
        write(map(record_of, results), stream)


def record_of(result: RepairResult) -> Record:
    """The repaired sequence with its qualities, and what was changed in its description.

    A failed record keeps its sequence; the reason stands in the description.
    """
    notes = [result.description] if result.description else []
    if result.repairs:
        notes.append("repairs=" + ",".join(map(str, result.repairs)))
    helices = dict.fromkeys(change.helix for change in result.repairs if change.helix)
    if helices:
        notes.append("helices=" + ",".join(helices))
    if result.error is not None:
        notes.append(f"error={result.error}")
    return Record(
        name=result.name,
        description=" ".join(notes),
        sequence=result.sequence if result.repaired is None else result.repaired,
        qualities=result.qualities,
    )


def rows_of(result: RepairResult, *, changes_only: bool = False) -> Iterator[Row]:
    """Rows of `COLUMNS`, at least one."""
    changes = {change.position: change for change in result.repairs}
    empty = dict.fromkeys(COLUMNS) | {"name": result.name}
    if result.base_probs is None or (changes_only and not changes):
        yield empty | {"error": result.error}
        return
    for position in changes if changes_only else range(1, len(result.sequence) + 1):
        yield empty | _row(result, position, changes.get(position))


def _row(result: RepairResult, position: int, change: Repair | None) -> Row:
    if result.base_probs is None or result.substitution_probs is None:
        raise ValueError("no probabilities")
    substitution = result.substitution_probs[position - 1]
    row: Row = {"position": position, "base": result.sequence[position - 1]}
    row["p_substitution"] = None if np.isnan(substitution) else _short(substitution)
    for base, probability in zip(NUCLEOTIDES, result.base_probs[position - 1], strict=True):
        row[f"p_{base}"] = _short(probability)
    if result.num_relatives is not None:
        row["relatives"] = int(result.num_relatives[position - 1])
    if change is not None:
        row |= {"repaired": change.base, "helix": change.helix}
    return row


def _short(probability: float) -> float:
    return float(f"{probability:.4g}")
