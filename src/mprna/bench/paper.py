"""Figures 1 and 3 of the paper, of any run and any RNA; figure 2, the bars, is in `figures`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mprna.bench.figures import Figure
from mprna.bench.models.registry import ModelOptions, make_model
from mprna.bench.suite import load_suite
from mprna.bench.task import Task
from mprna.draw.comparison import comparison_svgs, side_by_side
from mprna.draw.curves import Line, Plot, curves_svg
from mprna.draw.objectives import Arcs, Strip, objectives_svg
from mprna.errors import DataError, MissingExtraError
from mprna.folding.vienna import fold_mfe
from mprna.io.records import Record

if TYPE_CHECKING:
    from mprna.train.overview import Corrupted, Learning

STRUCTURE_MODELS: Final = ("vienna", "pair-fold")
"""What folds beside the known structure unless others are asked for."""

EXAMPLE: Final = "GGCAGAUCUGAGCCUGGGAGCUCUCUGCC"
"""HIV-1 TAR (PDB 1ANR, RNA STRAND PDB_00012): short enough for a phone."""

ACRONYMS: Final = {
    "masked_lm": "MRLM",
    "mutation_repair": "SNMR",
    "secondary_structure": "SSP",
    "base_pairing": "not in the paper",
}


def training_figure(run_dir: Path) -> Figure:
    """Figure 1: what the objectives of a pretraining run hide and ask, on one RNA, and what they learned.

    Raises:
        ModelError: no pretraining run, or one without a step.
        MissingExtraError: torch is not installed.
    """
    if find_spec("torch") is None:
        raise MissingExtraError("the training overview", "train")
    from mprna.train.overview import corrupted_example, read_learning, read_objectives

    learned = read_learning(run_dir)
    config = read_objectives(run_dir)
    structure, _ = fold_mfe(EXAMPLE)
    made = corrupted_example(EXAMPLE, structure, config)
    note = (
        f"{config.mask_rate:.0%} of the nucleotides are masked and {config.mutation_rate:.0%} substituted; "
        f"{config.clean_share:.0%} of the slices with a structure stay as they are. Losses in nats per "
        "scored token: of training as means over steps, of validation on held-out slices."
    )
    objectives = objectives_svg(_lines(made, learned))
    plots = [_plot(one) for one in learned]
    return Figure(
        f"Training overview: {run_dir.name}",
        note,
        [objectives, *(curves_svg([plot]) for plot in plots)],
        side_by_side([[objectives, curves_svg(plots, columns=2)]]),
    )


def structure_figure(known: Iterable[Record], models: Sequence[str] = STRUCTURE_MODELS) -> Figure:
    """Figure 3: RNAs as they are known and as each model folds them.

    Args:
        models: names that `make_model` takes; what cannot fold is an error.

    Raises:
        DataError: no RNA, or a model without an answer.
        StructureError: an RNA without a known structure.
        UsageError: no such model, or one that does not fold.
    """
    records = list(known)
    if not records:
        raise DataError("no RNA with a known structure to draw")
    task = next(task for task in load_suite("rgb") if task.type == "structure")
    predictions = {name: _fold(name, task, records) for name in models}
    rows = [
        comparison_svgs(record, {name: folded[number] for name, folded in predictions.items()})
        for number, record in enumerate(records)
    ]
    note = (
        "Dark: a nucleotide that does what it is known to do. One RNA is an illustration and no measurement; "
        "what a model has seen of a family in training is in its model card."
    )
    drawings = [svg for row in rows for svg in row]
    return Figure("Structures, known and predicted", note, drawings, side_by_side(rows))


def _fold(name: str, task: Task, records: Sequence[Record]) -> list[Record]:
    model = make_model(name, task, ModelOptions())
    folded = model.predict(task, [record.sequence for record in records])
    if model.num_failed:
        raise DataError(f"{name}: no structure for {model.num_failed} of {len(records)} RNAs")
    return [replace(record, dot_bracket=text) for record, text in zip(records, folded, strict=True)]


def _lines(made: Corrupted, learned: Sequence[Learning]) -> list[Strip | Arcs]:
    framed = frozenset(i for i, letter in enumerate(made.substituted) if letter != " ")
    asked = {
        "masked_lm": made.masked,
        "mutation_repair": made.substituted,
        "secondary_structure": made.structure,
    }
    answers: list[Strip | Arcs] = []
    for one in learned:
        title = f"{one.name} ({ACRONYMS[one.name]}), weight {one.weight:g}"
        is_strip = one.name in asked
        answers.append(Strip(title, asked[one.name]) if is_strip else Arcs(title, made.structure))
    return [
        Strip("a slice, here HIV-1 TAR", EXAMPLE),
        Strip("what the model reads: ? masked, framed substituted", made.shown, framed),
        *answers,
    ]


def _plot(one: Learning) -> Plot:
    lines = [Line(one.tokens, one.losses, "training")]
    if one.validation_losses:
        lines.append(Line(one.validation_tokens, one.validation_losses, "validation"))
    return Plot(one.name, lines, axis="million tokens")
