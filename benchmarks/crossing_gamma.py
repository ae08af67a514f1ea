"""How many crossing pairs to believe in: pair F1 by gamma and by what the probabilities of a crossing stem
must sum to, for structures with and without pseudoknots.

    python benchmarks/crossing_gamma.py VALIDATION.jsonl.gz [--max-length 200] [--limit 200] [--model NAME]
        [--against GAMMA STEM]

Of every RNA the network of `mprna fold` is asked once, without and with the prior; then its pairs are
decoded without crossing pairs, and with each gamma and each least sum. A pair crosses if it crosses any
other one of its structure. PPV and sensitivity of crossing pairs count those that are pairs of the other
structure, their F1 those that cross in both; over all RNAs. RNAs with letters that are no nucleotides are
left out. Choose on validation structures that the network has not learned from: what is chosen here are
`settings.PAIR_CROSSING_GAMMA` and `PAIR_CROSSING_HELIX`. Intervals are 95 % bootstrap over RNAs; differences
to the way of `--against` are paired.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.bench.statistics import draw_items, interval
from mprna.decoding.nested import decode_nested
from mprna.decoding.pair_probs import DensePairProbs
from mprna.decoding.pseudoknots import with_crossing_pairs
from mprna.decoding.settings import PAIR_GAMMA
from mprna.errors import SequenceError
from mprna.folding.prior import prior_pair_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import Pairs, pairs_from_dot_bracket
from mprna.runtime.load import load_pair_engine
from mprna.runtime.pair_engine import PairEngine
from mprna.runtime.store import FOLDING_MODEL

GAMMAS = (2.0, 3.0, 5.0, 8.0, 16.0)
STEMS = (0.0, 0.5, 0.75, 1.0)
NESTED = (0.0, 0.0)

Way = tuple[float, float]
"""Gamma, and the least sum of the probabilities of a crossing stem."""


class Score(NamedTuple):
    """One RNA, one way to fold it."""

    f1: float
    has_pseudoknot: bool
    num_known: int
    """Crossing pairs of the known structure."""
    num_found: int
    num_right: int
    """Crossing pairs of the prediction that are pairs of the known structure."""
    num_recovered: int
    """Crossing pairs of the known structure that the prediction has."""
    num_both: int
    """Pairs that cross in both."""


def chosen(path: str, max_length: int, limit: int) -> Iterator[Record]:
    """The first so many without, and with, a pseudoknot; their sequences are clean."""
    counts = [0, 0]
    for record in read_records(path):
        if min(counts) >= limit:
            return
        try:
            record = replace(record, sequence=clean_sequence(record.sequence))
        except SequenceError:
            continue
        known = pairs_from_dot_bracket(record.dot_bracket or "")
        knotted = has_pseudoknot(known)
        if len(known) and len(record.sequence) <= max_length and counts[knotted] < limit:
            counts[knotted] += 1
            yield record


def structures(sequence: str, engine: PairEngine) -> Iterator[tuple[str, Way, str]]:
    """Every way to fold: engine, way, structure."""
    for name, prior in (("model", None), ("hybrid", prior_pair_probs(sequence))):
        probs = engine.predict_pairs(sequence, prior)
        nested = decode_nested(sequence, probs, gamma=PAIR_GAMMA)
        yield name, NESTED, nested
        pair_probs = DensePairProbs(probs)
        for gamma, stem in product(GAMMAS, STEMS):
            found = with_crossing_pairs(sequence, nested, pair_probs, gamma=gamma, min_helix_prob=stem)
            yield name, (gamma, stem), found


def crossing(pairs: Pairs) -> set[tuple[int, int]]:
    """Those that cross another one."""
    i, j = pairs.T
    crosses = (i[:, None] < i) & (i < j[:, None]) & (j[:, None] < j)
    return set(map(tuple, pairs[crosses.any(axis=0) | crosses.any(axis=1)].tolist()))


def score(found: Pairs, known: Pairs) -> Score:
    all_found, all_known = (set(map(tuple, pairs.tolist())) for pairs in (found, known))
    f1 = 2 * len(all_found & all_known) / (len(all_found) + len(all_known))
    known_crossing, found_crossing = crossing(known), crossing(found)
    return Score(
        f1,
        has_pseudoknot(found),
        len(known_crossing),
        len(found_crossing),
        len(found_crossing & all_known),
        len(known_crossing & all_found),
        len(known_crossing & found_crossing),
    )


def estimate(values: np.ndarray, sign: str = "") -> str:
    """Mean in per cent, with its interval. *Shape:* (N,)"""
    low, high = interval(draw_items(len(values)) @ (100 * values) / len(values))
    return f"{100 * values.mean():{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("structures", help="file of known structures")
    parser.add_argument("--max-length", type=int, default=200, metavar="NT")
    parser.add_argument("--limit", type=int, default=200, help="first so many without, and with, pseudoknots")
    parser.add_argument("--model", default=FOLDING_MODEL, help="a pair network [%(default)s]")
    parser.add_argument("--against", type=float, nargs=2, default=(2.0, 0.0), metavar=("GAMMA", "STEM"))
    args = parser.parse_args()
    if tuple(args.against) not in {NESTED, *product(GAMMAS, STEMS)}:
        parser.error(f"--against {args.against}: expected a gamma of {GAMMAS} and a stem of {STEMS}")
    engine = load_pair_engine(args.model)
    scores: dict[tuple[str, Way, bool], list[Score]] = defaultdict(list)
    for record in chosen(args.structures, args.max_length, args.limit):
        known = pairs_from_dot_bracket(record.dot_bracket or "")
        for name, way, structure in structures(record.sequence, engine):
            found = pairs_from_dot_bracket(structure)
            scores[name, way, has_pseudoknot(known)].append(score(found, known))
    print_table(scores, tuple(args.against))


def print_table(scores: dict[tuple[str, Way, bool], list[Score]], against: Way) -> None:
    columns = ("pair F1", "difference", "% with a pseudoknot", "PPV of crossing pairs", "sensitivity", "F1")
    print(f"| engine | known | RNAs | gamma | stem | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 5) + "|")
    for name, way, knotted in sorted(scores, key=lambda key: (key[0], key[2], key[1])):
        rows = scores[name, way, knotted]
        table = np.array(rows, dtype=np.float64)
        before = np.array(scores[name, against, knotted], dtype=np.float64)
        _, num_knotted, num_known, num_found, num_right, num_recovered, num_both = table.sum(axis=0)
        cells = (
            estimate(table[:, 0]),
            estimate(table[:, 0] - before[:, 0], "+"),
            share(num_knotted, len(rows)),
            share(num_right, num_found),
            share(num_recovered, num_known),
            share(2 * num_both, num_found + num_known),
        )
        kind = "pseudoknot" if knotted else "none"
        gamma, stem = ("nested", "") if way == NESTED else (f"{way[0]:g}", f"{way[1]:g}")
        print(f"| {name} | {kind} | {len(rows)} | {gamma} | {stem} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
