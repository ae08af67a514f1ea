"""How well substitutions are found and repaired: RGB's SNMD and SNMR, and a species held out.

    python benchmarks/repair.py --data-dir DATA [--model mini] [--figure calibration.svg]

RGB: the 1,000 rows of the test split (`--split valid` while developing), 200 nt with up to ten
substitutions. Held out: windows of Amborella transcripts with simulated substitutions at 0.1 to 5 %, and
one nucleotide in 50 made N. Detection is judged by ROC-AUC and average precision over all nucleotides;
repair by macro-F1 and accuracy at the substituted ones, and so is the filling of N; calibration by the
expected calibration error (10 bins of equal number). 95 % intervals by 1,000 bootstraps over rows or
windows. Baselines: frequencies of bases, and counts of 7-mers, in the transcripts that calibrations are
fitted on. Rows of RGB that share a 32-mer with the transcripts that `mini` was drawn from are also left
out. Where the signal comes from is told by classes of nucleotides of the held-out species. Long because
one run makes every table of docs/repair.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from repair import (
    HELD_OUT,
    UNKNOWN,
    Observed,
    observe,
    select,
    substitute,
    training_pools,
    transcript_paths,
    transcripts,
    windows,
)

from mprna.alphabet import clean_sequence
from mprna.corpus.kmers import kmers_of
from mprna.folding.vienna import fold_mfe
from mprna.predict.repair_calibration import RepairCalibration, base_posterior, load_calibration
from mprna.predict.repair_features import FEATURES
from mprna.runtime.load import load
from mprna.runtime.store import find_model

BOOTSTRAPS = 1_000
RATES = (0.001, 0.005, 0.01, 0.02, 0.05)
RGB_RATE = 0.018
"""Of the recipe that fits the rows: 0 to 10 draws in 200 nt, of which a quarter changes nothing."""
N_SHARE = 0.02
CONTEXT = 3
FLANK = 4
MIN_CODONS = 100

Judge = Callable[[Observed], np.ndarray]
"""Posterior over bases, (N, 4)."""


# Metrics, each as a weighted mean so that a bootstrap is a change of weights


def weighted_auc(scores: np.ndarray, positive: np.ndarray) -> Callable[[np.ndarray], tuple[float, float]]:
    """ROC-AUC, ties counted half, and average precision, as functions of the weights of nucleotides."""
    _, level = np.unique(-scores.round(12), return_inverse=True)  # what differs by rounding is a tie

    def values(weights: np.ndarray) -> tuple[float, float]:
        hits = np.bincount(level, weights * positive)
        misses = np.bincount(level, weights * ~positive)
        if not hits.any() or not misses.any():
            return float("nan"), float("nan")
        above = hits.cumsum()
        area = (misses * (above - 0.5 * hits)).sum() / (hits.sum() * misses.sum())
        precision = above / np.maximum((hits + misses).cumsum(), 1e-12)
        return float(area), float((hits * precision).sum() / hits.sum())

    return values


def confusion_scores(truth: np.ndarray, guess: np.ndarray) -> Callable[[np.ndarray], tuple[float, float]]:
    """Macro-F1 over the four bases, and accuracy, as functions of the weights of nucleotides."""

    def values(weights: np.ndarray) -> tuple[float, float]:
        table = np.bincount(4 * truth + guess, weights, minlength=16).reshape(4, 4)
        right = table.diagonal()
        f1 = 2 * right / np.maximum(table.sum(0) + table.sum(1), 1e-12)
        return float(f1.mean()), float(right.sum() / table.sum())

    return values


def intervals(values: Callable[[np.ndarray], tuple[float, float]], window: np.ndarray) -> list[str]:
    """Both values with their intervals over windows; nan where there is nothing to score."""
    if not len(window):
        return ["nan", "nan"]
    _, window = np.unique(window, return_inverse=True)
    num_windows = int(window.max()) + 1
    rng = np.random.default_rng(0)
    draws = [
        np.bincount(rng.integers(num_windows, size=num_windows), minlength=num_windows)[window]
        for _ in range(BOOTSTRAPS)
    ]
    bounds = np.nanquantile([values(draw) for draw in draws], [0.025, 0.975], axis=0)
    return [
        f"{value:.3f} ({low:.3f}-{high:.3f})"
        for value, low, high in zip(values(np.ones(len(window))), *bounds, strict=True)
    ]


def calibration_error(probs: np.ndarray, positive: np.ndarray) -> float:
    """Expected calibration error over 10 bins of equal number."""
    parts = [(part, hits) for part, hits in bins(probs, positive) if len(part)]
    return float(sum(abs(p.mean() - hits.mean()) * len(p) for p, hits in parts) / max(len(probs), 1))


def bins(probs: np.ndarray, positive: np.ndarray, num_bins: int = 10) -> list[tuple[np.ndarray, np.ndarray]]:
    order = np.argsort(probs, kind="stable")
    return [(probs[part], positive[part]) for part in np.array_split(order, num_bins)]


# Judges


def model_judge(calibration: RepairCalibration) -> Judge:
    def judge(data: Observed) -> np.ndarray:
        possible = np.ones((len(data.seen), 4), dtype=bool)
        return base_posterior(
            data.features, calibration, bases=data.seen, rates=data.rates, possible=possible
        )

    return judge


def only(name: str) -> RepairCalibration:
    """One feature with a coefficient of 1."""
    coefficients = tuple(float(feature == name) for feature in FEATURES)
    return RepairCalibration(seen=coefficients, unknown=coefficients, window=0)


class Counts:
    """Bases by their three neighbours on either side, in training transcripts; one nucleotide at the ends of
    a window has none, and is judged by frequency."""

    def __init__(self, pools: list[list[str]]) -> None:
        width = 2 * CONTEXT + 1
        self.table = np.zeros(4**width)
        for pool in pools:
            words = kmers_of(pool, width)
            self.table += np.bincount(words.codes[words.valid], minlength=4**width) / words.valid.sum()

    def frequencies(self, data: Observed) -> np.ndarray:
        by_base = self.table.reshape(4**CONTEXT, 4, 4**CONTEXT).sum((0, 2))
        return posterior(np.broadcast_to(by_base, (len(data.seen), 4)), data)

    def seven_mers(self, data: Observed) -> np.ndarray:
        by_context = self.table.reshape(4**CONTEXT, 4, 4**CONTEXT) + 1e-9
        weights = np.broadcast_to(by_context.sum((0, 2)), (len(data.seen), 4)).copy()
        places = np.arange(len(data.seen))
        left, right = np.zeros((2, len(places)), dtype=np.int64)
        complete = np.ones(len(places), dtype=bool)
        for step in range(CONTEXT, 0, -1):
            for side, other in ((left, places - step), (right, places + CONTEXT + 1 - step)):
                inside = (other >= 0) & (other < len(places))
                other = other.clip(0, len(places) - 1)
                complete &= inside & (data.window[other] == data.window) & (data.seen[other] != UNKNOWN)
                side *= 4
                side += np.minimum(data.seen[other], 3)
        weights[complete] = by_context[left[complete], :, right[complete]]
        return posterior(weights, data)


def posterior(weights: np.ndarray, data: Observed) -> np.ndarray:
    """Bayes' rule with P(base) proportional to `weights`."""
    is_seen = np.arange(4) == data.seen[:, None]
    prior = np.where(is_seen, 1 - data.rates[:, None], data.rates[:, None] / 3)
    found = weights * np.where((data.seen == UNKNOWN)[:, None], 1.0, prior)
    return found / found.sum(1, keepdims=True)


