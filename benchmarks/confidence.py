"""Whether the confidence of a fold means what it says.

    mprna fold ts0.fa -p -o hybrid.jsonl
    python benchmarks/confidence.py TRUTH hybrid.jsonl model.jsonl [--figure SVG] [--page MD]

The confidence of a record is meant to be the share of its nucleotides whose state, a partner or none, is
right. Calibration error: mean difference of the two over ten bins of RNAs of equal number, sorted by
confidence. Spearman: between confidence and pair F1. Intervals are 95 % bootstrap over RNAs.

Predictions with pair probabilities (`mprna fold -p`) are judged in more detail: states of nucleotides, pairs
that are printed, the expected F1 of RNAs, and what each band of them was worth. `--figure` draws
that; `--page` renews the tables of a page, between its `MARKS`.

Shape letters: R RNAs, L nucleotides, M values of all RNAs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import repair_scores
from accuracy import as_rna, named, read_truth
from scipy.stats import spearmanr

from mprna.corpus.calibration_report import calibration_error as binned_error
from mprna.corpus.calibration_report import points_of, reliability_curve
from mprna.draw.reliability import Curve, Panel, reliability_svg
from mprna.folding.confidence import assigned_state_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket, partners_from_pairs

NUM_BINS = 10
NUM_RESAMPLES = 500
GOOD_F1 = 0.8
EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.0)
BANDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
COLOURS = ("#0072b2", "#009e73", "#d55e00", "#cc79a7")
MARKS = ("<!-- tables -->\n", "<!-- end of tables -->\n")

Floats = npt.NDArray[np.float64]
Bins = list[dict[str, Any]]
"""What `reliability_curve` returns."""


class Chances(NamedTuple):
    """Probabilities, and how true what they speak of turned out to be; of all RNAs together."""

    probs: Floats
    """*Shape:* (M,)"""
    truth: Floats
    """*Shape:* (M,)"""
    rna: npt.NDArray[np.int64]
    """*Shape:* (M,)"""


class Detail(NamedTuple):
    """What pair probabilities say beyond the confidence of a record."""

    confidences: Chances
    """Of RNAs, against the share of states that are right."""
    states: Chances
    """Of nucleotides."""
    pairs: Chances
    """That are printed."""
    expected_f1: Chances
    """Of RNAs, against pair F1."""


def check(known: Record, found: Record) -> None:
    if as_rna(known.sequence) != as_rna(found.sequence):
        raise SystemExit(f"{found.name}: another sequence than the truth's")
    if None in (known.dot_bracket, found.dot_bracket, found.confidence, found.expected_f1):
        raise SystemExit(f"{found.name}: no structure, confidence or expected F1")


def right_states(known: Record, found: Record) -> npt.NDArray[np.bool_]:
    """Which nucleotides have the partner, or none, that they have in truth. *Shape:* (L,)"""
    partners = [
        partners_from_pairs(pairs_from_dot_bracket(record.dot_bracket), len(record.sequence))
        for record in (known, found)
    ]
    return partners[0] == partners[1]


def pair_f1(known: Record, found: Record) -> float:
    true_pairs, pairs = (pairs_from_dot_bracket(record.dot_bracket) for record in (known, found))
    return pair_scores(true_pairs, pairs).f1


def measure(known: Record, found: Record) -> tuple[float, float, float]:
    """Confidence, share of right states, pair F1; 0 to 1."""
    check(known, found)
    return found.confidence, float(right_states(known, found).mean()), pair_f1(known, found)


def gather(parts: list[tuple[npt.NDArray[np.floating], npt.NDArray[np.bool_]]]) -> Chances:
    """Of every RNA its probabilities and whether they came true, to one long list."""
    probs, truth = (np.concatenate(column).astype(np.float64) for column in zip(*parts, strict=True))
    return Chances(probs, truth, np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts]))


def detail(truth: list[Record], found: list[Record], values: Floats) -> Detail:
    """Of records that have pair probabilities; `values` are those of `measure`, (R, 3)."""
    states, pairs = [], []
    for known, record in zip(truth, found, strict=True):
        right = right_states(known, record)
        probs = assigned_state_probs(record.dot_bracket, record.base_pair_probs)
        opening = pairs_from_dot_bracket(record.dot_bracket)[:, 0]
        states.append((probs, right))
        pairs.append((probs[opening], right[opening]))
    each = np.arange(len(found))
    expected = np.array([record.expected_f1 for record in found])
    return Detail(
        Chances(values[:, 0], values[:, 1], each),
        gather(states),
        gather(pairs),
        Chances(expected, values[:, 2], each),
    )


# Numbers


def calibration_error(values: Floats) -> float:
    """*Shape:* (R, 3) to a number"""
    return repair_scores.calibration_error(values[:, 0], values[:, 1])


def rank_correlation(values: Floats) -> float:
    return float(spearmanr(values[:, 0], values[:, -1]).statistic)


def with_interval(statistic: Callable[[Floats], float], values: Floats) -> str:
    rng = np.random.default_rng(0)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(NUM_RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{statistic(values):.3f} ({low:.3f}-{high:.3f})"


def by_number(chances: Chances) -> Bins:
    """RNAs in ten bins of equal number."""
    edges = np.unique(np.quantile(chances.probs, np.linspace(0, 1, NUM_BINS + 1))).tolist()
    edges = edges if len(edges) > 1 else [*edges, 1.0]
    return reliability_curve(chances.probs, chances.truth, edges, chances.rna, 0)


def by_value(chances: Chances) -> Bins:
    """Nucleotides or pairs in bins of probability."""
    return reliability_curve(chances.probs, chances.truth, EDGES, chances.rna, 0)


# What is printed


def overview(measured: dict[str, Floats]) -> Iterator[str]:
    yield "| | RNAs | mean confidence | states that are right | calibration error | Spearman with pair F1 |"
    yield "|---" * 6 + "|"
    for name, values in measured.items():
        confidence, right = values.mean(axis=0)[:2]
        columns = [with_interval(statistic, values) for statistic in (calibration_error, rank_correlation)]
        yield f"| {name} | {len(values)} | {confidence:.3f} | {right:.3f} | {' | '.join(columns)} |"


def errors(details: dict[str, Detail]) -> Iterator[str]:
    yield (
        "| | calibration error of nucleotides | of printed pairs | mean expected F1 | mean pair F1 "
        "| calibration error of the expected F1 | its Spearman with pair F1 |"
    )
    yield "|---" * 7 + "|"
    for name, judged in details.items():
        expected = judged.expected_f1
        cells = [
            f"{binned_error(by_value(judged.states)):.3f}",
            f"{binned_error(by_value(judged.pairs)):.3f}",
            f"{expected.probs.mean():.3f}",
            f"{expected.truth.mean():.3f}",
            *(
                with_interval(statistic, np.column_stack(expected[:2]))
                for statistic in (calibration_error, rank_correlation)
            ),
        ]
        yield f"| {name} | {' | '.join(cells)} |"


def bands(name: str, judged: Detail) -> Iterator[str]:
    """What a number was worth: by confidence, by expected F1 and by probability of a pair."""
    yield (
        f"| {name}: value of the number | by confidence: share of nucleotides right (RNAs) "
        f"| by confidence: mean pair F1 | by expected F1: mean pair F1 (RNAs) "
        f"| by expected F1: share of RNAs with a pair F1 of {GOOD_F1:g} or more "
        f"| by pair probability: share of printed pairs right (pairs) |"
    )
    yield "|---" * 6 + "|"
    f1 = judged.expected_f1.truth
    for low, high in pairwise(BANDS):
        sure, expected, likely = (
            in_band(chances, low, high) for chances in (judged.confidences, judged.expected_f1, judged.pairs)
        )
        cells = [
            share(judged.confidences.truth[sure]),
            share(f1[sure], count=False),
            share(f1[expected]),
            share(f1[expected] >= GOOD_F1, count=False),
            share(judged.pairs.truth[likely]),
        ]
        yield f"| {low:g}-{high:g} | {' | '.join(cells)} |"


def in_band(chances: Chances, low: float, high: float) -> npt.NDArray[np.bool_]:
    """The upper end belongs to the last band alone. *Shape:* (M,)"""
    return (chances.probs >= low) & ((chances.probs < high) | (high == BANDS[-1]))


def share(values: npt.NDArray[np.floating], *, count: bool = True) -> str:
    if not len(values):
        return "none" if count else ""
    return f"{values.mean():.2f}" + f" ({len(values):,})" * count


def figure(details: dict[str, Detail]) -> str:
    colours = dict(zip(details, COLOURS, strict=False))
    kinds: list[tuple[str, Callable[[Detail], Bins]]] = [
        ("RNAs: confidence, states right", lambda judged: by_number(judged.confidences)),
        ("Nucleotides: state right", lambda judged: by_value(judged.states)),
        ("Printed pairs: pair right", lambda judged: by_value(judged.pairs)),
        ("RNAs: expected F1, pair F1", lambda judged: by_number(judged.expected_f1)),
    ]
    panels: list[Panel] = [
        (title, [(Curve(*points_of(bins(judged))), colours[name]) for name, judged in details.items()])
        for title, bins in kinds
    ]
    return reliability_svg(panels, colours, title="Reliability of what mprna fold says", num_columns=2)


def write_tables(page: Path, tables: str) -> None:
    """Between the marks of a page.

    Raises:
        SystemExit: a page without them.
    """
    before, first, rest = page.read_text().partition(MARKS[0])
    _, last, after = rest.partition(MARKS[1])
    if not first or not last:
        raise SystemExit(f"{page}: expected the lines {MARKS[0].strip()} and {MARKS[1].strip()}")
    page.write_text(f"{before}{first}\n{tables}\n{last}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path, nargs="+")
    parser.add_argument("--figure", type=Path, metavar="SVG", help="reliability curves")
    parser.add_argument("--page", type=Path, metavar="MD", help="a page whose tables are renewed")
    args = parser.parse_args()
    truth = read_truth(args.truth)
    found = {name: list(read_records(path)) for name, path in named(args.predictions).items()}
    measured = {
        name: np.array([measure(*both) for both in zip(truth, records, strict=True)])
        for name, records in found.items()
    }
    details = {
        name: detail(truth, records, measured[name])
        for name, records in found.items()
        if all(record.base_pair_probs is not None for record in records)
    }
    tables = [overview(measured)]
    if details:
        tables += [errors(details), *(bands(name, judged) for name, judged in details.items())]
    text = "\n\n".join("\n".join(table) for table in tables) + "\n"
    print(text, end="")
    if args.page is not None:
        write_tables(args.page, text)
    if args.figure is not None:
        if not details:
            raise SystemExit("--figure: no predictions with pair probabilities; fold with -p")
        args.figure.write_text(figure(details))


if __name__ == "__main__":
    main()
