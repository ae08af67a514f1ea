"""A known structure beside predicted ones: figure 3 of the paper.

Shape letters: L nucleotides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mprna.draw.document import svg_document, svg_size
from mprna.draw.svg import draw_structure
from mprna.errors import StructureError
from mprna.io.records import Record
from mprna.rna.scores import pair_scores
from mprna.rna.structure import Pairs, pairs_from_dot_bracket, partners_from_pairs

_GAP: Final = 16.0


def comparison_svgs(known: Record, predictions: Mapping[str, Record]) -> list[str]:
    """The known structure, and each prediction under its name (see `draw_prediction`).

    Raises:
        StructureError: a record without a structure.
    """
    drawn = [draw_prediction(known, record, name) for name, record in predictions.items()]
    return [draw_structure(known, title=f"{known.name}, known"), *drawn]


def draw_prediction(known: Record, predicted: Record, name: str) -> str:
    """A predicted structure with its pair F1; a nucleotide is dark where it does what it is known to do.

    Raises:
        StructureError: a record without a structure.
    """
    scores = pair_scores(_pairs(known), _pairs(predicted))
    return draw_structure(
        predicted,
        colours=agreement(known, predicted),
        colour_label="as known",
        title=f"{name}: pair F1 {100 * scores.f1:.0f}",
    )


def agreement(known: Record, predicted: Record) -> npt.NDArray[np.float64]:
    """1 where a nucleotide has the partner that it is known to have, or none. *Shape:* (L,)"""
    length = len(known.sequence)
    wanted, found = (partners_from_pairs(_pairs(record), length) for record in (known, predicted))
    return np.asarray(wanted == found, dtype=np.float64)


def side_by_side(rows: Sequence[Sequence[str]]) -> str:
    """Drawings in one: those of a row beside each other, rows below each other."""
    body: list[str] = []
    width = top = _GAP
    for row in rows:
        sizes = list(map(svg_size, row))
        left = _GAP
        for svg, (across, _) in zip(row, sizes, strict=True):
            body.append(svg.strip().replace("<svg ", f'<svg x="{left:g}" y="{top:g}" ', 1))
            left += across + _GAP
        width, top = max(width, left), top + max(height for _, height in sizes) + _GAP
    return svg_document(width, top, body)


def _pairs(record: Record) -> Pairs:
    if record.dot_bracket is None:
        raise StructureError(f"{record.name}: no structure ({record.error or 'nothing to compare with'})")
    return pairs_from_dot_bracket(record.dot_bracket)
