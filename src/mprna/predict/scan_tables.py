"""Effects of variants as rows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from typing import Any, Final

from mprna.errors import UsageError
from mprna.io.output import open_output
from mprna.io.table import write_parquet_rows
from mprna.predict.variant_effect import VariantEffect

SCAN_FORMATS: Final = ("tsv", "jsonl", "parquet")

_TYPES: Final = {"position": "int", "partner": "int"} | dict.fromkeys(
    (
        "llr", "delta_ensemble_energy", "delta_mfe", "pair_distance", "unpaired_distance", "unpaired",
        "confidence",
    ),
    "float",
)  # fmt: skip
SCAN_COLUMNS: Final = {f.name: _TYPES.get(f.name, "str") for f in dataclasses.fields(VariantEffect)}
"""Column and type, in order; helices are joined by commas, `-` is none."""

_DECIMALS: Final = 4


def write_effects(effects: Iterable[VariantEffect], output: str | None, *, format_name: str) -> None:
    """Write one row per variant.

    Args:
        output: the file; None or `-` is standard output.
        format_name: one of `SCAN_FORMATS`.

    Raises:
        FormatError: not writable.
        UsageError: another format.
        MissingExtraError: Parquet without pyarrow.
    """
    if format_name not in SCAN_FORMATS:
        raise UsageError(f"format {format_name!r}; expected one of {', '.join(SCAN_FORMATS)}")
    rows = map(effect_row, effects)
    with open_output(output, binary=format_name == "parquet") as stream:
        if format_name == "parquet":
            write_parquet_rows(rows, SCAN_COLUMNS, stream, schema_name="scan")
        elif format_name == "jsonl":
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            stream.write("\t".join(SCAN_COLUMNS) + "\n")
            stream.writelines("\t".join(map(_cell, row.values())) + "\n" for row in rows)


def effect_row(effect: VariantEffect) -> dict[str, Any]:
    """Values by column, numbers with four decimals."""
    return {name: _value(getattr(effect, name)) for name in SCAN_COLUMNS}


def _value(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DECIMALS) + 0.0
    if isinstance(value, tuple):
        return ",".join(value) or "-"
    return value


def _cell(value: Any) -> str:
    return "" if value is None else str(value).replace("\t", " ").replace("\n", " ")
