"""Degradation as rows: one per nucleotide, or one per molecule in the order of their scores."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from typing import Final

from mprna.errors import MprnaWarning
from mprna.predict.degrade import DegradationResult, ranked
from mprna.predict.tables import Row, rounded, write_table
from mprna.runtime.degradation_engine import TARGETS

_VALUES: Final = {name: "float" for target in TARGETS for name in (target, f"{target}_sd")}
NUCLEOTIDE_COLUMNS: Final = {"name": "str", "position": "int", "base": "str", **_VALUES, "error": "str"}
"""Column and type; `position` counts from 1. A record without predictions is one row with its `error`."""

RANK_COLUMNS: Final = {
    "rank": "int", "name": "str", "length": "int", "score": "float", "score_sd": "float",
    **{f"mean_{target}": "float" for target in TARGETS}, "error": "str",
}  # fmt: skip
"""One row per record, the most stable first; those without predictions last and without a rank."""


def write_degradation(
    results: Iterable[DegradationResult], output: str | None, *, format_name: str, rank: bool = False
) -> None:
    """Write the predictions.

    Args:
        output: the file; None or `-` is standard output.
        format_name: `tsv`, `jsonl` or `parquet`.
        rank: one row per molecule, ranked, instead of one per nucleotide.

    Raises:
        FormatError: not writable.
        UsageError: another format.
        MissingExtraError: Parquet without pyarrow.
    """
    columns = RANK_COLUMNS if rank else NUCLEOTIDE_COLUMNS
    rows = rank_rows(results) if rank else nucleotide_rows(results)
    write_table(rows, columns, output, format_name=format_name, schema_name="degradation")


def nucleotide_rows(results: Iterable[DegradationResult]) -> Iterator[Row]:
    """Rows of `NUCLEOTIDE_COLUMNS`."""
    empty = dict.fromkeys(NUCLEOTIDE_COLUMNS)
    for result in results:
        if result.mean is None or result.sd is None:
            yield empty | {"name": result.name, "error": result.error}
            continue
        for index, base in enumerate(result.sequence):
            row: Row = empty | {"name": result.name, "position": index + 1, "base": base}
            for target, mean, sd in zip(TARGETS, result.mean[index], result.sd[index], strict=True):
                row |= {target: rounded(mean), f"{target}_sd": rounded(sd)}
            yield row


def rank_rows(results: Iterable[DegradationResult]) -> Iterator[Row]:
    """Rows of `RANK_COLUMNS`. Warns where lengths differ."""
    empty, order = dict.fromkeys(RANK_COLUMNS), ranked(results)
    if len({len(result.sequence) for result in order if result.score is not None}) > 1:
        message = "RNAs of different lengths: the score adds up over the RNA; compare them by mean_deg_Mg_50C"
        warnings.warn(message, MprnaWarning, stacklevel=2)
    for place, result in enumerate(order, 1):
        row: Row = empty | {"name": result.name, "length": len(result.sequence), "error": result.error}
        if result.mean is not None and result.score is not None and result.score_sd is not None:
            row |= {"rank": place, "score": rounded(result.score), "score_sd": rounded(result.score_sd)}
            means = result.mean.mean(axis=0, dtype=float)
            row |= {f"mean_{target}": rounded(mean) for target, mean in zip(TARGETS, means, strict=True)}
        yield row
