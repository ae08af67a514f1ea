"""Which two parameter sets make the best prior: ensembles half way between them, scored without a network.

    python benchmarks/priors.py KNOWN... [--reactivity train_2099.jsonl.gz]

KNOWN are files of known structures that nothing was learned from, such as WORK/test.jsonl of `families.py`
and RGB's validation file of bpRNA. For every pair of sets: mean strict pair F1 x 100 of the nested structure
at gamma 1.5 with a 95 % bootstrap interval over RNAs, and, with --reactivity, the correlation that
`reactivity.py` gives.
"""

from __future__ import annotations

import argparse
import sys
from itertools import combinations
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from chemical_mapping import Profile, read_profiles
from reactivity import correlations

from mprna.alphabet import clean_sequence
from mprna.bench.statistics import draw_items, interval
from mprna.decoding.nested import decode_nested
from mprna.folding.vienna import CONTRAFOLD, PARAMETER_SETS, pair_probs
from mprna.io.formats import read_records
from mprna.rna.scores import pair_scores
from mprna.rna.structure import pairs_from_dot_bracket

GAMMA = 1.5
Sets = tuple[str, str]


def read_known(path: Path, max_length: int, step: int) -> list[tuple[str, str]]:
    """Sequences and structures of every `step`-th RNA that is not too long."""
    records = [r for r in read_records(path) if r.dot_bracket and len(r.sequence) <= max_length]
    return [(clean_sequence(r.sequence), r.dot_bracket or "") for r in records[::step]]


def mean_f1(known: list[tuple[str, str]], sets: Sets) -> str:
    """With its interval."""
    f1 = np.array(
        [
            pair_scores(
                pairs_from_dot_bracket(structure),
                pairs_from_dot_bracket(
                    decode_nested(sequence, pair_probs(sequence, parameters=sets), gamma=GAMMA)
                ),
            ).f1
            for sequence, structure in known
        ]
    )
    low, high = interval(draw_items(len(f1)) @ f1 / len(f1))
    return f"{100 * f1.mean():.1f} ({100 * low:.1f}-{100 * high:.1f})"


def pearson(profiles: list[Profile], sets: Sets) -> str:
    unpaired = [
        1 - pair_probs(p.sequence, parameters=sets).sum(axis=1)[: len(p.reactivity)] for p in profiles
    ]
    return correlations(unpaired, profiles)[0]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("known", type=Path, nargs="+", metavar="KNOWN")
    parser.add_argument("--reactivity", type=Path, nargs="*", default=[], metavar="FILE")
    parser.add_argument("--max-length", type=int, default=400, metavar="NT")
    parser.add_argument("--step", type=int, default=1, metavar="N", help="take every N-th RNA")
    args = parser.parse_args()
    known = {path: read_known(path, args.max_length, args.step) for path in args.known}
    _, profiles = read_profiles(args.reactivity)
    titles = [f"{path.parent.name}/{path.name} ({len(rnas)})" for path, rnas in known.items()]
    titles += [f"reactivity ({len(profiles)})"] * bool(profiles)
    print(f"| sets | {' | '.join(titles)} |\n|---|{'---|' * len(titles)}")
    for sets in combinations([*PARAMETER_SETS, CONTRAFOLD], 2):
        cells = [mean_f1(rnas, sets) for rnas in known.values()]
        cells += [pearson(profiles, sets)] if profiles else []
        print(f"| {' + '.join(sets)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
