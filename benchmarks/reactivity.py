"""How well the probability of being unpaired follows chemical mapping, by engine.

    python benchmarks/reactivity.py train_2099.jsonl.gz [external.jsonl.gz] [--model pair-fold]

Of the RNAs of OpenVaccine's similarity fold 0, which `runs/hybrid_fold.py` does not learn from: correlation
over all measured nucleotides, reactivities clipped at their 95th percentile, as EternaBench does
(Wayment-Steele et al., Nature Methods 2022). 95 % intervals by 1,000 bootstraps over RNAs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1] / "runs"))
from chemical_mapping import Profile, read_profiles

from mprna.folding.prior import prior_pair_probs
from mprna.io.records import Record
from mprna.predict.folder import Folder
from mprna.predict.options import FoldOptions

FloatArray = npt.NDArray[np.floating]
CLIPPED_AT, NUM_BOOTSTRAPS = 0.95, 1_000


def pair_probs_by(engine: str, model: str) -> Callable[[str], FloatArray]:
    folder = Folder(FoldOptions(engine=engine, model=model, pair_probs=True))

    def probs_of(sequence: str) -> FloatArray:
        probs = folder.fold(Record(name="", sequence=sequence)).base_pair_probs
        assert probs is not None
        return probs

    return probs_of


def correlations(unpaired: list[FloatArray], profiles: list[Profile]) -> list[str]:
    """Pearson and Spearman with intervals."""
    ceiling = np.quantile(np.concatenate([profile.reactivity for profile in profiles]), CLIPPED_AT)
    clipped = [profile.reactivity.clip(None, ceiling) for profile in profiles]
    rows = []
    for values in ((unpaired, clipped), tuple(map(_ranks, (unpaired, clipped)))):
        found = [_pearson(*values, np.arange(len(profiles)))]
        rng = np.random.default_rng(0)
        found += [
            _pearson(*values, rng.integers(len(profiles), size=len(profiles))) for _ in range(NUM_BOOTSTRAPS)
        ]
        low, high = np.quantile(found[1:], (0.025, 0.975))
        rows.append(f"{found[0]:.3f} ({low:.3f}-{high:.3f})")
    return rows


def _ranks(parts: list[FloatArray]) -> list[FloatArray]:
    """Over all RNAs; equal values share their mean rank."""
    _, which, counts = np.unique(np.concatenate(parts), return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    ends = np.cumsum([len(part) for part in parts])[:-1]
    return list(np.split(mean_rank[which], ends))


def _pearson(x: list[FloatArray], y: list[FloatArray], chosen: npt.NDArray[np.int64]) -> float:
    together = (np.concatenate([parts[n] for n in chosen]) for parts in (x, y))
    return float(np.corrcoef(*together)[0, 1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("profiles", type=Path, nargs="+")
    parser.add_argument("--model", default="pair-fold")
    args = parser.parse_args()
    _, profiles = read_profiles(args.profiles)
    tools: dict[str, Callable[[str], FloatArray]] = {
        "ViennaRNA": pair_probs_by("vienna", args.model),
        "prior alone": prior_pair_probs,
        "`model`": pair_probs_by("model", args.model),
        "`hybrid`": pair_probs_by("hybrid", args.model),
    }
    num_measured = sum(len(profile.reactivity) for profile in profiles)
    print(f"{len(profiles)} RNAs, {num_measured} nucleotides\n")
    print("| | Pearson | Spearman |\n|---|---|---|")
    for name, probs_of in tools.items():
        unpaired = [
            1 - probs_of(profile.sequence).sum(axis=1)[: len(profile.reactivity)] for profile in profiles
        ]
        print(f"| {name} | " + " | ".join(correlations(unpaired, profiles)) + " |", flush=True)


if __name__ == "__main__":
    main()
