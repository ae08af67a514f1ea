"""Designs as files: TSV, JSON Lines or FASTA."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import IO, Final

from mprna.io.output import open_output
from mprna.predict.design import Design
from mprna.predict.tables import Row, check_format, rounded, write_jsonl, write_tsv

COLUMNS: Final = (
    "name",
    "solution",
    "target",
    "sequence",
    "energy",
    "gap",
    "mfe_models",
    "probability",
    "ensemble_defect",
    "gc",
    "longest_repeat",
    "longest_inverted_repeat",
    "robustness",
    "folds",
    "seconds",
    "error",
)


def write_designs(designs: Iterable[Design], output: str | None, *, format_name: str) -> None:
    """Write designs as they come.

    Args:
        output: the file; None or `-` is standard output.
        format_name: `tsv`, `jsonl` or `fasta`, which holds solved targets alone.

    Raises:
        FormatError: not writable.
        UsageError: another format.
    """
    check_format(format_name, WRITERS)
    with open_output(output) as stream:
        WRITERS[format_name](designs, stream)


def row_of(design: Design) -> Row:
    """Values by column; `None` is unknown. Energies have two decimals, shares four."""
    row: Row = dict.fromkeys(COLUMNS)
    row |= {
        name: getattr(design, name) for name in ("name", "solution", "target", "sequence", "folds", "error")
    }
    row["seconds"] = rounded(design.seconds, 2)
    if (found := design.certificate) is not None:
        row |= {"energy": rounded(found.energy, 2), "gap": found.gap, "mfe_models": list(found.mfe_models)}
        row["probability"] = float(f"{found.probability:.4g}")
        row |= {name: rounded(getattr(found, name)) for name in ("ensemble_defect", "gc", "robustness")}
        row |= {name: getattr(found, name) for name in ("longest_repeat", "longest_inverted_repeat")}
    return row


def _write_tsv(designs: Iterable[Design], stream: IO[str]) -> None:
    rows = map(row_of, designs)
    write_tsv((row | {"mfe_models": ",".join(row["mfe_models"] or ())} for row in rows), COLUMNS, stream)


def _write_jsonl(designs: Iterable[Design], stream: IO[str]) -> None:
    write_jsonl(map(row_of, designs), stream)


def _write_fasta(designs: Iterable[Design], stream: IO[str]) -> None:
    for design in designs:
        if design.sequence and not design.error:
            stream.write(f">{design.name}_{design.solution}\n{design.sequence}\n")


WRITERS: Final[dict[str, Callable[[Iterable[Design], IO[str]], None]]] = {
    "tsv": _write_tsv,
    "jsonl": _write_jsonl,
    "fasta": _write_fasta,
}