# Data


def rgb_rows(data_dir: Path, split: str) -> list[tuple[str, str]]:
    with gzip.open(data_dir / "rgb" / "RNA-SNMD" / f"{split}.jsonl.gz", "rt") as stream:
        rows = [json.loads(line) for line in stream]
    return [(clean_sequence(row["seq"]), clean_sequence(row["mut"])) for row in rows]


def words_of_32(sequences: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Words as numbers, and the sequence of each."""
    halves = kmers_of(sequences, 16)
    codes = (halves.codes[:-16].astype(np.uint64) << np.uint64(32)) | halves.codes[16:]
    valid = halves.valid[:-16] & halves.valid[16:]
    owner = np.searchsorted(halves.starts, np.arange(len(codes)), side="right") - 1
    return codes[valid], owner[valid]


def seen_in_pretraining(originals: list[str], data_dir: Path) -> np.ndarray:
    """Rows that share a 32-mer with the transcripts that `mini` was drawn from."""
    words, owner = words_of_32(originals)
    low_bits = np.uint64(2**24 - 1)
    maybe = np.zeros(2**24, dtype=bool)  # most words are told apart by these bits, without a search
    maybe[words & low_bits] = True
    shared = np.zeros(len(originals), dtype=bool)
    for path in transcript_paths(data_dir):
        pool = transcripts([path], lambda name: HELD_OUT not in name)
        if pool:
            found, _ = words_of_32(pool)
            shared[owner[np.isin(words, found[maybe[found & low_bits]])]] = True
    return shared


class Places(NamedTuple):
    """Windows of the species held out, and what kind of nucleotide each is."""

    pairs: list[tuple[str, str, float]]
    classes: dict[str, np.ndarray]


def held_out_places(data_dir: Path, num_windows: int, length: int) -> Places:
    """`num_windows` at each of `RATES`."""
    rng = np.random.default_rng(1)
    pool = transcripts(transcript_paths(data_dir), lambda name: HELD_OUT in name)
    draws = windows(pool, length, rng)
    pairs, parts = [], []
    for rate in RATES:
        for _ in range(num_windows):
            sequence, start, original = next(draws)
            pairs.append((original, substitute(original, rate, rng, N_SHARE), rate))
            here = slice(start, start + len(original))
            parts.append((codon_positions(sequence)[here], is_paired(original), is_repeated(original)))
    codon, paired, repeated = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Places(
        pairs,
        {
            "codon position 1": codon == 1,
            "codon position 2": codon == 2,
            "codon position 3": codon == 3,
            "outside the reading frame": codon == 0,
            "paired": paired,
            "unpaired": ~paired,
            "repeated in the window": repeated,
            "not repeated": ~repeated,
        },
    )


def codon_positions(sequence: str) -> np.ndarray:
    """1-3 in the longest frame from AUG to a stop of at least `MIN_CODONS`, else 0. *Shape:* (L,)"""
    positions = np.zeros(len(sequence), dtype=np.int64)
    best = (MIN_CODONS - 1, 0)
    for frame in range(3):
        first = None
        for start in range(frame, len(sequence) - 2, 3):
            codon = sequence[start : start + 3]
            if codon == "AUG" and first is None:
                first = start
            elif codon in ("UAA", "UAG", "UGA") and first is not None:
                best = max(best, ((start - first) // 3, first))
                first = None
    num_codons, first = best
    if num_codons >= MIN_CODONS:
        positions[first : first + 3 * num_codons] = np.arange(3 * num_codons) % 3 + 1
    return positions


def is_paired(sequence: str) -> np.ndarray:
    """In ViennaRNA's structure. *Shape:* (L,)"""
    return np.array([symbol != "." for symbol in fold_mfe(sequence)[0]])


def is_repeated(sequence: str) -> np.ndarray:
    """Whether its `FLANK` neighbours on either side stand elsewhere in the sequence too. *Shape:* (L,)"""
    flanks = [
        sequence[max(i - FLANK, 0) : i] + " " + sequence[i + 1 : i + 1 + FLANK] for i in range(len(sequence))
    ]
    counts: dict[str, int] = {}
    for flank in flanks:
        counts[flank] = counts.get(flank, 0) + 1
    return np.array([counts[flank] > 1 for flank in flanks])


# Tables


def detection_row(name: str, data: Observed, probs: np.ndarray) -> str:
    known = data.seen != UNKNOWN
    substitution = 1 - probs[np.arange(len(probs)), np.minimum(data.seen, 3)]
    positive = data.seen != data.original
    scored = data.window[known] if positive[known].any() else data.window[:0]
    found = intervals(weighted_auc(substitution[known], positive[known]), scored)
    error = calibration_error(substitution[known], positive[known])
    share = positive[known].mean() if known.any() else float("nan")
    return f"| {name} | {positive[known].sum()} | {share:.4f} | {' | '.join(found)} | {error:.4f} |"


def repair_row(name: str, data: Observed, probs: np.ndarray, *, unknown: bool = False) -> str:
    chosen = data.seen == UNKNOWN if unknown else (data.seen != UNKNOWN) & (data.seen != data.original)
    guess = np.where(np.arange(4) == data.seen[:, None], 0.0, probs).argmax(1)
    found = intervals(confusion_scores(data.original[chosen], guess[chosen]), data.window[chosen])
    return f"| {name} | {chosen.sum()} | {' | '.join(found)} |"


def tables(data: Observed, judges: dict[str, Judge], title: str, *, unknown: bool = False) -> None:
    print(
        f"\n{title}\n\n"
        "| detection | substitutions | share | ROC-AUC | average precision | calibration error |"
    )
    print("|---|---|---|---|---|---|")
    probs = {name: judge(data) for name, judge in judges.items()}
    for name, found in probs.items():
        print(detection_row(name, data, found), flush=True)
    print("\n| repair | nucleotides | macro-F1 | accuracy |\n|---|---|---|---|")
    for name, found in probs.items():
        print(repair_row(name, data, found), flush=True)
    if unknown:
        print("\n| N filled | nucleotides | macro-F1 | accuracy |\n|---|---|---|---|")
        for name, found in probs.items():
            print(repair_row(name, data, found, unknown=True), flush=True)


def rate_and_class_tables(data: Observed, judge: Judge, classes: dict[str, np.ndarray]) -> None:
    probs = judge(data)
    print("\n| simulated rate | substitutions | share | ROC-AUC | average precision | calibration error |")
    print("|---|---|---|---|---|---|")
    for rate in RATES:
        rows = data.rates == rate
        print(detection_row(f"{100 * rate:g} %", select(data, rows), probs[rows]), flush=True)
    same = judge(data._replace(rates=np.full(len(data.rates), RGB_RATE)))  # one scale for all rates
    print("\n| nucleotides | substitutions | ROC-AUC | repair accuracy |\n|---|---|---|---|")
    for name, chosen in classes.items():
        part, found = select(data, chosen), same[chosen]
        cells = detection_row(name, part, found).split(" | ")
        print(f"{cells[0]} | {cells[1]} | {cells[3]} | {repair_row(name, part, found).split(' | ')[3]}")


# Figure


def reliability(data: Observed, judge: Judge) -> list[tuple[float, float, float, float]]:
    """Predicted and observed share of substitutions with its 95 % interval (Wilson), in 12 bins."""
    known = select(data, data.seen != UNKNOWN)
    probs = 1 - judge(known)[np.arange(len(known.seen)), known.seen]
    points = []
    for predicted, hit in bins(probs, known.seen != known.original, 12):
        n, share, z = len(hit), hit.mean(), 1.96
        centre, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low, high = ((centre + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
        points.append((float(predicted.mean()), float(share), float(low), float(high)))
    return points


def figure(curves: dict[str, list[tuple[float, float, float, float]]]) -> str:
    """Predicted against observed on logarithmic scales, side by side."""
    side, left, top, gap = 260.0, 70.0, 40.0, 90.0
    decades = (-3.5, -0.5)

    def place(value: float) -> float:
        return (
            side
            * (np.log10(np.clip(value, 10 ** decades[0], 10 ** decades[1])) - decades[0])
            / (decades[1] - decades[0])
        )

    width, height = left + len(curves) * (side + gap) - gap + 30, top + side + 60
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="Roboto, Helvetica, Arial" font-size="12">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
    ]
    for number, (title, points) in enumerate(curves.items()):
        x0 = left + number * (side + gap)
        lines += [
            f'<g transform="translate({x0:g} {top:g})" fill="#1f2933">',
            f'<text x="{side / 2:g}" y="-14" text-anchor="middle" font-weight="700">{title}</text>',
            f'<rect width="{side:g}" height="{side:g}" fill="none" stroke="#52606d"/>',
            f'<line y1="{side:g}" x2="{side:g}" stroke="#52606d" stroke-dasharray="4 4"/>',
            f'<text x="{side / 2:g}" y="{side + 40:g}" text-anchor="middle">predicted</text>',
            f'<text transform="translate(-48 {side / 2:g}) rotate(-90)" text-anchor="middle">observed</text>',
        ]
        for tick in (0.001, 0.003, 0.01, 0.03, 0.1):
            lines += [
                f'<text x="{place(tick):.1f}" y="{side + 18:g}" text-anchor="middle">{tick:g}</text>',
                f'<text x="-7" y="{side - place(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>',
            ]
        for predicted, share, low, high in points:
            x, y, y1, y2 = place(predicted), *(side - place(value) for value in (share, low, high))
            lines += [
                f'<line x1="{x:.1f}" y1="{y1:.1f}" x2="{x:.1f}" y2="{y2:.1f}" stroke="#0072b2"/>',
                f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#0072b2"/>',
            ]
        lines.append("</g>")
    return "\n".join([*lines, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--rows", type=int, help="only the first so many of RGB")
    parser.add_argument("--windows", type=int, default=100, help="of Amborella at each of five rates")
    parser.add_argument("--figure", type=Path, metavar="SVG")
    args = parser.parse_args()
    directory = find_model(args.model)
    calibration, engine = load_calibration(directory), load(directory)
    counts = Counts(training_pools(args.data_dir))
    judge = model_judge(calibration)
    judges: dict[str, Judge] = {
        "frequencies": counts.frequencies,
        "7-mers": counts.seven_mers,
        "masked LM alone": model_judge(only("masked_lm")),
        "repair head alone": model_judge(only("repair_head")),
        "mprna repair": judge,
    }

    rows = rgb_rows(args.data_dir, args.split)[: args.rows]
    rgb = observe(((*row, RGB_RATE) for row in rows), engine, calibration.window)
    tables(rgb, judges, f"RGB SNMD and SNMR, {args.split}, {len(rows)} rows")
    shared = seen_in_pretraining([original for original, _ in rows], args.data_dir)
    apart = select(rgb, ~shared[rgb.window])
    tables(apart, {"mprna repair": judge}, f"The {(~shared).sum()} rows without a 32-mer of pretraining")

    places = held_out_places(args.data_dir, args.windows, calibration.window)
    held_out = observe(places.pairs, engine, calibration.window)
    # Windows of different rates are told one rate, or the rate alone would rank them.
    told = held_out._replace(rates=np.full(len(held_out.rates), np.mean(RATES)))
    tables(told, judges, f"{HELD_OUT}, {len(places.pairs)} windows, all rates", unknown=True)
    rate_and_class_tables(held_out, judge, places.classes)
    if args.figure:
        args.figure.write_text(
            figure({"RGB": reliability(rgb, judge), "Amborella": reliability(held_out, judge)})
        )


if __name__ == "__main__":
    main()
