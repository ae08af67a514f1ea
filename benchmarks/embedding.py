"""What the vectors of `mprna embed` hold, on the examples of this repository; seconds.

    python benchmarks/embedding.py [--model mini] [--figure SVG] [--page MD]

Pooled: what the first principal components of the RNAs go with, and the nearest neighbours of some RNAs, by
cosine of standardised values, beside those by 3-mers. Nucleotides: how much of the variance lies between the
letters, and how well a ridge regression tells paired from unpaired nucleotides of an RNA that it was not
fitted to, beside the letters of a window. `--figure` draws the principal components; `--page` renews the
tables of a page.

Shape letters: R RNAs, M nucleotides of all of them, H width, F features.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
from confidence import write_tables

from mprna import embed
from mprna.agreement import auc
from mprna.draw.colours import DARK_TEXT, scale_colour
from mprna.draw.document import QUIET, svg_document
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.structure import UNPAIRED, pairs_from_dot_bracket, partners_from_pairs

EXAMPLES = Path(__file__).parents[1] / "examples"
LETTERS = "ACGU"
SHOWN = (
    "HIV1_TAR",
    "yeast_tRNA_Phe",
    "ecoli_5S_rRNA",
    "human_7SK_5prime_hairpin",
    "human_7SK",
    "ecoli_tmRNA",
)
REACH = 10
RIDGE = 300.0
SIDE = 300.0
LETTER_COLOURS = {"A": "#e69f00", "C": "#0072b2", "G": "#009e73", "U": "#cc79a7"}

Floats = npt.NDArray[np.float64]


def standardised(values: Floats) -> Floats:
    """*Shape:* (N, F) to the same"""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1)


def principal_components(values: Floats) -> tuple[Floats, Floats]:
    """Of standardised values: the first four components, and the share of the variance of each.

    *Shape:* (N, F) to (N, 4) and (4,)
    """
    u, s, _ = np.linalg.svd(standardised(values), full_matrices=False)
    return u[:, :4] * s[:4], (s**2 / (s**2).sum())[:4]


def similarities(values: Floats) -> Floats:
    """Cosines of standardised rows, without those of a row with itself. *Shape:* (R, F) to (R, R)"""
    rows = standardised(values)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines: Floats = rows @ rows.T
    np.fill_diagonal(cosines, -np.inf)
    return cosines


def kmer_shares(sequence: str) -> Floats:
    """*Shape:* (64,)"""
    words = ["".join(letters) for letters in product(LETTERS, repeat=3)]
    found = [sequence[i : i + 3] for i in range(len(sequence) - 2)]
    return np.array([found.count(word) for word in words]) / len(found)


def gc(sequence: str) -> float:
    return (sequence.count("G") + sequence.count("C")) / len(sequence)


def window_letters(sequence: str, reach: int) -> Floats:
    """The letters of a nucleotide and its neighbours, one-hot. *Shape:* (L, 4 (2 reach + 1))"""
    letters = np.array([[base == letter for letter in LETTERS] for base in sequence], dtype=np.float64)
    padded = np.pad(letters, ((reach, reach), (0, 0)))
    return np.concatenate([padded[shift : shift + len(letters)] for shift in range(2 * reach + 1)], axis=1)


def is_paired(record: Record) -> npt.NDArray[np.bool_]:
    """*Shape:* (L,)"""
    pairs = pairs_from_dot_bracket(record.dot_bracket or "")
    return partners_from_pairs(pairs, len(record.sequence)) != UNPAIRED


def held_out_auc(features: list[Floats], labels: list[npt.NDArray[np.bool_]]) -> float:
    """Mean over RNAs of the ROC-AUC of a ridge regression that was fitted to the others."""
    areas = []
    for held_out, (known, paired) in enumerate(zip(features, labels, strict=True)):
        others = [number for number in range(len(features)) if number != held_out]
        x = np.concatenate([features[number] for number in others])
        y = np.concatenate([labels[number] for number in others]).astype(np.float64)
        centre, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
        x = (x - centre) / spread
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (y - y.mean()))
        areas.append(auc((known - centre) / spread @ weights, paired))
    return float(np.mean(areas))


def variance_by_letter(values: Floats, letters: npt.NDArray[np.str_]) -> float:
    """Share of the variance of standardised values that lies between the letters. *Shape:* (M, F), (M,)"""
    rows = standardised(values)
    between = sum(
        (rows[letters == letter].mean(axis=0) ** 2).sum() * (letters == letter).sum() for letter in LETTERS
    )
    return float(between / (rows**2).sum())


# What is printed


def component_table(records: list[Record], pooled: Floats) -> Iterator[str]:
    components, shares = principal_components(pooled)
    lengths = np.log([len(record.sequence) for record in records])
    contents = np.array([gc(record.sequence) for record in records])
    yield "| component of pooled vectors | share of variance | correlation with GC | with log length |"
    yield "|---|---|---|---|"
    for number in range(3):
        column = components[:, number]
        cells = [np.corrcoef(column, other)[0, 1] for other in (contents, lengths)]
        yield f"| {number + 1} | {shares[number]:.2f} | {cells[0]:+.2f} | {cells[1]:+.2f} |"


def neighbour_table(records: list[Record], pooled: Floats) -> Iterator[str]:
    yield "| RNA | nt | nearest by pooled vectors | nt | nearest by 3-mers | nt |"
    yield "|---" * 6 + "|"
    kmers = np.array([kmer_shares(record.sequence) for record in records])
    nearest = [similarities(values).argmax(axis=1) for values in (pooled, kmers)]
    lengths = np.array([len(record.sequence) for record in records])
    for number, record in enumerate(records):
        if record.name in SHOWN:
            found = [column[number] for column in nearest]
            others = " | ".join(f"{records[other].name} | {lengths[other]}" for other in found)
            yield f"| {record.name} | {lengths[number]} | {others} |"
    ratios = [np.median(np.exp(np.abs(np.log(lengths[column] / lengths)))) for column in nearest]
    yield f"| all {len(records)}, median ratio of lengths | | | {ratios[0]:.1f} | | {ratios[1]:.1f} |"


def probe_table(vectors: dict[str, Floats], known: list[Record]) -> Iterator[str]:
    labels = [is_paired(record) for record in known]
    features = {
        "the letter": [window_letters(record.sequence, 0) for record in known],
        f"the letters of {2 * REACH + 1} nt": [window_letters(record.sequence, REACH) for record in known],
        "the vectors": [vectors[record.name] for record in known],
    }
    yield f"| paired or not, {len(known)} RNAs, each held out in turn | mean ROC-AUC |"
    yield "|---|---|"
    for name, values in features.items():
        yield f"| {name} | {held_out_auc(values, labels):.2f} |"


def figure(records: list[Record], pooled: Floats, nucleotides: Floats, letters: npt.NDArray[np.str_]) -> str:
    """Two panels: RNAs, pale to dark by GC and large by length; every tenth nucleotide, by letter."""
    rnas, bases = principal_components(pooled)[0], principal_components(nucleotides)[0][::10]
    width, height = 2 * SIDE + 130, SIDE + 110
    contents = np.array([gc(record.sequence) for record in records])
    darkness = (contents - contents.min()) / np.ptp(contents)
    lengths = np.array([len(record.sequence) for record in records])
    radii = np.sqrt(lengths) / 2
    fills = [scale_colour(value) for value in darkness]
    lines = [
        f'<g fill="{DARK_TEXT}">',
        *panel(40, "RNAs, mean over nucleotides", rnas, radii, fills, DARK_TEXT),
        *panel(
            90 + SIDE,
            "Nucleotides",
            bases,
            np.full(len(bases), 3.0),
            [LETTER_COLOURS[x] for x in letters[::10]],
            "none",
        ),
        f'<text x="40" y="{SIDE + 95:g}">size: {lengths.min()} to {lengths.max()} nt; pale to dark: '
        f"{contents.min():.0%} to {contents.max():.0%} GC</text>",
    ]
    for number, (letter, colour) in enumerate(LETTER_COLOURS.items()):
        x = 94 + SIDE + 44 * number
        lines.append(f'<circle cx="{x:g}" cy="{SIDE + 91:g}" r="4.5" fill="{colour}"/>')
        lines.append(f'<text x="{x + 10:g}" y="{SIDE + 95:g}">{letter}</text>')
    return svg_document(width, height, [*lines, "</g>"], label="Principal components of embeddings")


def panel(
    left: float, title: str, points: Floats, radii: Floats, fills: list[str], stroke: str
) -> Iterator[str]:
    low, span = points[:, :2].min(axis=0), np.ptp(points[:, :2], axis=0)
    places = 20 + (points[:, :2] - low) / span * (SIDE - 40)
    yield f'<g transform="translate({left:g} 40)">'
    yield f'<text x="{SIDE / 2:g}" y="-12" font-size="14" text-anchor="middle">{title}</text>'
    yield f'<rect width="{SIDE:g}" height="{SIDE:g}" fill="none" stroke="{QUIET}"/>'
    yield f'<text x="{SIDE / 2:g}" y="{SIDE + 20:g}" text-anchor="middle">component 1</text>'
    yield f'<text transform="translate(-10 {SIDE / 2:g}) rotate(-90)" text-anchor="middle">component 2</text>'
    for (x, y), radius, fill in zip(places, radii, fills, strict=True):
        yield (
            f'<circle cx="{x:.1f}" cy="{SIDE - y:.1f}" r="{radius:.1f}" fill="{fill}" fill-opacity="0.85" '
            f'stroke="{stroke}" stroke-width="0.6"/>'
        )
    yield "</g>"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="mini")
    parser.add_argument("--figure", type=Path, metavar="SVG")
    parser.add_argument("--page", type=Path, metavar="MD", help="a page whose tables are renewed")
    args = parser.parse_args()
    records = list(read_records(EXAMPLES / "rnas.fa"))
    known = list(read_records(EXAMPLES / "rnas.dbn"))
    arrays = embed([record.sequence for record in records], model=args.model)
    vectors = {record.name: array.astype(np.float64) for record, array in zip(records, arrays, strict=True)}
    pooled = np.array([values.mean(axis=0) for values in vectors.values()])
    nucleotides = np.concatenate(list(vectors.values()))
    letters = np.array(list("".join(record.sequence for record in records)))
    between = variance_by_letter(nucleotides, letters)
    tables = [
        component_table(records, pooled),
        neighbour_table(records, pooled),
        [f"Between the four letters lies {between:.0%} of the variance of the nucleotides' vectors."],
        probe_table(vectors, known),
    ]
    text = "\n\n".join("\n".join(table) for table in tables) + "\n"
    print(text, end="")
    if args.page is not None:
        write_tables(args.page, text)
    if args.figure is not None:
        args.figure.write_text(figure(records, pooled, nucleotides, letters))


if __name__ == "__main__":
    main()
