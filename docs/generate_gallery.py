"""Write docs/gallery.md and its pictures: ten well-known RNAs, folded with the weights that are shipped.

    python docs/generate_gallery.py

Every number and every sentence about the result is made from the result; the table at the end has all RNAs
of examples/ with a known structure, so that nothing hangs on the choice of the ten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from mprna.draw.comparison import draw_prediction
from mprna.draw.svg import draw_structure
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.fold import fold
from mprna.predict.options import FoldOptions
from mprna.rna.scores import PairScores, pair_scores
from mprna.rna.structure import Pairs, pairs_from_dot_bracket

DOCS: Final = Path(__file__).parent
PAGE: Final = DOCS / "gallery.md"
IMAGES: Final = DOCS / "images" / "gallery"
KNOWN: Final = DOCS.parent / "examples" / "rnas.dbn"

SHOWN: Final = {
    "yeast_tRNA_Phe": "Yeast tRNA-Phe",
    "ecoli_5S_rRNA": "E. coli 5S rRNA",
    "adenine_riboswitch": "Adenine riboswitch",
    "SAM_I_riboswitch": "SAM-I riboswitch",
    "HIV1_RRE_IIB": "HIV-1 Rev response element, stem IIB",
    "SARS_CoV_2_frameshift": "SARS-CoV-2 frameshift signal",
    "telomerase_pseudoknot": "Human telomerase RNA, pseudoknot",
    "HDV_ribozyme": "Hepatitis delta virus ribozyme",
    "ecoli_RNase_P": "E. coli RNase P RNA",
    "ecoli_tmRNA": "E. coli tmRNA",
}
"""Those that have a picture, with their headings."""

WAYS: Final = {
    "ViennaRNA": FoldOptions(engine="vienna"),
    "mprna": FoldOptions(),
    "mprna, pseudoknots": FoldOptions(pseudoknots=True),
}
"""Columns of the table; the first two are drawn."""

HEAD: Final = """\
# Gallery

<!-- Made by `python docs/generate_gallery.py` from the weights in the package: do not edit. -->

Ten well-known RNAs: the known structure, ViennaRNA's (minimum free energy) and that of `mprna fold`
as it comes. A nucleotide of the two predictions is dark blue where it does what it is known to do (to pair
with this one, or with none), and pale yellow where it does something else. Neither can find crossing pairs,
nor pairs that are not Watson-Crick or G-U; `mprna fold --pseudoknots` adds crossing ones. Scores are x 100.
A drawing leads to itself in full size.

**This is no measurement.** Most of these RNAs, or close relatives, are in the training sets of
`pair-fold`; tables of test sets are in [experiments](experiments.md). Where sequences and known structures
come from is told in `examples/README.md`.
"""


class Entry(NamedTuple):
    """One RNA."""

    known: Record
    predictions: dict[str, Record]
    """By the names of `WAYS`."""

    def scores(self, way: str) -> PairScores:
        return pair_scores(pairs_of(self.known), pairs_of(self.predictions[way]))


def entries() -> list[Entry]:
    """All RNAs with a known structure; those of `SHOWN` first."""
    known = {record.name: record for record in read_records(KNOWN)}
    names = [*SHOWN, *(name for name in known if name not in SHOWN)]
    records = [known[name] for name in names]
    folded = {way: fold(records, options) for way, options in WAYS.items()}
    return [
        Entry(record, {way: predictions[number] for way, predictions in folded.items()})
        for number, record in enumerate(records)
    ]


def page(entries: list[Entry]) -> str:
    """The whole page."""
    sections = [_section(entry) for entry in entries[: len(SHOWN)]]
    return "\n".join([HEAD, _verdict(entries[: len(SHOWN)]), "", *sections, _table(entries)])


def pictures(entries: list[Entry]) -> dict[str, str]:
    """File names in `IMAGES` and their SVGs."""
    drawn = {}
    for entry in entries[: len(SHOWN)]:
        drawn[_file(entry, "known")] = draw_structure(entry.known, title="known")
        for way in list(WAYS)[:2]:
            drawn[_file(entry, way)] = draw_prediction(entry.known, entry.predictions[way], way)
    return drawn


def pairs_of(record: Record) -> Pairs:
    return pairs_from_dot_bracket(record.dot_bracket or "")


def _file(entry: Entry, way: str) -> str:
    return f"{entry.known.name}_{way}.svg"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _verdict(entries: list[Entry]) -> str:
    """How often either is closer to the known structure."""
    gains = [entry.scores("mprna").f1 - entry.scores("ViennaRNA").f1 for entry in entries]
    better, worse = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
    return (
        f"Of the {len(gains)}, `mprna fold` is closer to the known structure than ViennaRNA in {better}, as "
        f"close in {len(gains) - better - worse}, and further from it in {worse}."
    )


def _section(entry: Entry) -> str:
    name = entry.known.name
    drawn = [_drawing(entry, "known", f"known structure of {SHOWN[name]}")]
    rows, symbols = [], [entry.known.sequence, f"{entry.known.dot_bracket} known"]
    for way in list(WAYS)[:2]:
        drawn.append(_drawing(entry, way, f"structure of {SHOWN[name]} by {way}"))
    for way, prediction in entry.predictions.items():
        scores = entry.scores(way)
        values = (scores.f1, scores.precision, scores.recall)
        confidence = "" if prediction.confidence is None else f"{prediction.confidence:.2f}"
        rows.append(f"| {way} | {' | '.join(map(_percent, values))} | {confidence} |")
        symbols.append(f"{prediction.dot_bracket} {way}")
    return "\n".join(
        [
            f"## {SHOWN[name]}",
            "",
            f"{_what(entry.known)}.",
            "",
            '<div class="gallery" markdown>',
            "",
            *drawn,
            "",
            "</div>",
            "",
            f"| {len(entry.known.sequence)} nt | pair F1 | PPV | sensitivity | confidence |",
            "|---|---|---|---|---|",
            *rows,
            "",
            "```text",
            *symbols,
            "```",
            "",
        ]
    )


def _drawing(entry: Entry, way: str, text: str) -> str:
    """With its caption, which is too small to read in the drawing of a long RNA."""
    path = f"images/gallery/{_file(entry, way)}"
    caption = way if way == "known" else f"{way}, pair F1 {_percent(entry.scores(way).f1)}"
    return f"[![{text}]({path}) {caption}]({path})"


def _what(record: Record) -> str:
    """What it is; where its structure comes from stands in examples/README.md."""
    text = record.description.partition("; structure:")[0]
    return text[:1].upper() + text[1:]


def _table(entries: list[Entry]) -> str:
    lines = [
        "## All examples with a known structure",
        "",
        f"Pair F1 x 100. {_verdict(entries)}",
        "",
        f"| | nt | {' | '.join(WAYS)} |",
        "|---" * (len(WAYS) + 2) + "|",
    ]
    for entry in entries:
        values = " | ".join(_percent(entry.scores(way).f1) for way in WAYS)
        lines.append(f"| `{entry.known.name}` | {len(entry.known.sequence)} | {values} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    made = entries()
    IMAGES.mkdir(parents=True, exist_ok=True)
    for path in IMAGES.glob("*.svg"):
        path.unlink()
    for name, svg in pictures(made).items():
        (IMAGES / name).write_text(svg)
    PAGE.write_text(page(made))


if __name__ == "__main__":
    main()
