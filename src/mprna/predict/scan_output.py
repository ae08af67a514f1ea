"""Effects of variants as rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any, Final

from mprna.predict.tables import Row, rounded, write_table
from mprna.predict.variant_effect import VariantEffect

_TYPES: Final = {"position": "int", "partner": "int"} | dict.fromkeys(
    (
        "llr", "delta_ensemble_energy", "delta_mfe", "pair_distance", "unpaired_distance", "unpaired",
        "confidence",
    ),
    "float",
)  # fmt: skip
SCAN_COLUMNS: Final = {f.name: _TYPES.get(f.name, "str") for f in dataclasses.fields(VariantEffect)}
"""Column and type, in order; helices are joined by commas, `-` is none."""


def write_effects(effects: Iterable[VariantEffect], output: str | None, *, format_name: str) -> None:
    """Write one row per variant.

    Args:
        output: the file; None or `-` is standard output.
        format_name: `tsv`, `jsonl` or `parquet`.

    Raises:
        FormatError: not writable.
        UsageError: another format.
        MissingExtraError: Parquet without pyarrow.
    """
    rows = map(effect_row, effects)
    write_table(rows, SCAN_COLUMNS, output, format_name=format_name, schema_name="scan")


def effect_row(effect: VariantEffect) -> Row:
    """Values by column, numbers with four decimals."""
    return {name: _value(getattr(effect, name)) for name in SCAN_COLUMNS}


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return rounded(value)
    if isinstance(value, tuple):
        return ",".join(value) or "-"
    return value
