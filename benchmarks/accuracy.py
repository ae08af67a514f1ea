"""How well predicted structures agree with known ones, with intervals and a paired test.

    mprna fold ts0.fa --engine vienna -o vienna.jsonl     # any tool and any format that mprna reads
    python benchmarks/accuracy.py TRUTH vienna.jsonl hybrid.jsonl

TRUTH is a file with structures in any format that mprna reads; predictions are matched by order and checked
by sequence. `--without TRAINING` leaves out RNAs whose sequence stands in a training set; `--fasta` writes
the sequences of TRUTH and stops.

Strict pair F1 counts every bracket of the truth; token macro-F1 pools `( ) .` over the whole set and leaves
other brackets out. Intervals are 95 % bootstrap over RNAs; each tool is compared with the first one.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import astuple, dataclass, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.scores import matthews_correlation, pair_scores, token_macro_f1
from mprna.rna.structure import pairs_from_dot_bracket

NUM_RESAMPLES = 1_000
LENGTH_BINS = (0, 80, 120, 200, 400, 100_000)


@dataclass(frozen=True)
class Scores:
    """Of one RNA, 0 to 1."""

    pair_f1: float
    pair_f1_within_1: float
    precision: float
    recall: float
    mcc: float


def read_truth(path: Path) -> list[Record]:
    truth = list(read_records(path))
    if unknown := [record.name for record in truth if record.dot_bracket is None]:
        raise SystemExit(f"{path}: no structure of {', '.join(unknown[:5])}")
    return truth


def read_predictions(path: Path, truth: list[Record]) -> list[str]:
    """Dot-brackets in the order of the truth; a failed record predicts nothing."""
    records = list(read_records(path))
    if len(records) != len(truth):
        raise SystemExit(f"{path}: {len(records)} records, but the truth has {len(truth)}")
    for number, (record, known) in enumerate(zip(records, truth, strict=True), 1):
        if as_rna(record.sequence) != as_rna(known.sequence):
            raise SystemExit(f"{path}: record {number} is of another sequence than the truth's")
    return [record.dot_bracket or "." * len(record.sequence) for record in records]


def as_rna(sequence: str) -> str:
    return sequence.upper().replace("T", "U")


def score(known: str, predicted: str) -> Scores:
    true_pairs, pairs = pairs_from_dot_bracket(known), pairs_from_dot_bracket(predicted)
    strict = pair_scores(true_pairs, pairs)
    within_1 = pair_scores(true_pairs, pairs, tolerance=1)
    mcc = matthews_correlation(true_pairs, pairs, len(predicted))
    return Scores(strict.f1, within_1.f1, strict.precision, strict.recall, mcc)


def interval(values: npt.NDArray[np.float64], rng: np.random.Generator) -> str:
    """Mean x 100 and its 95 % bootstrap interval."""
    low, high = np.percentile(resampled_means(values, rng), [2.5, 97.5])
    return f"{100 * values.mean():.1f} ({100 * low:.1f}-{100 * high:.1f})"


def resampled_means(values: npt.NDArray[np.float64], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    draws = rng.integers(0, len(values), (NUM_RESAMPLES, len(values)))
    means: npt.NDArray[np.float64] = values[draws].mean(axis=1)
    return means


def difference(
    values: npt.NDArray[np.float64], reference: npt.NDArray[np.float64], rng: np.random.Generator
) -> str:
    """Paired difference x 100, and the two-sided bootstrap p-value of no difference."""
    means = resampled_means(values - reference, rng)
    p = min(1.0, 2 * min((means <= 0).mean(), (means >= 0).mean()))
    p_text = f"p = {p:.3f}" if p else f"p < {2 / NUM_RESAMPLES}"
    return f"{100 * (values - reference).mean():+.1f} ({p_text})"


def print_table(truth: list[Record], predictions: dict[str, list[str]]) -> None:
    names = [field.name for field in fields(Scores)]
    print(f"| {len(truth)} RNAs | token macro-F1 | {' | '.join(names)} | pair F1, difference |")
    print("|---" * (len(names) + 3) + "|")
    structures = [known.dot_bracket or "" for known in truth]
    reference: npt.NDArray[np.float64] | None = None
    for name, dot_brackets in predictions.items():
        scores = np.array([astuple(score(k, p)) for k, p in zip(structures, dot_brackets, strict=True)])
        macro_f1 = 100 * token_macro_f1(structures, dot_brackets)
        columns = [interval(column, np.random.default_rng(0)) for column in scores.T]
        f1 = scores[:, 0]
        against = "" if reference is None else difference(f1, reference, np.random.default_rng(0))
        reference = f1 if reference is None else reference
        print(f"| {name} | {macro_f1:.1f} | {' | '.join(columns)} | {against} |")


def print_by_length(truth: list[Record], predictions: dict[str, list[str]]) -> None:
    lengths = np.array([len(known.sequence) for known in truth])
    print(f"\n| nt | RNAs | {' | '.join(f'{name}, pair F1' for name in predictions)} |")
    print("|---" * (len(predictions) + 2) + "|")
    for low, high in pairwise(LENGTH_BINS):
        chosen = np.flatnonzero((lengths > low) & (lengths <= high))
        if len(chosen):
            means = [
                np.mean([score(truth[i].dot_bracket or "", dot_brackets[i]).pair_f1 for i in chosen])
                for dot_brackets in predictions.values()
            ]
            label = f"> {low}" if high == LENGTH_BINS[-1] else f"{low + 1}-{high}"
            print(f"| {label} | {len(chosen)} | {' | '.join(f'{100 * mean:.1f}' for mean in means)} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path, nargs="*")
    parser.add_argument("--without", type=Path, metavar="FILE", help="leave out RNAs that stand in this file")
    parser.add_argument("--fasta", action="store_true", help="write the truth's sequences and stop")
    args = parser.parse_args()
    truth = read_truth(args.truth)
    if args.fasta:
        sys.stdout.writelines(f">{number}\n{known.sequence}\n" for number, known in enumerate(truth, 1))
        return
    predictions = {path.stem: read_predictions(path, truth) for path in args.predictions}
    if args.without:
        seen = {as_rna(record.sequence) for record in read_records(args.without)}
        kept = [number for number, known in enumerate(truth) if as_rna(known.sequence) not in seen]
        truth = [truth[number] for number in kept]
        predictions = {
            name: [structures[number] for number in kept] for name, structures in predictions.items()
        }
    print_table(truth, predictions)
    print_by_length(truth, predictions)


if __name__ == "__main__":
    main()
