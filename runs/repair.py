"""Fits the repair calibration of a model and writes it beside the weights; a few minutes on one core.

    python runs/repair.py MODEL_DIR --data-dir DATA

DATA holds `transcripts/`, with the FASTA files of `runs/mini.sh`, and, where there is one, `snm_source/`:
Arabidopsis transcripts that share no 31-mer with RGB's SNMD rows. Amborella is left out, for
`benchmarks/repair.py` tests on it. Windows of transcripts are substituted at rates of 0.1 to 5 %, which the
fit is told, so that the coefficients do not depend on them; one nucleotide in 50 becomes N, for the
coefficients of unknown bases. Prints the loss, and what it is without each feature.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mprna.alphabet import NUCLEOTIDES, clean_sequence
from mprna.homology.relatives import Relatives
from mprna.io.fasta import read_fasta
from mprna.predict.relatives import evidence_of
from mprna.predict.repair_calibration import RepairCalibration, save_calibration
from mprna.predict.repair_features import FEATURES, repair_features
from mprna.rna.bases import base_ids
from mprna.runtime.engine import Engine
from mprna.runtime.load import load
from mprna.runtime.store import find_model, write_manifest

PREFIXES = [
    *["angiosperms353", "prelnc.ath", "prelnc.osa", "prelnc.zma", "rnaplonc", "crema.ath", "crbhits", "wgd"],
    *["ksrates", "codan", "mirbase", "rrna.rfam", "onekp", "trna", "transdecoder.spombe", "cubar"],
]
HELD_OUT = "Amborella_trichopoda"
MIN_LENGTH = 50
RATES = (0.001, 0.05)
N_SHARE = 0.02
RIDGE = 1e-4
UNKNOWN_FEATURES = ("masked_lm",)
UNKNOWN = len(NUCLEOTIDES)


class Observed(NamedTuple):
    """Nucleotides of corrupted windows. N nucleotides, K features."""

    features: np.ndarray
    """*Shape:* (N, 4, K)"""
    seen: np.ndarray
    """0-3, 4 for N. *Shape:* (N,)"""
    original: np.ndarray
    """*Shape:* (N,)"""
    rates: np.ndarray
    """*Shape:* (N,)"""
    window: np.ndarray
    """Which window each is of. *Shape:* (N,)"""
    evidence: np.ndarray
    """Log-likelihood of each base by relatives; 0 without any. *Shape:* (N, 4)"""


def transcripts(paths: Iterable[Path], keep: Callable[[str], bool]) -> list[str]:
    """Clean sequences of the records whose header is to be kept, without N."""
    records = (record for path in paths for record in read_fasta(str(path)) if keep(record.name))
    found = (clean_sequence(record.sequence) for record in records if len(record.sequence) >= MIN_LENGTH)
    return [sequence for sequence in found if "N" not in sequence]


def windows(sequences: list[str], length: int, rng: np.random.Generator) -> Iterator[tuple[str, int, str]]:
    """Random windows without end: the sequence, the start and the window; long sequences come more often.

    Sequences that are shorter come whole.
    """
    sizes = np.array([len(sequence) for sequence in sequences])
    ends = sizes.cumsum()
    while True:
        sequence = sequences[int(ends.searchsorted(rng.integers(ends[-1]), side="right"))]
        start = int(rng.integers(max(len(sequence) - length, 0) + 1))
        yield sequence, start, sequence[start : start + length]


def substitute(sequence: str, rate: float, rng: np.random.Generator, n_share: float = 0.0) -> str:
    """Each base, with probability `rate`, another one of the three; then N with probability `n_share`."""
    bases = base_ids(sequence)
    hit = rng.random(len(bases)) < rate
    bases[hit] = (bases[hit] + rng.integers(1, UNKNOWN, hit.sum())) % UNKNOWN
    bases[rng.random(len(bases)) < n_share] = UNKNOWN
    return "".join((NUCLEOTIDES + "N")[base] for base in bases)


def observe(
    pairs: Iterable[tuple[str, str, float]], engine: Engine, window: int, relatives: Relatives | None = None
) -> Observed:
    """Features of corrupted sequences.

    Args:
        pairs: original, corrupted, rate of substitution.
        relatives: for `Observed.evidence`.
    """
    parts, started = [], time.monotonic()
    for number, (original, corrupted, rate) in enumerate(pairs):
        features = repair_features(corrupted, engine, window)
        of_each = np.full(len(original), rate), np.full(len(original), number)
        evidence = np.zeros((len(original), UNKNOWN))
        if relatives is not None:
            evidence = evidence_of(corrupted, relatives).log_likelihood
        parts.append(Observed(features, base_ids(corrupted), base_ids(original), *of_each, evidence))
        if number % 50 == 49:
            print(f"\r{number + 1} windows, {time.monotonic() - started:.0f} s", end="", file=sys.stderr)
    print(file=sys.stderr)
    return Observed(*(np.concatenate(field) for field in zip(*parts, strict=True)))


def log_prior(data: Observed) -> np.ndarray:
    """*Shape:* (N, 4)"""
    is_seen = np.arange(UNKNOWN) == data.seen[:, None]
    prior = np.where(is_seen, 1 - data.rates[:, None], data.rates[:, None] / 3)
    return np.log(np.where((data.seen == UNKNOWN)[:, None], 0.25, prior))


def fit(data: Observed, names: Iterable[str]) -> tuple[dict[str, float], float]:
    """Coefficients by Newton's method, and the loss in nats per nucleotide."""
    names = tuple(names)
    columns = data.features[:, :, [FEATURES.index(name) for name in names]]
    offset, rows = log_prior(data), np.arange(len(data.original))
    weights = np.zeros(len(names))
    for _ in range(50):
        score = offset + columns @ weights
        score -= score.max(1, keepdims=True)
        probs = np.exp(score) / np.exp(score).sum(1, keepdims=True)
        expected = np.einsum("nb,nbk->nk", probs, columns)
        centred = columns - expected[:, None]
        gradient = (columns[rows, data.original] - expected).mean(0) - RIDGE * weights
        curvature = np.einsum("nb,nbk,nbm->km", probs, centred, centred) / len(rows)
        step = np.linalg.solve(curvature + RIDGE * np.eye(len(names)), gradient)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    else:
        raise RuntimeError("no fit after 50 steps")
    loss = float(-np.log(probs[rows, data.original]).mean())
    return dict(zip(names, weights.tolist(), strict=True)), loss


