"""Mean pair F1 of the hybrid by its weight, on files with known structures: how HYBRID_WEIGHT was chosen.

    python benchmarks/hybrid_weight.py VALID... --model MODEL [--every N] [--weights 0.1 0.15 0.2]

Weight 0 is ViennaRNA alone. For validation splits, not for test files.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.decoding.hybrid import decode_hybrid
from mprna.errors import SequenceError
from mprna.io.formats import read_records
from mprna.io.records import Record
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.engine import Engine
from mprna.runtime.load import load

MAX_LENGTH = 420


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="VALID")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use every N-th RNA")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 0.1, 0.15, 0.2])
    parser.add_argument("--model", required=True, help="one that knows ( ) . tokens, such as mini")
    args = parser.parse_args()
    engine = load(args.model)
    print(f"| file | RNAs | {' | '.join(map(str, args.weights))} |")
    print("|---" * (len(args.weights) + 2) + "|")
    for path in args.files:
        f1 = [
            scores
            for record in list(read_records(path))[:: args.every]
            if (scores := score(record, args.weights, engine))
        ]
        means = 100 * np.mean(f1, axis=0)
        print(f"| {path.parent.name}/{path.name} | {len(f1)} | {' | '.join(f'{m:.1f}' for m in means)} |")


def score(record: Record, weights: list[float], engine: Engine) -> list[float]:
    """Pair F1 of one RNA by weight; nothing for an RNA that is too long or has other letters."""
    try:
        sequence = clean_sequence(record.sequence)
    except SequenceError:
        return []
    if len(sequence) > MAX_LENGTH or record.dot_bracket is None:
        return []
    true_pairs = pairs_from_dot_bracket(record.dot_bracket)
    probs = engine.predict(sequence).base_pair_probs
    structures = [decode_hybrid(sequence, probs, weight=weight) for weight in weights]
    return [pair_scores(true_pairs, pairs_from_dot_bracket(s)).f1 for s in structures]


if __name__ == "__main__":
    main()
