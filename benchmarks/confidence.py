"""Whether the confidence of a fold means what it says.

    mprna fold ts0.fa -o hybrid.jsonl
    python benchmarks/confidence.py TRUTH hybrid.jsonl model.jsonl

The confidence of a record is meant to be the share of its nucleotides whose state, a partner or none, is
right. Calibration error: mean difference of the two over ten bins of RNAs of equal number, sorted by
confidence. Spearman: between confidence and pair F1. Intervals are 95 % bootstrap over RNAs.

Shape letters: R RNAs, L nucleotides.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from accuracy import as_rna, read_truth
from scipy.stats import spearmanr

from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

NUM_BINS = 10
NUM_RESAMPLES = 500

Floats = npt.NDArray[np.float64]


def partners(dot_bracket: str) -> npt.NDArray[np.int64]:
    """Position of the partner, -1 where there is none. *Shape:* (L,)"""
    result = np.full(len(dot_bracket), -1)
    for i, j in pairs_from_dot_bracket(dot_bracket):
        result[i], result[j] = j, i
    return result


def measure(known: Record, found: Record) -> tuple[float, float, float]:
    """Confidence, share of right states, pair F1; 0 to 1."""
    if as_rna(known.sequence) != as_rna(found.sequence):
        raise SystemExit(f"{found.name}: another sequence than the truth's")
    if known.dot_bracket is None or found.dot_bracket is None or found.confidence is None:
        raise SystemExit(f"{found.name}: no structure or no confidence")
    right = partners(known.dot_bracket) == partners(found.dot_bracket)
    true_pairs, pairs = (pairs_from_dot_bracket(text) for text in (known.dot_bracket, found.dot_bracket))
    return found.confidence, float(right.mean()), pair_scores(true_pairs, pairs).f1


def calibration_error(values: Floats) -> float:
    """*Shape:* (R, 3) to a number"""
    ordered = values[np.argsort(values[:, 0], kind="stable")]
    bins = np.array_split(ordered[:, :2], NUM_BINS)
    return float(sum(len(part) * abs(np.diff(part.mean(axis=0))[0]) for part in bins) / len(values))


def rank_correlation(values: Floats) -> float:
    return float(spearmanr(values[:, 0], values[:, 2]).statistic)


def with_interval(statistic: Callable[[Floats], float], values: Floats) -> str:
    rng = np.random.default_rng(0)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(NUM_RESAMPLES)]
    low, high = np.percentile(draws, [2.5, 97.5])
    return f"{statistic(values):.3f} ({low:.3f}-{high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path, nargs="+")
    args = parser.parse_args()
    truth = read_truth(args.truth)
    print("| | RNAs | mean confidence | states that are right | calibration error | Spearman with pair F1 |")
    print("|---" * 6 + "|")
    for path in args.predictions:
        found = list(read_records(path))
        values = np.array([measure(*both) for both in zip(truth, found, strict=True)])
        confidence, right = values.mean(axis=0)[:2]
        columns = [with_interval(statistic, values) for statistic in (calibration_error, rank_correlation)]
        print(f"| {path.stem} | {len(values)} | {confidence:.3f} | {right:.3f} | {' | '.join(columns)} |")


if __name__ == "__main__":
    main()
