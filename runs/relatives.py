"""Fits how far letters of relatives are believed: `TRUST` and `TRANSITIONS` of `homology/bases.py`.

    python runs/relatives.py MODEL --data-dir DATA

Windows of the transcripts that `runs/repair.py` draws from are substituted at rates of 0.1 to 5 %; their
relatives are the other transcripts. For every other window those that share a 31-mer with it, mostly of the
same gene, are left out. Transitions are counted; trust is what makes the bases that stood there most probable
by what `mprna repair` makes of the masked language model and of relatives together. Ten minutes of a core.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from repair import RATES, substitute, training_pools
from scipy.optimize import minimize

from mprna.homology import bases
from mprna.homology.relatives import Relative, Relatives
from mprna.predict.repair_calibration import RepairCalibration, base_posterior, load_calibration
from mprna.predict.repair_features import repair_features
from mprna.rna.bases import base_ids
from mprna.runtime.load import load
from mprna.runtime.store import find_model

SAME_GENE = 31


class Window(NamedTuple):
    """A piece of a transcript before and after, L nucleotides, K features."""

    original: str
    seen: str
    rate: float
    relatives: list[Relative]
    features: np.ndarray
    """*Shape:* (L, 4, K)"""


def is_same_gene(relative: Relative, window: str) -> bool:
    places = relative.alignment
    same = base_ids(window)[places.first] == base_ids(relative.sequence)[places.second]
    runs = np.diff(np.flatnonzero(np.concatenate([[True], ~same, [True]]))) - 1
    return bool(runs.max() >= SAME_GENE)


def windows_with_relatives(args: argparse.Namespace, length: int) -> list[Window]:
    rng, engine = np.random.default_rng(args.seed), load(find_model(args.model))
    pool = [sequence for pool in training_pools(args.data_dir) for sequence in pool]
    library = Relatives([str(number) for number in range(len(pool))], pool)
    ends = np.cumsum([len(sequence) for sequence in pool])
    found = []
    for number in range(args.windows):
        owner = int(ends.searchsorted(rng.integers(ends[-1]), side="right"))
        start = int(rng.integers(max(1, len(pool[owner]) - length + 1)))
        original = pool[owner][start : start + length]
        rate = float(rng.uniform(*RATES))
        seen = substitute(original, rate, rng)
        relatives = [
            relative
            for relative in library.find(seen)
            if relative.name != str(owner) and not (number % 2 and is_same_gene(relative, original))
        ]
        if relatives:
            found.append(Window(original, seen, rate, relatives, repair_features(seen, engine, length)))
    return found


def transitions(found: list[Window]) -> float:
    """Share among the letters in which relatives differ."""
    steps = []
    for window in found:
        for relative in window.relatives:
            letters = base_ids(relative.sequence)[relative.alignment.second]
            step = np.abs(letters - base_ids(window.original)[relative.alignment.first])
            steps.append(step[(letters < 4) & (step > 0)])
    return float((np.concatenate(steps) == 2).mean())


def loss(trust: np.ndarray, found: list[Window], calibration: RepairCalibration) -> float:
    """Nats per nucleotide."""
    bases.TRUST = trust
    losses = []
    for window in found:
        seen, original = base_ids(window.seen), base_ids(window.original)
        probs = base_posterior(
            window.features,
            calibration,
            bases=seen,
            rates=np.full(len(seen), window.rate),
            possible=np.ones((len(seen), 4), dtype=bool),
            log_likelihood=bases.base_evidence(window.seen, window.relatives).log_likelihood,
        )
        losses.append(-np.log(probs[np.arange(len(seen)), original]))
    return float(np.concatenate(losses).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model directory, or installed name")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    calibration = load_calibration(find_model(args.model))
    found = windows_with_relatives(args, calibration.window)
    print(f"{len(found)} of {args.windows} windows have relatives")
    bases.TRANSITIONS = transitions(found)
    print(f"TRANSITIONS {bases.TRANSITIONS:.3f}")
    fit = minimize(loss, bases.TRUST, args=(found, calibration), method="BFGS", options={"gtol": 1e-5})
    alone = [window._replace(relatives=[]) for window in found]
    print("TRUST", np.round(fit.x, 3), f"{fit.fun:.5f} nats per nucleotide")
    print(f"without relatives {loss(fit.x, alone, calibration):.5f}")


if __name__ == "__main__":
    main()
