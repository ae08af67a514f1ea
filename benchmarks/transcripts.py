"""Pieces of transcripts, whose structure nobody knows: does a network keep what thermodynamics is sure of?

    python benchmarks/transcripts.py TRANSCRIPTS... [--model pair-fold] [--lengths 200 400] [--num 60]

A network that has learned known structures alone may leave a messenger RNA nearly without pairs. For each
engine: the mean share of nucleotides that are paired, and of the pairs that the ensemble expects how many the
structure keeps: the sum of the ensemble's probabilities over its pairs, by their sum over all pairs. The
ensemble is the prior of the pair networks; "prior alone" is its own structure of maximum expected accuracy,
which is about the most that can be kept. 95 % intervals by 1,000 bootstraps over pieces.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mprna.alphabet import as_rna
from mprna.bench import statistics
from mprna.decoding.nested import decode_nested
from mprna.decoding.settings import PAIR_GAMMA
from mprna.folding.prior import prior_pair_probs
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.predict.fold import fold_records
from mprna.predict.options import FoldOptions
from mprna.rna.structure import pairs_from_dot_bracket

FloatArray = npt.NDArray[np.floating]


def main() -> None:
    args = parse()
    rnas = pieces(args.transcripts, args.num, args.lengths, np.random.default_rng(args.seed))
    ensembles = [prior_pair_probs(rna) for rna in rnas]
    structures = {
        "prior alone": [decode_nested(*pair, gamma=PAIR_GAMMA) for pair in zip(rnas, ensembles, strict=True)]
    }
    for engine in ("vienna", "model", "hybrid"):
        folded = fold_records(
            (Record(name=rna, sequence=rna) for rna in rnas), FoldOptions(engine=engine, model=args.model)
        )
        structures[engine] = [record.dot_bracket or "" for record in folded]
    print(f"| {len(rnas)} pieces | paired | kept of the ensemble's pairs |\n|---|---|---|")
    for name, found in structures.items():
        paired = np.array([1 - structure.count(".") / len(structure) for structure in found])
        print(f"| {name} | {interval(paired)} | {interval(shares_kept(found, ensembles))} |")


def pieces(paths: list[Path], num: int, lengths: tuple[int, int], rng: np.random.Generator) -> list[str]:
    """As many of each file, one of a transcript that has at least twice the greatest length."""
    shortest, longest = lengths
    found = []
    for path in paths:
        texts = [as_rna(record.sequence) for record in read_records(path)]
        texts = [text for text in texts if len(text) >= 2 * longest and set(text) <= set("ACGU")]
        for place in rng.permutation(len(texts))[: -(-num // len(paths))]:
            length = int(rng.integers(shortest, longest + 1))
            start = int(rng.integers(len(texts[place]) - length + 1))
            found.append(texts[place][start : start + length])
    return found[:num]


def shares_kept(structures: list[str], ensembles: list[FloatArray]) -> FloatArray:
    """Of the pairs that each ensemble expects. *Shape:* (N,)"""
    kept = [
        probs[tuple(pairs_from_dot_bracket(structure).T)].sum() / (probs.sum() / 2)
        for structure, probs in zip(structures, ensembles, strict=True)
    ]
    return np.array(kept)


def interval(values: FloatArray) -> str:
    low, high = statistics.interval(statistics.draw_items(len(values)) @ values / len(values))
    return f"{values.mean():.2f} ({low:.2f}-{high:.2f})"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("transcripts", type=Path, nargs="+", metavar="TRANSCRIPTS")
    parser.add_argument("--model", default="pair-fold")
    parser.add_argument("--lengths", type=int, nargs=2, default=(200, 400), metavar=("SHORTEST", "LONGEST"))
    parser.add_argument("--num", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
