"""How many crossing pairs to believe in: pair F1 by gamma, for structures with and without pseudoknots.

    python benchmarks/crossing_gamma.py VALIDATION.jsonl.gz --max-length 250 --limit 100

Choose on validation structures only: what is chosen here is `decoders.CROSSING_GAMMA`.
"""

from __future__ import annotations

import argparse
from collections import defaultdict

import numpy as np

from mprna.alphabet import clean_sequence
from mprna.decoding.decoders import HYBRID_WEIGHT, NESTED_GAMMA
from mprna.decoding.hybrid import decode_hybrid
from mprna.decoding.nested import decode_nested
from mprna.io.formats import read_records
from mprna.predict.beliefs import with_crossing_pairs
from mprna.rna.pseudoknots import has_pseudoknot
from mprna.rna.structure import pairs_from_dot_bracket
from mprna.runtime.load import load
from mprna.runtime.store import FOLDING_MODEL

GAMMAS = (1.0, 1.5, 3.0, 8.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("structures", help="file of known structures")
    parser.add_argument("--max-length", type=int, default=250, metavar="NT")
    parser.add_argument("--limit", type=int, default=100, help="first so many without, and with, pseudoknots")
    args = parser.parse_args()
    scores = defaultdict(list)
    counts = [0, 0]
    engine = load(FOLDING_MODEL)
    for record in read_records(args.structures):
        known = pairs_from_dot_bracket(record.dot_bracket or "")
        knotted = has_pseudoknot(known)
        if not len(known) or len(record.sequence) > args.max_length or counts[knotted] == args.limit:
            continue
        counts[knotted] += 1
        for name, structure in structures(clean_sequence(record.sequence), engine):
            found = pairs_from_dot_bracket(structure)
            scores[name, knotted].append((f1(found, known), has_pseudoknot(found)))
    print("engine  gamma  known            number    F1  % with pseudoknot")
    for ((name, gamma), knotted), rows in sorted(scores.items(), key=str):
        mean, share = 100 * np.mean(rows, axis=0)
        kind = "pseudoknot" if knotted else "no pseudoknot"
        print(f"{name:7} {gamma!s:>5}  {kind:14} {len(rows):8} {mean:5.1f} {share:6.1f}")


def structures(sequence, engine):
    """Every way to fold, with its name and gamma."""
    prediction = engine.predict(sequence)
    probs = prediction.base_pair_probs
    nested = {
        "hybrid": decode_hybrid(sequence, probs, weight=HYBRID_WEIGHT),
        "model": decode_nested(sequence, probs, gamma=NESTED_GAMMA),
    }
    for name, structure in nested.items():
        yield (name, "none"), structure
        for gamma in GAMMAS:
            yield (name, gamma), with_crossing_pairs(sequence, structure, prediction, gamma=gamma)


def f1(found, known) -> float:
    common = set(map(tuple, found.tolist())) & set(map(tuple, known.tolist()))
    return 2 * len(common) / (len(found) + len(known))


if __name__ == "__main__":
    main()
