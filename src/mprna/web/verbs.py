"""VERBS: what clients can ask for, and how a request within the limits becomes tasks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from mprna.alphabet import clean_sequence
from mprna.errors import SequenceError
from mprna.io.records import Record, split_header
from mprna.predict.design import Constraints, DesignOptions
from mprna.predict.options import FoldOptions
from mprna.predict.repair import RepairOptions
from mprna.predict.scan import ScanOptions
from mprna.web.limits import Limits
from mprna.web.problems import ApiError
from mprna.web.requests import (
    ConvertRequest,
    DegradeRequest,
    DesignRequest,
    EmbedRequest,
    FoldRequest,
    RepairRequest,
    Rna,
    ScanRequest,
    StructureRequest,
)
from mprna.web.tasks import (
    ConvertTask,
    DegradeTask,
    DesignTask,
    EmbedTask,
    FoldTask,
    RepairTask,
    RowTask,
    ScanTask,
    StructureTask,
)

_SCANNED: Final = 90
"""Variants of one task, of 30 nt where all are scanned."""


def fold_tasks(request: FoldRequest, limits: Limits) -> list[FoldTask]:
    """One task per record."""
    if request.constraint is not None and len(request.records) != 1:
        message = "a constraint belongs to one record; give each record its own"
        raise ApiError(422, "invalid", message, "constraint")
    options = FoldOptions(
        engine=request.engine,
        pseudoknots=request.pseudoknots,
        min_confidence=request.min_confidence,
        pair_probs=True,
    )
    relatives = tuple(_named(request.relatives, limits, field="relatives"))
    tasks = []
    for (name, sequence), rna in zip(_named(request.records, limits), request.records, strict=True):
        constraint = request.constraint if rna.constraint is None else rna.constraint
        record = Record(name=name, sequence=sequence, constraint=constraint)
        tasks.append(FoldTask(name, record, options, request.layout, relatives))
    return tasks


def embed_tasks(request: EmbedRequest, limits: Limits) -> list[EmbedTask]:
    """One task per record."""
    most = limits.max_nucleotides if request.pool else limits.max_embedded
    named = _named(request.records, limits, most)
    return [EmbedTask(name, sequence, request.pool) for name, sequence in named]


def degrade_tasks(request: DegradeRequest, limits: Limits) -> list[DegradeTask]:
    """One task per record."""
    return [DegradeTask(name, sequence) for name, sequence in _named(request.records, limits)]


def scan_tasks(request: ScanRequest, limits: Limits) -> list[ScanTask]:
    """One task per `_SCANNED` variants."""
    options, tasks = ScanOptions(), []
    num_rows, most = len(request.records) * len(request.variants or ()), 3 * limits.max_nucleotides
    if num_rows > most:
        message = f"{num_rows:,} variants of records; up to {most:,} in one request: send several"
        raise ApiError(413, "too_many_variants", message, "variants")
    for name, sequence in _named(request.records, limits):
        variants = tuple(request.variants or ()) or range(_num_substitutions(sequence))
        for start in range(0, len(variants) or 1, _SCANNED):
            tasks.append(ScanTask(name, sequence, variants[start : start + _SCANNED], options))
    return tasks


def _num_substitutions(sequence: str) -> int:
    """Number of all single substitutions, 0 if the sequence is not RNA; the workers make them."""
    try:
        clean = clean_sequence(sequence)
    except SequenceError:
        return 0
    return 3 * len(clean) + clean.count("N")


def repair_tasks(request: RepairRequest, limits: Limits) -> list[RepairTask]:
    """One task per record."""
    options = RepairOptions(rate=request.rate, threshold=request.threshold, fill=request.fill)
    return [RepairTask(name, sequence, options) for name, sequence in _named(request.records, limits)]


def design_tasks(request: DesignRequest, limits: Limits) -> list[DesignTask]:
    """One task for all solutions."""
    dot_bracket = _without_space(request.dot_bracket)
    _check_length(len(dot_bracket), limits, "dot_bracket")
    if request.budget_s > limits.max_budget:
        raise ApiError(422, "invalid", f"a budget of {limits.max_budget:g} s at most", "budget_s")
    low, high = request.gc or (0.0, 1.0)
    constraints = Constraints(
        pattern=request.pattern,
        min_gc=low,
        max_gc=high,
        forbidden=tuple(request.forbid),
        max_run=request.max_run,
        max_repeat=request.max_repeat,
        max_inverted_repeat=request.max_inverted_repeat,
    )
    options = DesignOptions(
        constraints=constraints,
        num_solutions=request.solutions,
        time_limit=request.budget_s,
        seed=request.seed,
    )
    return [DesignTask(request.id, dot_bracket, options)]


def structure_task(request: StructureRequest, limits: Limits) -> StructureTask:
    """The task of a user's own structure."""
    sequence = _without_space(request.sequence)
    _check_length(len(sequence), limits, "sequence")
    return StructureTask(sequence, _without_space(request.dot_bracket))


def convert_task(request: ConvertRequest, limits: Limits) -> ConvertTask:
    """The task of a file."""
    given = request.record
    sequence = _without_space(given.sequence)
    _check_length(len(sequence), limits, "record.sequence")
    name, description = split_header(given.id, 1)
    record = Record(
        name=name,
        description=description,
        sequence=sequence,
        dot_bracket=None if given.dot_bracket is None else _without_space(given.dot_bracket),
        energy=given.energy,
        confidence=given.confidence,
        expected_f1=given.expected_f1,
        engine=given.engine,
        template=given.relative,
        error=given.error,
    )
    colours = given.nucleotide_confidence
    if colours is not None and len(colours) != len(sequence):
        message = f"{len(colours)} numbers for a sequence of {len(sequence)} nt"
        raise ApiError(422, "invalid", message, "record.nucleotide_confidence")
    return ConvertTask(
        record=record,
        format_name=request.format,
        pairs=tuple(given.pairs or ()),
        colours=None if colours is None else tuple(colours),
        colour_label=request.colour_label,
    )


def _named(
    records: Sequence[Rna], limits: Limits, max_nucleotides: int | None = None, *, field: str = "records"
) -> list[tuple[str, str]]:
    """Names and sequences of records that are within the limits."""
    if len(records) > limits.max_records:
        message = f"{len(records):,} {field}; up to {limits.max_records:,} in one request"
        raise ApiError(413, "too_many_records", message, field)
    named = [
        (rna.id or f"sequence_{number}", _without_space(rna.sequence))
        for number, rna in enumerate(records, 1)
    ]
    for index, (_, sequence) in enumerate(named):
        _check_length(len(sequence), limits, f"{field}[{index}].sequence")
    total = sum(len(sequence) for _, sequence in named)
    if total > (most := max_nucleotides or limits.max_nucleotides):
        message = f"{total:,} nt in all; up to {most:,} in one request: send several"
        raise ApiError(413, "too_many_nucleotides", message, field)
    return named


def _check_length(length: int, limits: Limits, field: str) -> None:
    if length > limits.max_length:
        message = f"{length:,} nt; up to {limits.max_length:,} here, longer ones with `mprna` on your machine"
        raise ApiError(413, "too_long", message, field)


def _without_space(text: str) -> str:
    return "".join(text.split())


VERBS: Final[dict[str, Callable[[Any, Limits], Sequence[RowTask]]]] = {
    "fold": fold_tasks,
    "embed": embed_tasks,
    "degrade": degrade_tasks,
    "repair": repair_tasks,
    "scan": scan_tasks,
    "design": design_tasks,
}
"""Functions from a request of the verb to its tasks.

Raises:
    ApiError: a limit.
    UsageError: options that contradict each other.
"""