def select(data: Observed, rows: np.ndarray) -> Observed:
    return Observed(*(field[rows] for field in data))


def report(data: Observed, names: tuple[str, ...], title: str) -> dict[str, float]:
    """Fit, and print coefficients with the loss without each feature."""
    weights, loss = fit(data, names)
    rows = np.arange(len(data.original))
    print(f"{title}: {len(data.original)} nucleotides, {loss:.5f} nats")
    for name in names:
        rest = [other for other in names if other != name]
        without = fit(data, rest)[1] if rest else float(-log_prior(data)[rows, data.original].mean())
        print(f"  {name:12} {weights[name]:+.4f}   without it {without - loss:+.6f} nats")
    return weights


def transcript_paths(data_dir: Path) -> list[Path]:
    """The files that `mini` was pretrained on."""
    folder = data_dir / "transcripts"
    return [path for prefix in PREFIXES for path in sorted(folder.glob(f"{prefix}*.fa.gz"))]


def training_pools(data_dir: Path) -> list[list[str]]:
    """Transcripts without the species held out; Arabidopsis without RGB's rows, where it is there."""
    pools = [transcripts(transcript_paths(data_dir), lambda name: HELD_OUT not in name)]
    arabidopsis = sorted((data_dir / "snm_source").glob("*.fa.gz"))
    return pools + ([transcripts(arabidopsis, lambda name: True)] if arabidopsis else [])


def training_pairs(
    data_dir: Path, num_windows: int, length: int, seed: int
) -> Iterator[tuple[str, str, float]]:
    rng = np.random.default_rng(seed)
    draws = [windows(pool, length, rng) for pool in training_pools(data_dir)]
    for number in range(num_windows):
        _, _, original = next(draws[number % len(draws)])
        rate = float(rng.uniform(*RATES))
        yield original, substitute(original, rate, rng, N_SHARE), rate


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", help="model directory, or installed name; receives repair.json")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=1_000)
    parser.add_argument("--window", type=int, default=256, help="nucleotides that the model reads at once")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    directory = find_model(args.model)
    pairs = training_pairs(args.data_dir, args.windows, args.window, args.seed)
    data = observe(pairs, load(directory), args.window)
    seen = report(select(data, data.seen != UNKNOWN), FEATURES, "seen")
    unknown = report(select(data, data.seen == UNKNOWN), UNKNOWN_FEATURES, "unknown")
    calibration = RepairCalibration(
        seen=tuple(round(seen[name], 4) for name in FEATURES),
        unknown=tuple(round(unknown.get(name, 0.0), 4) for name in FEATURES),
        window=args.window,
        fitted_on=f"{args.windows} windows of transcripts, seed {args.seed}; runs/repair.py",
    )
    save_calibration(calibration, directory)
    write_manifest(directory)


if __name__ == "__main__":
    main()
