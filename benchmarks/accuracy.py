"""How well predicted structures agree with known ones, with intervals and a paired test.

    mprna fold ts0.fa --engine vienna -o vienna.jsonl     # any tool and any format that mprna reads
    python benchmarks/accuracy.py TRUTH vienna.jsonl hybrid.jsonl [--family '^[^_]+']

TRUTH is a file with structures in any format that mprna reads; predictions are matched by order and checked
by sequence. `--family PATTERN` finds the family of an RNA in its name: the match, or its first group.
`--without TRAINING` leaves out RNAs whose sequence stands in a training set; `--fasta` writes the sequences
of TRUTH and stops.

Pair scores count every bracket of the truth and are means over RNAs; "within 1" lets one end of a pair slip
by one. Token macro-F1 pools `( ) .` over the whole set and leaves other brackets out. Intervals are 95 %
bootstrap, over whole families where they are known, since RNAs of a family are no independent trials, else
over RNAs; each tool is compared with the first one on the same resamples, also within lengths and families,
where a star means p < 0.05 (not corrected for their number).

Shape letters: N RNAs, F clusters that are drawn together, R resamples, K = 18 numbers of an RNA.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.alphabet import as_rna
from mprna.bench.metrics import structure_item, token_macro_f1
from mprna.bench.statistics import draw_items, interval, paired_p
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.scores import matthews_correlation, pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

LENGTH_BINS = (0, 80, 120, 200, 400, 1_000, 100_000)
PAIR_SCORES = ("pair F1", "within 1", "PPV", "sensitivity", "MCC")

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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


def score(known: str, predicted: str) -> Floats:
    """1, the `PAIR_SCORES`, and the 12 counts of `structure_item`. *Shape:* (K,)"""
    true_pairs, pairs = pairs_from_dot_bracket(known), pairs_from_dot_bracket(predicted)
    strict = pair_scores(true_pairs, pairs)
    within_1 = pair_scores(true_pairs, pairs, tolerance=1)
    mcc = matthews_correlation(true_pairs, pairs, len(predicted))
    scores = [1.0, strict.f1, within_1.f1, strict.precision, strict.recall, mcc]
    return np.concatenate([scores, structure_item(known, predicted)])


def measures(total: Floats) -> Floats:
    """Token macro-F1 and the means of the pair scores, x 100, from summed numbers. *Shape:* (K,) to (6,)"""
    return 100 * np.array([token_macro_f1(total[6:]), *(total[1:6] / total[0])])


def resample(scores: Floats, clusters: Ints) -> Floats:
    """Summed numbers of every resample, in which clusters are drawn with all their RNAs.

    The same for every tool, so that differences are paired.

    *Shape:* (N, K) and (N,) to (R, K)
    """
    num_clusters = int(clusters.max()) + 1
    sums = np.zeros((num_clusters, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return draw_items(num_clusters) @ sums


def estimate(value: float, resampled: Floats) -> str:
    low, high = interval(resampled)
    return f"{value:.1f} ({low:.1f}-{high:.1f})"


def families_of(truth: list[Record], pattern: str) -> list[str]:
    found = [re.search(pattern, record.name) for record in truth]
    if missing := [record.name for record, match in zip(truth, found, strict=True) if match is None]:
        raise SystemExit(f"--family {pattern}: no match in {', '.join(missing[:5])}")
    return [match[1] if match.re.groups else match[0] for match in found if match is not None]


def print_table(tools: dict[str, Floats], clusters: Ints) -> None:
    num_rnas = len(clusters)
    unit = "RNAs" if clusters.max() + 1 == num_rnas else f"RNAs of {clusters.max() + 1} families"
    names = ("token macro-F1", *PAIR_SCORES, "difference of pair F1")
    print(f"| {num_rnas} {unit} | {' | '.join(names)} |")
    print("|---" * (len(names) + 1) + "|")
    reference: Floats | None = None
    for name, scores in tools.items():
        values = measures(scores.sum(axis=0))
        resampled = np.stack([measures(total) for total in resample(scores, clusters)])
        cells = [estimate(value, column) for value, column in zip(values, resampled.T, strict=True)]
        if reference is None:
            reference, first = resampled[:, 1], values[1]
            cells.append("")
        else:
            p = paired_p(resampled[:, 1], reference)
            cells.append(f"{values[1] - first:+.1f} (p = {p:.3f})")
        print(f"| {name} | {' | '.join(cells)} |")


def print_groups(title: str, labels: Sequence[str], order: Sequence[str], tools: dict[str, Floats]) -> None:
    """Mean pair F1 and token macro-F1 of each group of RNAs, with intervals over its RNAs, and the means of
    the groups; a star where pair F1 differs from the first tool's (paired bootstrap, p < 0.05)."""
    columns = [f"{name}, {score}" for score in ("pair F1", "token macro-F1") for name in tools]
    print(f"\n| {title} | RNAs | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 2) + "|")
    places = np.array(labels)
    groups = [(label, np.flatnonzero(places == label)) for label in order if label in labels]
    means = []
    for label, chosen in groups:
        alone = np.arange(len(chosen))
        values = np.stack([measures(scores[chosen].sum(axis=0)) for scores in tools.values()])
        resampled = np.stack(
            [[measures(total) for total in resample(scores[chosen], alone)] for scores in tools.values()]
        )
        cells = [
            estimate(values[tool, score], resampled[tool, :, score])
            + "*" * (score == 1 and tool > 0 and paired_p(resampled[tool, :, 1], resampled[0, :, 1]) < 0.05)
            for score in (1, 0)
            for tool in range(len(tools))
        ]
        means.append(np.concatenate([values[:, 1], values[:, 0]]))
        print(f"| {label} | {len(chosen)} | {' | '.join(cells)} |")
    print(f"| mean | | {' | '.join(f'{mean:.1f}' for mean in np.mean(means, axis=0))} |")


def length_labels(truth: list[Record]) -> tuple[list[str], list[str]]:
    """The bin of every RNA, and all bins in order."""
    bins = [f"> {a}" if b == LENGTH_BINS[-1] else f"{a + 1}-{b}" for a, b in pairwise(LENGTH_BINS)]
    edges = np.array(LENGTH_BINS[1:-1])
    return [bins[np.searchsorted(edges, len(record.sequence))] for record in truth], bins


def named(paths: list[Path]) -> dict[str, Path]:
    """Files by their stems, or by their paths if two have the same stem."""
    stems = {path.stem: path for path in paths}
    return stems if len(stems) == len(paths) else {str(path): path for path in paths}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("truth", type=Path)
    parser.add_argument("predictions", type=Path, nargs="*")
    parser.add_argument("--family", metavar="PATTERN", help="where in a name its family stands")
    parser.add_argument("--without", type=Path, metavar="FILE", help="leave out RNAs that stand in this file")
    parser.add_argument("--fasta", action="store_true", help="write the truth's sequences and stop")
    args = parser.parse_args()
    truth = read_truth(args.truth)
    if args.fasta:
        sys.stdout.writelines(f">{number}\n{known.sequence}\n" for number, known in enumerate(truth, 1))
        return
    predictions = {name: read_predictions(path, truth) for name, path in named(args.predictions).items()}
    kept = range(len(truth))
    if args.without:
        seen = {as_rna(record.sequence) for record in read_records(args.without)}
        kept = [number for number in kept if as_rna(truth[number].sequence) not in seen]
    tools = {
        name: np.stack([score(truth[n].dot_bracket or "", structures[n]) for n in kept])
        for name, structures in predictions.items()
    }
    truth = [truth[number] for number in kept]
    families = families_of(truth, args.family) if args.family else None
    clusters = np.unique(families, return_inverse=True)[1] if families else np.arange(len(truth))
    print_table(tools, clusters)
    if families:
        print_groups("family", families, sorted(set(families)), tools)
    print_groups("nt", *length_labels(truth), tools)


if __name__ == "__main__":
    main()
