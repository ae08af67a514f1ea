"""How well substitutions are found and repaired: RGB's SNMD and SNMR, and a species held out.

    python benchmarks/repair.py --data-dir DATA [--model mini] [--figure calibration.svg]

RGB: the 1,000 rows of the test split (`--split valid` while developing), 200 nt with up to ten
substitutions. Held out: windows of Amborella transcripts with simulated substitutions at 0.1 to 5 %, and
one nucleotide in 50 made N. Detection is judged by ROC-AUC and average precision over all nucleotides;
repair by macro-F1 and accuracy at the substituted ones, and so is the filling of N; calibration by the
expected calibration error (10 bins of equal number). 95 % intervals by 1,000 bootstraps over rows or
windows. Baselines: frequencies of bases, and counts of 7-mers, in the transcripts that calibrations are
fitted on. Rows of RGB that share a 32-mer with the transcripts that `mini` was drawn from are also left
out. With `--relatives` these transcripts are relatives, but for those that share a 32-mer with a row.
Where the signal comes from is told by classes of nucleotides of the held-out species.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from repair import HELD_OUT, UNKNOWN, Observed, observe, select, training_pools
from repair_figure import Point, figure
from repair_scores import bins, calibration_error, confusion_scores, intervals, weighted_auc
from repair_windows import RATES, held_out_places, other_genes, rgb_rows, seen_in_pretraining

from mprna.predict.repair_calibration import RepairCalibration, base_posterior, load_calibration
from mprna.predict.repair_features import FEATURES
from mprna.rna.kmers import kmers_of
from mprna.runtime.load import load
from mprna.runtime.store import find_model

RGB_RATE = 0.018
"""Of the recipe that fits the rows: 0 to 10 draws in 200 nt, of which a quarter changes nothing."""
CONTEXT = 3
"""Neighbours on either side that `Counts` looks at."""

Judge = Callable[[Observed], np.ndarray]
"""Posterior over bases, (N, 4)."""


# Judges


def model_judge(calibration: RepairCalibration, *, with_relatives: bool = False) -> Judge:
    def judge(data: Observed) -> np.ndarray:
        possible = np.ones((len(data.seen), 4), dtype=bool)
        return base_posterior(
            data.features,
            calibration,
            bases=data.seen,
            rates=data.rates,
            possible=possible,
            log_likelihood=data.evidence if with_relatives else 0.0,
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


def reliability(data: Observed, judge: Judge) -> list[Point]:
    """Predicted and observed share of substitutions with its 95 % interval (Wilson), in 12 bins."""
    known = select(data, data.seen != UNKNOWN)
    probs = 1 - judge(known)[np.arange(len(known.seen)), known.seen]
    points = []
    for predicted, hit in bins(probs, known.seen != known.original, 12):
        n, share, z = len(hit), hit.mean(), 1.96
        centre, half = share + z**2 / (2 * n), z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
        low, high = ((centre + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
        points.append(Point(float(predicted.mean()), float(share), float(low), float(high)))
    return points


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--split", choices=("valid", "test"), default="test")
    parser.add_argument("--rows", type=int, help="only the first so many of RGB")
    parser.add_argument("--windows", type=int, default=100, help="of Amborella at each of five rates")
    parser.add_argument(
        "--relatives", action="store_true", help="also judge with the transcripts of other genes as relatives"
    )
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
    relatives = None
    if args.relatives:
        judges["mprna repair --relatives"] = model_judge(calibration, with_relatives=True)
        relatives = other_genes([original for original, _ in rows], args.data_dir)

    rgb = observe(((*row, RGB_RATE) for row in rows), engine, calibration.window, relatives)
    tables(rgb, judges, f"RGB SNMD and SNMR, {args.split}, {len(rows)} rows")
    shared = seen_in_pretraining([original for original, _ in rows], args.data_dir)
    apart = select(rgb, ~shared[rgb.window])
    own = {name: judges[name] for name in judges if name.startswith("mprna")}
    tables(apart, own, f"The {(~shared).sum()} rows without a 32-mer of pretraining")

    places = held_out_places(args.data_dir, args.windows, calibration.window)
    held_out = observe(places.pairs, engine, calibration.window, relatives)
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
