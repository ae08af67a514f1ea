"""Draw docs/images/model.svg: the way from transcripts to answers, after figure 1 of the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from mprna.draw.colours import DARK_TEXT
from mprna.draw.document import AXIS, QUIET, svg_document, xml_text
from mprna.objectives.mixture import ObjectiveConfig

FIGURE: Final = Path(__file__).with_name("images") / "model.svg"
WIDTH, HEIGHT = 1000, 470
DATA, NETWORK, LEARNED, USED = "#e3eefa", "#fde8d7", "#e6f4e6", "#f1e9f8"
HEADS: Final = {
    "masked_lm": ("masked_lm · MRLM", "AC?GU → ACGGU"),
    "mutation_repair": ("mutation_repair · SNMR", "ACuGU → ACGGU"),
    "secondary_structure": ("secondary_structure · SSP", "GGAAACC → ((...))"),
    "base_pairing": ("base_pairing · ours", "who pairs with whom"),
}


class Box(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    fill: str
    lines: tuple[str, ...]
    """The first one is bold."""


def boxes() -> list[Box]:
    """What is drawn, from left to right."""
    found = [
        Box(20, 60, 200, 70, DATA, ("transcripts", "FASTA of many species")),
        Box(20, 175, 200, 70, DATA, ("slices", "cleaned, no duplicates", "no test sets")),
        Box(20, 290, 200, 70, DATA, ("ViennaRNA", "a structure for each slice")),
        Box(20, 385, 200, 70, DATA, ("calibrated confidence", "labels that can be trusted")),
        Box(290, 175, 180, 185, NETWORK, ("encoder", "a token per nucleotide", "ESM-2's layout")),
        Box(780, 65, 200, 70, USED, ("pretrained model", "embeddings; any task", "after fine-tuning")),
        Box(780, 215, 200, 70, USED, ("decoder", "a valid structure and", "its Turner energy")),
        Box(
            780, 365, 200, 70, USED, ("pair network", "trained on known structures;", "ViennaRNA as a prior")
        ),
    ]
    weights = ObjectiveConfig().weights
    for i, (name, (title, example)) in enumerate(HEADS.items()):
        text = (title, example, f"weight {weights[name]:g}")
        found.append(Box(530, 60 + 100 * i, 190, 80, LEARNED, text))
    return found


def figure() -> str:
    """The whole SVG."""
    parts = [
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z"/></marker></defs>',
    ]
    for x, title in ((120, "corpus"), (380, "one forward pass"), (625, "objectives"), (880, "use")):
        parts.append(_text(x, 32, title, size=17, weight=700))
    for box in boxes():
        parts += _box(box)
    arrows = [(120, 130, 120, 173), (120, 245, 120, 288), (120, 360, 120, 383)]
    arrows += [(220, 420, 380, 420, 380, 362), (220, 210, 288, 210)]
    arrows += [(470, 267, 500, 267, 500, 100 + 100 * i, 528, 100 + 100 * i) for i in range(len(HEADS))]
    arrows += [(720, 100, 778, 100), (880, 135, 880, 213), (880, 365, 880, 287)]
    parts += [_arrow(*points) for points in arrows]
    return svg_document(WIDTH, HEIGHT, parts, label="From transcripts to answers")


def _box(box: Box) -> list[str]:
    first = box.y + box.height / 2 - 8.5 * (len(box.lines) - 1) + 4
    frame = (
        f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8" fill="{box.fill}" '
        f'stroke="{AXIS}"/>'
    )
    return [frame] + [
        _text(box.x + box.width / 2, first + 17 * i, line, size=12 if i else 13.5, weight=400 if i else 700)
        for i, line in enumerate(box.lines)
    ]


def _text(x: float, y: float, text: str, *, size: float, weight: int) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}" font-weight="{weight}" text-anchor="middle" '
        f'fill="{DARK_TEXT}">{xml_text(text)}</text>'
    )


def _arrow(*points: int) -> str:
    path = " ".join(f"{x},{y}" for x, y in zip(points[::2], points[1::2], strict=True))
    return (
        f'<polyline points="{path}" fill="none" stroke="{QUIET}" stroke-width="1.6" marker-end="url(#tip)"/>'
    )


if __name__ == "__main__":
    FIGURE.write_text(figure())
